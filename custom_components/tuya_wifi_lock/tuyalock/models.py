"""The frozen values that every part of this package shares. Times are Unix seconds."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
import html
import re
from typing import Annotated, Any, ClassVar, TypeIs, override
import unicodedata

PLAUSIBLE = 1_577_836_800.0
"""Unix seconds, the year 2020: a clock that shows less is not set yet."""
LATE_AFTER = 60.0
"""Seconds after which a record is no news."""


def is_set(now: float) -> bool:
    """Return if a clock that shows a Unix time is set; many computers begin in 1970."""
    return now >= PLAUSIBLE


type Value = bool | int | str
"""A DP value as it travels in JSON; raw DPs are Base64."""

MAX_NAME = 64
"""Characters of a name; the app allows fewer."""

_JOINERS = {"\u200c", "\u200d"}
"""They do not show, and belong to words of some languages and to emoji."""

_QUOTES = set("\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb")

PLAIN_WORD = re.compile("[a-z_]{1,32}")
"""A text that is no key and no code."""

DEVICE_ID = "[0-9A-Za-z]{6,32}"
"""The id of a device."""
PRODUCT_ID = "[0-9A-Za-z_]{1,32}"

OUR_MEMBER = 200
"""The member id under which we open; the cloud gives its members 1 to 100."""


@dataclass(frozen=True, slots=True)
class Between:
    """A number between two others, or one of them."""

    least: float
    most: float

    def allows(self, value: Any) -> bool:
        """Return if a number is between them."""
        return bool(self.least <= value <= self.most)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several values."""

    values: Collection[Any]

    def allows(self, value: Any) -> bool:
        """Return if a value is one of them."""
        return value in self.values


@dataclass(frozen=True, slots=True)
class Matching:
    """A text that matches a pattern as a whole."""

    pattern: str

    def allows(self, value: Any) -> bool:
        """Return if a text matches."""
        return re.fullmatch(self.pattern, value) is not None


type Number = Annotated[int, Between(0, 0xFFFF)]
"""The number that a lock has given a key; it counts them in two bytes."""


def is_device_id(value: Any) -> TypeIs[str]:
    """Return if a value can be the id of a device."""
    return isinstance(value, str) and re.fullmatch(DEVICE_ID, value) is not None


def is_product_id(value: Any) -> TypeIs[str]:
    """Return if a value can be the id of a product."""
    return isinstance(value, str) and re.fullmatch(PRODUCT_ID, value) is not None


def safe_name(name: str) -> str:
    """Return a name as it can be shown: on one line, of what can be seen, and not too long."""
    # What is cut off is not looked at, however long it is.
    seen = "".join(_seen(char) for char in name[: 16 * MAX_NAME])
    return " ".join(seen.split())[:MAX_NAME].strip()


def _seen(char: str) -> str:
    """Return a character, or a space in place of one that cannot be seen, as a line break."""
    return " " if unicodedata.category(char)[0] in "CZ" and char not in _JOINERS else char


def clean_secret(text: str, length: int = 16) -> str:
    """Return a local key, or another secret, as it was before it came out of a web page.

    Of one that has its length, nothing is taken away. What gives none stays as it is.
    """
    typed = seen = visible(text)
    while len(seen) != length:
        if len(seen) > length and {seen[0], seen[-1]} <= _QUOTES:
            seen = seen[1:-1].strip()
        elif (unescaped := html.unescape(seen)) != seen:
            seen = unescaped
        else:
            return typed
    return seen


def visible(text: str) -> str:
    """Return a text without the spaces around it, and without what cannot be seen in it."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf").strip()


class Source(StrEnum):
    """Who reports."""

    LAN = "lan"
    """The lock itself, over the local network."""
    CLOUD = "cloud"
    """The records in Tuya's cloud, through the owner's cloud project."""
    ACCOUNT = "account"
    """What the lock reports to the owner's Tuya account, at once."""


@dataclass(frozen=True, slots=True)
class Item:
    """One DP value of a report."""

    dp: int | str
    """The DP id, or the DP code where a source knows only that."""
    value: Any
    time: float | None = None
    """When it was by the lock's own clock, where it says so."""

    @override
    def __str__(self) -> str:
        """Return it for the debug log: the value only if it cannot be a key or a code."""
        value, time = self.value, f" at {self.time:.0f}" if self.time else ""
        is_word = isinstance(value, str) and PLAIN_WORD.fullmatch(value)
        if is_word or isinstance(value, (bool, int)):
            return f"{self.dp}={value!r}{time}"
        size = len(value) if isinstance(value, (str, list, dict)) else ""
        return f"{self.dp}={type(value).__name__}({size}){time}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a source says, as it says it; nothing has been decided about it."""

    source: Source
    received: float
    items: tuple[Item, ...]
    is_answer: bool = False
    """It answers a query, so it may say nothing new."""
    is_fresh: bool = True
    """Its source has shown that it speaks now, and is no recording that is played back."""
    is_doubtful: bool = False
    """Its values are as old as a clock says that may be wrong: they can be of now."""

    @property
    def time(self) -> float:
        """Return when it was by the lock's own clock, or 0."""
        return max((one.time or 0.0 for one in self.items), default=0.0)

    @override
    def __str__(self) -> str:
        """Return it for the debug log, without what can be a key or a code."""
        values = ", ".join(map(str, self.items))
        return f"{'an answer' if self.is_answer else 'a report'}: {values or 'nothing'}"


class Kind(StrEnum):
    """Kinds of records."""

    UNLOCK = "unlock"
    ALARM = "alarm"
    DOORBELL = "doorbell"
    DURESS = "duress"


@dataclass(frozen=True, slots=True)
class Unlock:
    """Somebody opened the lock: how, and the number that the lock gave that key."""

    kind: ClassVar[Kind] = Kind.UNLOCK
    method: str
    number: Number | None = None
    code_name: str | None = None
    """The DP code of a method that is not known."""

    @property
    def by_us(self) -> bool:
        """Return if it was our own remote unlock."""
        return self.method == "remote" and self.number is None

    @override
    def __str__(self) -> str:
        """Return it for the debug log."""
        return " ".join(
            str(one) for one in (self.method, self.number, self.code_name) if one is not None
        )


@dataclass(frozen=True, slots=True)
class Alarm:
    """The lock raised an alarm."""

    kind: ClassVar[Kind] = Kind.ALARM
    type: str

    @override
    def __str__(self) -> str:
        """Return it for the debug log."""
        return f"alarm {self.type}"


@dataclass(frozen=True, slots=True)
class Doorbell:
    """Somebody rang."""

    kind: ClassVar[Kind] = Kind.DOORBELL


@dataclass(frozen=True, slots=True)
class Duress:
    """Somebody opened the lock under duress."""

    kind: ClassVar[Kind] = Kind.DURESS
    unlock: Unlock | None = field(default=None, compare=False)
    """What was opened so, where the source names it."""


type RecordId = Annotated[int, Between(1, 10**8)]
"""Records are counted from 1."""

type Event = Unlock | Alarm | Doorbell | Duress
"""What happened at the door, apart from when."""


class Age(StrEnum):
    """How old a record was when it arrived."""

    LIVE = "live"
    LATE = "late"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class When:
    """When something happened, as far as known."""

    received: float
    claimed: float | None = None
    """By the lock's own clock, right or wrong: it distinguishes one record from another."""
    time: float | None = None
    """The lock's own time, if it is believed."""

    @property
    def happened(self) -> float:
        """Return when it happened: without a time that is believed, when it was received."""
        return self.received if self.time is None else self.time


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something that happened at the door, as the journal keeps it."""

    id: RecordId
    event: Event
    when: When
    source: Source
    age: Age | None
    """None until it can be decided."""
    delivered: bool = False
    confirmed: bool = False
    """Another source has reported it as well, one of the two without a time."""
    unlock_id: int | None = None
    """Of duress: the id of the unlock record that it is about, where that is known."""

    @override
    def __str__(self) -> str:
        """Return it for the debug log."""
        claimed = "" if self.when.claimed is None else f", by the lock at {self.when.claimed:.0f}"
        age = (
            ""
            if self.age is None
            else f", {'unknown age' if self.age is Age.UNKNOWN else self.age}"
        )
        return f"{self.id} {self.event} from {self.source}{age}{claimed}"

    @property
    def kind(self) -> Kind:
        """Return what kind of record it is."""
        return self.event.kind

    @property
    def unlock(self) -> Unlock:
        """Return how it was opened; only a record of an unlock says so."""
        assert isinstance(self.event, Unlock)
        return self.event

    @property
    def happened(self) -> float:
        """Return when it happened, as far as known."""
        at = self.when
        return at.received if at.time is None else at.time

    @property
    def known_time(self) -> float | None:
        """Return when it happened.

        None if the lock had saved it up without its time, or our own clock was not set.
        """
        if self.when.time is None and self.age is Age.UNKNOWN:
            return None
        happened = self.happened
        return happened if is_set(happened) else None

    @property
    def clock_wrong(self) -> bool:
        """Return if the lock's own time was not believed as it is: its clock is wrong."""
        at = self.when
        return at.claimed is not None and at.time != at.claimed and is_set(at.received)


class PasswordPhase(StrEnum):
    """How far a temporary password has come on its way into the lock, and out of it."""

    WAITING = "waiting"
    """Not in the lock yet, or not in its present form."""
    ACTIVE = "active"
    DELETING = "deleting"
    """Still in the lock until it wakes."""
    DELETED = "deleted"
    FAILED = "failed"
    """The lock has not taken the last request; with a number, an earlier form is in the lock."""
    UNKNOWN = "unknown"


CODE_LENGTH = Between(4, 10)
"""Digits of a code of any lock."""
type CodeLength = Annotated[int, CODE_LENGTH]
"""Digits of the codes of a lock; most Wi-Fi locks want 7, Bluetooth and Zigbee locks 6."""


type Weekday = Annotated[int, Between(0, 6)]
"""A day of the week: 0 is Monday."""
type Minute = Annotated[int, Between(0, 1439)]
"""A minute of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """On which days of the week, and between which minutes of the day, a code opens."""

    days: frozenset[Weekday]
    start: Minute
    end: Minute
    time_zone: str = ""
    """The name of the time zone of these times: Europe/Berlin; empty is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRequest:
    """A temporary password as somebody wants it; times in whole Unix seconds."""

    name: str
    code: str = field(repr=False)
    start: int
    end: int
    once: bool
    weekly: Weekly | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryPassword:
    """A temporary password as it is known, without its digits."""

    id: str
    """Tuya's serial: which password."""
    edit: int = 1
    """The server's serial: which edit of it."""
    number: Number | None = None
    """The lock's own number, 900 and its slot, once the lock has it."""
    name: str
    start: int
    end: int
    once: bool
    weekly: Weekly | None = None
    """It opens only then; None: always, from its start until its end."""
    phase: PasswordPhase
    gone: float | None = None
    """When it was found to have left the lock."""
    first_use: RecordId | None = None
    """The record of the first unlock with it."""

    def counts(self, now: float) -> bool:
        """Return if it takes one of the lock's places at a Unix time, as Tuya counts."""
        if self.gone is not None:
            return False
        return self.phase is PasswordPhase.DELETING or self.end > now

    def status(self, now: float) -> str:
        """Return its phase, or `early` if the lock has it and it does not open yet, or `ended`."""
        if self.end <= now and self.phase not in {PasswordPhase.DELETING, PasswordPhase.FAILED}:
            return "ended"
        early = self.phase is PasswordPhase.ACTIVE and self.start > now
        return "early" if early else self.phase.value

    def names(self, at: float) -> bool:
        """Return if an unlock at a Unix time can be its own."""
        return self.start <= at <= self.end and (self.gone is None or at <= self.gone)


class UnlockWith(StrEnum):
    """How a remote unlock is done."""

    OWN_KEY = "own_key"
    """We register a key of our own, which may replace the one that Tuya's app uses."""
    REQUEST_ONLY = "request_only"
    """We only answer requests at the door."""
    CLOUD = "cloud"
    """Tuya's cloud opens, as it does for the app, whose key stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the owner decided. Times are seconds."""

    unlock_with: UnlockWith = UnlockWith.OWN_KEY
    relocks_itself: bool = False
    relock_delay: float = 5.0
    unlock_wait: float = 30.0
