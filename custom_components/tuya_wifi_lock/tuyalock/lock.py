"""The lock: what is known of it, what it reports, and what can be asked of it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
import logging
from typing import TYPE_CHECKING, Any

from .access.health import Health
from .access.keys import KeyReply, KeyStatus
from .access.passwords import TemporaryPasswords
from .access.remote_unlock import RemoteUnlock
from .access.transports import AccountTransport, Reported, Transports, Waiters, change_setting
from .clock import Clock, Timer
from .exceptions import ConnectionLost, LockError, Reason, UnlockRefused, Unreachable
from .lan.address import Address
from .lan.connection import QueryNotUnderstood, Rejected
from .lan.discovery import Announcement
from .lan.protocol import VERSIONS
from .lan.session import Accepted, Closed, LanSession, Missed, Opened, SessionEvent
from .models import (
    Age,
    Duress,
    Item,
    Kind,
    Record,
    Report,
    Settings,
    Source,
    TemporaryPassword,
    Unlock,
    Value,
    is_set,
)
from .products.catalogue import REQUEST, SET_KEY, USE_KEY, Dp, Family
from .products.decoder import Observation, events
from .products.heard import HeardDp, QueryAnswer
from .products.product import Product
from .records.ageing import Pace
from .records.journal import Journal
from .records.keeper import Claims, RecordKeeper
from .records.meaning import meanings
from .records.state import (
    STALE_AFTER,
    Bolt,
    Dated,
    LockState,
    bolt,
    current,
    forget_ahead,
    heard,
    moved,
    opened,
    reduce,
    reduce_record,
    set_right,
    state_at,
)
from .storage import Reader, dump

if TYPE_CHECKING:
    from .cloud.client import CloudClient

_LOGGER = logging.getLogger(__name__)

CLOCK_STEP = 1.0
"""Seconds by which our own clock is set at least; smaller corrections happen all the time."""
LOOK_AT_CLOCK = 10.0
"""Seconds between two looks if our own clock is set by now."""

_KEYS = {SET_KEY, USE_KEY}
"""DP codes in which a lock answers what was done with a remote key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What can be seen of a lock at one moment."""

    state: LockState
    family: Family | None
    kind_unclear: bool
    """It has reported what nobody could read, and its kind is not proven."""
    bolt: Bolt
    last_unlock: Record | None
    """The unlock that happened last, also if it is still pending."""
    awake: bool
    available: bool
    """It is there for us, awake or not."""
    stays: bool
    """It stays on the network, so it is missed when it is not there."""
    unlocking: bool
    unlock_waits_until: float | None
    """Until when an unlock waits for somebody at the door, in Unix seconds; None: none does."""
    problem: LockError | None
    key_refused: bool
    missing: bool
    """It stays on the network, and cannot be reached."""
    changeable: Mapping[str, Dp]
    """Settings that can be changed by the product's own model, by DP code."""
    kinds: frozenset[Kind]
    """The kinds of records that there are."""
    passwords: tuple[TemporaryPassword, ...]
    """The temporary passwords that are known, the oldest first."""

    @property
    def requested(self) -> bool:
        """Return if somebody requests the remote unlock at the door."""
        return self.state.request_until is not None


@dataclass(frozen=True, slots=True)
class Update:
    """What the lock's subscriber gets: how the lock is now, and the records that are new."""

    state: Snapshot
    records: tuple[Record, ...] = ()


class TuyaLock:
    """One lock. Every report comes in through `receive`, everything new goes out as an Update."""

    def __init__(
        self,
        address: Address,
        settings: Settings,
        clock: Clock,
        stored: Any = None,
        cloud: CloudClient | None = None,
        *,
        reader: Reader | None = None,
        on_update: Callable[[Update], None] = lambda update: None,
        since: float = 0.0,
    ) -> None:
        """Prepare a lock with what `as_dict` returned before.

        The reader counts what of that cannot be read, and is left out. What other sources report of
        the time before the Unix time `since` is kept, and no news.
        """
        reader = reader or Reader()
        stored = reader.parts("lock", stored)
        self.cloud = cloud
        self.health = Health.from_dict(stored.get("health"), reader)
        self.product = Product(stored.get("product"), reader)
        self.journal = Journal.from_dict(stored.get("journal", {}), reader)
        self._settings, self._clock = settings, clock
        self._on_update = on_update
        self._state = set_right(LockState.from_dict(stored.get("state", {}), reader), None)
        self._now, self._monotonic = clock.time(), clock.monotonic()
        """The time of what is done now, by our own clock and by one that nobody sets."""
        self._clock_offset = self._now - self._monotonic
        """What our own clock shows is so much more than the monotonic time."""
        self._clock_set = is_set(self._now)
        self._since = since
        pace: Pace = reader.read("pace", Pace, stored.get("pace", {}), Pace())
        self._keeper = RecordKeeper(address.device_id, self.journal, clock, since, pace)
        address = replace(address, **_found(stored.get("address"), reader))
        self._device_id = address.device_id
        self.on_network = address.on_network
        """The lock can be looked for in the local network."""
        stays = self.on_network and self.product.stays_connected
        self.session = LanSession(address, clock, self.on_event, said_to_stay=stays)
        self._waiters = Waiters(clock)
        self._transports = Transports(self.session, self.product, self._state_now)
        self._remote = RemoteUnlock(
            self._transports,
            self._waiters,
            clock,
            settings,
            cloud,
            receive=self.receive,
            opened=self._opened,
            changed=self._changed,
        )
        self.passwords = TemporaryPasswords(
            cloud, clock, stored.get("passwords"), self._changed, reader
        )
        self._reaching: list[asyncio.Future[None]] = []
        self._timer: Timer | None = None
        self._timer_at = float("inf")
        self._last_unlock = self._keeper.last_unlock
        self._journal_changes = self.journal.changes
        """By how many changes of the journal that is known."""
        self.snapshot = self._look()

    def start(self) -> None:
        """Begin to look for the lock."""
        address = self.address
        _LOGGER.debug(
            "%s: looked for at %s, version %s, family %s, product %s",
            self._device_id,
            address.host or "no known address",
            address.version or address.found_version or "not known",
            self.product.family or "not known",
            self.product.product_id or "not known",
        )
        self.session.start()
        self._changed()
        self._arm()

    async def stop(self) -> None:
        """Disconnect from the lock, and cancel what waits for it."""
        await self._remote.close()
        await self.session.stop()
        self._waiters.fail(Source.LAN, ConnectionLost("the lock was stopped"))
        self._notice_clock()
        self._publish([*self._keeper.closed(), *self._keeper.decide(float("inf"))])
        if self._timer:
            self._timer.cancel()
            self._timer = None

    @property
    def address(self) -> Address:
        """Return where the lock is and how it is reached, with all that was found out."""
        return self.session.address

    def move(self, address: Address) -> None:
        """Reach the lock in another way from now on, unless it was stopped."""
        if self.session.running:
            self.health.note_success()
            self._waiters.fail(Source.LAN, ConnectionLost("the lock is reached in another way"))
            self.session.move(address)
            self._notice_clock()
            self._publish(self._keeper.closed())

    async def reach(self, within: float) -> Address:
        """Return how the lock was reached, at most `within` seconds from now.

        Raises SlotTaken, WrongKey, WrongVersion, NoHandshake, MalformedFrame, ConnectionLost, or
        Unreachable.
        """
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reaching.append(reached)
        self._check_reached()
        try:
            async with self._clock.timeout(within):
                await reached
        except TimeoutError as err:
            raise self.health.problem or Unreachable("the lock did not wake up") from err
        finally:
            self._reaching.remove(reached)
        return self.address

    def _check_reached(self) -> None:
        """End the waits for the first contact, if that is decided."""
        for reached in self._reaching:
            if reached.done():
                continue
            if self.session.connected:
                reached.set_result(None)
            elif self.health.problem and self.health.is_stuck:
                reached.set_exception(self.health.problem)

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart in plain JSON, for private storage."""
        stored: dict[str, Any] = dump(self.stored)
        return stored

    @property
    def stored(self) -> dict[str, Any]:
        """Return the same as values, of which most stay the same objects."""
        return {
            "state": self._state,
            "journal": self.journal.stored,
            "pace": self._keeper.pace,
            "product": self.product.stored,
            "health": self.health.as_dict(),
            "passwords": self.passwords.stored,
            "cloud": self.cloud.as_dict() if self.cloud else None,
            "address": self.session.found,
        }

    # What can be asked of it

    def announced(self, announcement: Announcement) -> None:
        """Take an announcement as a hint that the lock is awake, if it is of this one."""
        if announcement.device_id != self._device_id:
            return
        host, direct = announcement.host, announcement.is_direct
        unasked = direct and not announcement.asked
        product_id = announcement.product_id if direct else None
        self.session.hint(host, announcement.version, announced=unasked, product_id=product_id)
        if unasked and host == self.address.host:
            self._notice_clock()
            if (state := heard(self._state, self._now)) is not self._state:
                self._state = state
                self._publish()
        if direct and host == self.session.host:
            self.product.doubt(product_id)

    def hint(self, host: str, *, trusted: bool = False) -> None:
        """Take a hint that the lock is awake at an address: nothing but a claim.

        `trusted`: the lock's network card is known to have this address.
        """
        self.session.hint(host, trusted=trusted)

    async def unlock(self) -> None:
        """Open the door; returns when the lock has said that it is open, else raises LockError."""
        await self._remote.unlock()

    def call_off_unlock(self) -> bool:
        """Cancel an unlock that waits for the lock; return if there was one."""
        return self._remote.cancel()

    async def lock(self) -> None:
        """Lock the door, where the product can; raises LockError."""
        await self._remote.lock()

    async def change_setting(self, code: str, value: Value) -> None:
        """Change a setting; returns when the lock reports the value, else raises LockError."""
        await change_setting(self._transports, self._waiters, code, value)

    async def refuse(self) -> None:
        """Refuse the request at the door, where the product can; raises LockError."""
        await self._remote.refuse()

    def learn(self, table: Mapping[int, Dp]) -> None:
        """Learn the product's own DP table."""
        self.product.learn(table)
        self._reread()
        self._changed()

    def learn_from_account(
        self, product_id: str, table: Mapping[int, Dp], family: Family | None
    ) -> None:
        """Learn what an account knows of the product, if nothing better is known."""
        self.product.learn_from_account(product_id, table, family)
        self._reread()
        self._changed()

    def choose_kind(self, families: frozenset[Family]) -> None:
        """Learn from its owner of which families it may be; a table of its product counts more.

        By another answer before, all may have been misread, so nothing of it is kept.
        """
        if self.product.chosen not in {frozenset(), families}:
            self._state = LockState(last_heard=self._state.last_heard)
        self.product.choose(families)
        self._reread()
        self._changed(force=True)

    @property
    def chosen_kind(self) -> frozenset[Family]:
        """Return the families that its owner has chosen."""
        return self.product.chosen

    @property
    def kind_is_known(self) -> bool:
        """Return if the kind is proven by the project, the account or the catalogue."""
        return self.product.is_known

    @property
    def has_requests(self) -> bool:
        """Return if somebody at the door can ask to be let in, as far as is known."""
        return self.product.id_of(REQUEST) is not None

    def _reread(self) -> None:
        """Take what was heard before its kind was known for how the lock is; nobody opened it.

        When that was is not known, so whatever is reported later is newer.
        """
        seen = self._state.seen
        unseen = [(one, 0.0) for one in self.product.reread() if one.code not in seen]
        self._state = reduce(self._state, unseen, is_answer=True)

    def describe(self) -> dict[str, Any]:
        """Return all that it takes to play this lock, in plain JSON and without any secret."""
        product = self.product
        return {
            "product_id": product.product_id,
            "category": product.category,
            "family": product.family,
            "table_source": product.table_source,
            "kind_unclear": product.kind_unclear,
            "stays_connected": self.snapshot.stays,
            "query_answer": product.query_answer,
            "table": [{"dp": id_, **dump(dp)} for id_, dp in sorted(product.table.items())],
            "heard": [self._describe_dp(row) for row in product.heard.dps.values()],
        }

    def _describe_dp(self, row: HeardDp) -> dict[str, Any]:
        """Return what was heard of a DP, with its code and what it means by what is known now."""
        dp = self.product.table.get(row.dp) if isinstance(row.dp, int) else None
        values: list[dict[str, Any]] = [
            {"value": one, "means": self._meanings(row.dp, one)} for one in row.shown(dp)
        ]
        if not values and row.understood:
            values = [{"value": None, "means": self._meanings(row.dp, row.stand_in)}]
        return {**dump(row), "code": dp.code if dp else None, "values": values}

    def _meanings(self, dp: int | str, value: Value) -> list[str]:
        said = self.product.read(Item(dp, value))
        return meanings(said, alarm_bits=self.product.alarm_bits) if said else []

    def use_account(self, account: AccountTransport) -> None:
        """Let a remote unlock go through the account where nothing else reaches the lock."""
        self._transports.account = account

    def _state_now(self) -> LockState:
        self._notice_clock()
        return state_at(self._state, self._now)

    def _opened(self) -> None:
        self._notice_clock()
        self._state = opened(self._state, self._now, self._now)
        self._publish()

    @property
    def opens_by_tuya(self) -> bool:
        """Return if Tuya's cloud opens it for us; such an unlock looks like one with the app."""
        return self._remote.opens_by_cloud

    @property
    def can_refuse(self) -> bool:
        """Return if the lock itself or Tuya's cloud takes a refusal of the request at the door."""
        by_cloud = self.cloud is not None and "unlock_request" in self._state.seen
        return by_cloud or self.product.replies

    @property
    def opens_by_account(self) -> bool:
        """Return if the lock can be opened through the account while somebody asks at the door."""
        return self._remote.opens_by_account

    @property
    def opens_remotely(self) -> bool | None:
        """Return if the product can be opened remotely, where that is known."""
        if not self.on_network:
            return self.cloud is not None or self.opens_by_account
        return self.product.opens_remotely

    @property
    def reported(self) -> bool:
        """Return if the lock itself has ever reported anything to us."""
        return self.product.has_reported

    @property
    def host(self) -> str | None:
        """Return where the lock is connected, if it is."""
        return self.session.host

    # What comes in

    def receive(self, report: Report) -> None:
        """Take a report of any source: decode it, age it, keep what is new, and publish it."""
        self._notice_clock()
        changes = self.journal.changes
        table = self.product.table
        observations = self.product.observe(report)
        if self.product.table is not table:
            self._reread()
        dated = self._dated(report, observations)
        self._state = reduce(self._state, dated, is_answer=report.is_answer)
        bits = report.source is Source.CLOUD and self.product.alarm_bits
        claims = events(observations, alarm_bits=bits)
        new = self._keep(report, claims)
        if report.source is Source.LAN:
            until = self._state.request_until
            self.session.open_until = until and until - self._clock_offset
            if not report.is_answer and not _KEYS.isdisjoint([one.code for one in observations]):
                self._check_keys({one.code: one.value for one in _recent(dated, report)})
        if self._waiters.waiting:
            self._feed(report, dated, claims, new)
        try:
            # A record that is pending may change nothing that can be seen, and has to be stored.
            self._publish(new, force=self.journal.changes != changes)
        finally:
            self.product.note_heard()

    def _dated(self, report: Report, observations: list[Observation]) -> list[Dated]:
        """Return what a report says of the lock's state, with the time of which it says it."""
        now = report.received
        match report.source:
            case Source.LAN:
                self._state = heard(self._state, now)
                behind = -(self.session.lock_clock.ahead or 0.0)
                in_order = report.is_doubtful
                return current(self._state, observations, now, behind, in_order=in_order)
            case Source.ACCOUNT:
                self._state = forget_ahead(self._state, now)
                if report.time:
                    self.health.check_arrival(report.time, now, self._since)
                dated = current(self._state, observations, now, self.health.clock_behind)
                self._heard_of(max((at for _, at in dated), default=0.0))
                return dated
            case Source.CLOUD if not self.on_network:
                self._heard_of(min(report.time, now))
        return []

    @property
    def clock_behind(self) -> float | None:
        """Return by how many seconds the lock's clock is behind ours, where anything shows that."""
        behind = self.health.clock_behind
        return self.session.clock_behind if behind is None else behind

    def _heard_of(self, at: float) -> None:
        """Note that the lock has said something at a Unix time."""
        if at > (self._state.last_heard or 0.0):
            self._state = replace(self._state, last_heard=at)

    def _keep(self, report: Report, claims: Claims) -> list[Record]:
        """Keep the events of a report; return the records that are new."""
        if report.source is Source.LAN and report.is_fresh:
            self._keeper.speaks_now()
        if not claims:
            return []
        if report.source is not Source.LAN:
            behind = self.clock_behind
            return self._keeper.reported(claims, report.received, report.source, behind)
        if not report.is_answer:
            for event, claimed in claims:
                if isinstance(event, Unlock) and claimed is not None:
                    self.health.check_clock(claimed, report.received)
            return self._keeper.pushed(claims, report.received, self.session.clock_behind)
        if self.product.answers_partly:
            self._keeper.answered(claims, report.received)
        return []

    def _feed(self, report: Report, dated: list[Dated], claims: Claims, new: list[Record]) -> None:
        """Pass a report to whoever waits for what the lock does."""
        new_unlocks = [one.unlock for one in new if one.kind is Kind.UNLOCK]
        match report.source:
            case Source.LAN:
                recent = _recent(dated, report)
                codes = {one.code: one.value for one in recent}
                self._show(report, codes, _unlocks(recent) if claims else [])
            case Source.ACCOUNT:
                for one, at in dated:
                    unlocks = _unlocks([one])
                    if one.time is not None and all(unlock in new_unlocks for unlock in unlocks):
                        self._show(report, {one.code: one.value}, unlocks, at)
            case Source.CLOUD:
                for record in new:
                    if record.kind is Kind.UNLOCK and record.age is not Age.LATE:
                        self._show(report, {}, [record.unlock], record.happened)

    def _show(
        self,
        report: Report,
        codes: Mapping[str, Value],
        unlocks: list[Unlock],
        at: float | None = None,
    ) -> None:
        """Pass values of a report to whoever waits."""
        self._waiters.take(
            Reported(
                source=report.source,
                codes=codes,
                unlocks=unlocks,
                items=report.items,
                at=at,
                is_answer=report.is_answer,
            )
        )

    def _check_keys(self, codes: Mapping[str, Value]) -> None:
        """Learn from what the lock says of remote keys; without one it is left to its cloud."""
        reply = KeyReply.decode(codes.get(SET_KEY))
        used = KeyReply.decode(codes.get(USE_KEY))
        busy = self._remote.busy
        if used and used.status is KeyStatus.OUTSIDE_TIME and not self._clock_set:
            # It is our clock that is wrong.
            used = None
        self.health.check_keys(reply, used, ours=busy)
        if reply and reply.status is KeyStatus.FAILED and not busy:
            # It is left to its cloud, which gives it a key.
            self.session.release()

    # The session with the lock

    def on_event(self, event: SessionEvent) -> None:
        """Take what happens in the local network."""
        if self.session.connected and not self.snapshot.awake:
            self.health.note_success()
        if isinstance(event, Report):
            self.receive(event)
        else:
            self._notice_clock()
            self._publish(self._note(event))
        if self._reaching:
            self._check_reached()

    def _note(self, event: SessionEvent) -> list[Record]:
        """Note how the session goes; return the records that are decided with it."""
        match event:
            case Opened():
                if self.product.identify(event.product_id):
                    self._reread()
                self._state = heard(self._state, self._now)
                self.health.note_wake(self._now)
                self._keeper.opened(event.hint_at, woken=event.woken)
            case QueryNotUnderstood():
                # It says nothing of what the lock is.
                self.product.heard.note_answer(QueryAnswer.NOT_UNDERSTOOD)
                self._show_presence()
            case Accepted() | Missed():
                self._show_presence()
            case Rejected():
                refusal = UnlockRefused(Reason.REJECTED)
                self.health.note_error(refusal, self._now)
                self._waiters.fail(Source.LAN, refusal)
            case Closed():
                return self._closed(event.error)
        return []

    def _show_presence(self) -> None:
        """Show whoever waits for a lock that stays on the network that it is there, or missing."""
        self._waiters.take(Reported(source=Source.LAN, codes={}, is_answer=True))

    def _closed(self, error: LockError | None) -> list[Record]:
        """Note why a dial failed or a connection ended; None if we ended it."""
        self.product.rely()
        new = self._keeper.closed()
        if self.snapshot.awake:
            self._state = heard(self._state, self._now)
        # Anybody can announce an address, and have something wrong there.
        if error and (self._reaching or self.address.host is not None):
            self.health.note_error(error, self._now)
        self._waiters.fail(Source.LAN, error or ConnectionLost("the connection was ended"))
        return new

    # What has happened at the door

    def records(self, kind: Kind) -> list[Record]:
        """Return the records of a kind in the order in which they were received."""
        return self.journal.of(kind)

    def unlock_of(self, duress: Record) -> Record | None:
        """Return the unlock that a record of duress is about, where that is known."""
        return self.journal.find(duress.unlock_id)

    def undelivered(self) -> list[Record]:
        """Return what was received and not delivered."""
        return self.journal.undelivered()

    def note_duress(self, unlock: Record) -> None:
        """Note that an unlock was under duress by its number, and that this was delivered."""
        age = unlock.age or Age.UNKNOWN
        self.journal.add(
            Duress(unlock.unlock),
            unlock.when,
            unlock.source,
            age,
            delivered=True,
            unlock_id=unlock.id,
        )

    def recover(self) -> None:
        """Note a crash: what was not marked as delivered may have been, so it is no news."""
        self.journal.recover()

    def password_name(self, record: Record) -> str | None:
        """Return the name of the temporary password that opened the lock, if one did."""
        return used.name if (used := self.password_of(record)) else None

    def note_use(self, record: Record) -> None:
        """Note that an unlock with a temporary password was delivered: later ones are no first."""
        if used := self.password_of(record):
            self.passwords.note_use(used, record.id)

    def password_of(self, record: Record) -> TemporaryPassword | None:
        """Return the temporary password that opened the lock, if one did."""
        unlock = record.unlock
        if unlock.method != "temporary_password" or unlock.number is None:
            return None
        return self.passwords.used(unlock.number, record.happened)

    def lacks_name(self, record: Record) -> bool:
        """Return if a temporary password opened the lock whose name may be in the cloud."""
        return (
            self.cloud is not None
            and record.unlock.method == "temporary_password"
            and record.unlock.number is not None
            and self.password_of(record) is None
        )

    def as_known(self, record: Record) -> Record:
        """Return a record as it is known now: it may have been dated, or be late by now."""
        self._notice_clock()
        return self._keeper.as_known(record)

    def delivered(self, record_id: int) -> None:
        """Note that a record has reached all who listen."""
        self._keeper.delivered(record_id)

    # What goes out

    def _changed(self, *, force: bool = False) -> None:
        """Publish what something else than a report has changed."""
        self._notice_clock()
        self._publish(force=force)

    def _publish(self, records: Iterable[Record] = (), *, force: bool = False) -> None:
        """Publish what has changed, and the records that are new and not delivered."""
        stays = self.on_network and self.product.stays_connected
        if stays != self.session.said_to_stay:
            self.session.keep_alive(stays=stays)
        records = tuple(records)
        for record in records:
            _LOGGER.debug("%s: new: %s", self._device_id, record)
            self._state = reduce_record(self._state, record)
        if self.journal.changes != self._journal_changes:
            self._journal_changes = self.journal.changes
            self._last_unlock = self._keeper.last_unlock
        snapshot, new = self._look(), tuple([one for one in records if not one.delivered])
        if not (new or force) and snapshot == self.snapshot:
            return
        self.snapshot = snapshot
        self._on_update(Update(snapshot, new))
        self._arm()

    def _look(self) -> Snapshot:
        """Return what can be seen of the lock now."""
        now, settings = self._now, self._settings
        state = state_at(self._state, now)
        waits_until = self._remote.waits_until
        return Snapshot(
            state=state,
            family=self.product.family,
            kind_unclear=self.product.kind_unclear,
            bolt=bolt(state, now, settings.relock_delay, settings.relocks_itself),
            last_unlock=self._last_unlock,
            awake=self.session.connected,
            available=not (self.health.key_refused or self.session.missing),
            stays=self.session.stays,
            unlocking=self._remote.opening is not None,
            unlock_waits_until=waits_until and waits_until + self._clock_offset,
            problem=self.health.problem,
            key_refused=self.health.key_refused,
            missing=self.session.missing,
            # Settings are changed over the network only.
            changeable=self.product.changeable if self.on_network else {},
            kinds=self.journal.kinds,
            passwords=self.passwords.known,
        )

    # What changes with the time alone

    def _arm(self) -> None:
        """Plan to look again when time alone will have changed something."""
        now, monotonic = self._now, self._monotonic
        state, delay = self._state, self._settings.relock_delay
        ends = (state.request_until, state.opened_at and state.opened_at + delay)
        waits = [end - now + 0.01 for end in ends if end and end > now]
        if not self._clock_set:
            waits.append(LOOK_AT_CLOCK)
        due = monotonic + max(min([*waits, self._keeper.due - monotonic]), 0.0)
        if self._timer and abs(due - self._timer_at) < 0.01:
            self._timer_at = max(due, self._timer_at)
            return
        if self._timer:
            self._timer.cancel()
        self._timer, self._timer_at = None, due
        if due < float("inf"):
            self._timer = self._clock.call_later(due - monotonic, self._due)

    def _due(self) -> None:
        """Look, and plan the next look: our clock may have been set back."""
        due_at, self._timer, self._timer_at = self._timer_at, None, float("inf")
        self._notice_clock()
        self._publish(self._keeper.decide(max(due_at, self._monotonic)))
        self._arm()

    def _notice_clock(self) -> None:
        """Take the time, once for all that is done now, and notice if our own clock was set.

        What ends later ends as it would have. What came while it was not set is dated.
        """
        self._now, self._monotonic = self._clock.time(), self._clock.monotonic()
        offset = self._now - self._monotonic
        ahead = offset - self._clock_offset
        if abs(ahead) < CLOCK_STEP:
            return
        self._clock_offset = offset
        was_set, self._clock_set = self._clock_set, is_set(self._now)
        if not self._clock_set or was_set:
            _LOGGER.debug("%s: our clock was set by %.0f s", self._device_id, ahead)
            self._state = moved(self._state, ahead)
        else:
            _LOGGER.debug("%s: our clock is set, it was %.0f s behind", self._device_id, ahead)
            self.journal.date_again(ahead)
            self._state = set_right(self._state, ahead)
            self._publish(force=True)


def _found(stored: Any, reader: Reader) -> dict[str, Any]:
    """Return what was found out of the address of a lock, as far as it can be read."""
    found = reader.known("address", Address, stored)
    if found.get("found_version") not in {None, *VERSIONS}:
        reader.lose("address")
        del found["found_version"]
    return found


def _recent(dated: Iterable[Dated], report: Report) -> list[Observation]:
    """Return what a report says of the present, which alone can confirm anything."""
    return [one for one, at in dated if report.received - at <= STALE_AFTER]


def _unlocks(observations: Iterable[Observation]) -> list[Unlock]:
    return [event for event, _ in events(observations) if isinstance(event, Unlock)]
