"""How old a record is: by the lock's own time, or by its place among what follows a wake."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..clock import Clock, Timer
from ..models import LATE_AFTER, Age, Event, Record, Source, When, is_set

CLOCK_TOLERANCE = 10.0
"""Seconds that a lock's clock may be ahead of ours and its times still be believed."""
CLOCK_AHEAD = 300.0
"""Seconds that it may be ahead and its records still be matched by their times."""

BURST = 3.0
"""Seconds after connecting in which a lock hands over what it has saved."""
QUIET = 1.0
"""Seconds without another record after which a burst is over, whatever the lock."""
QUIET_AT_LEAST = 0.3
"""The same for a lock that has shown that it is quick, or that it saves nothing up."""
ALONE = 3
"""Wakes in a row with one record each that show that a lock saves nothing up."""
FRESH = 10.0
"""Seconds after a hint in which a record can be what caused it."""
PUSH_FOLLOWS = 5.0
"""Seconds in which a lock pushes what it has just answered to a query."""


def when(claimed: float | None, received: float, behind: float | None = None) -> When:
    """Return when something was, by a clock that is known to be `behind` ours by so many seconds.

    A time ahead of our clock, or before 2020, is not believed.
    """
    time = claimed if claimed is None else claimed + (behind or 0.0)
    believed = time is not None and is_set(time) and time <= received + CLOCK_TOLERANCE
    return When(received, claimed, time if believed else None)


def age_by_time(at: When) -> Age | None:
    """Return the age of a record by the lock's own time, or None if there is none to believe."""
    if at.time is None:
        return None
    return Age.LATE if at.received - at.time > LATE_AFTER else Age.LIVE


def age_elsewhere(at: When, source: Source) -> Age:
    """Return the age of a record that another source than the LAN reports.

    An account hears each record at once; what it reports of a lock whose clock is a little ahead,
    or is not set, is new. What is found in the cloud may be as old as that clock is ahead, which
    nobody knows; nor does anybody while our own clock is not set.
    """
    if age := age_by_time(at):
        return age
    wrong = at.claimed is not None and at.claimed <= at.received + CLOCK_AHEAD
    known = source is Source.ACCOUNT and wrong and is_set(at.received)
    return Age.LIVE if known else Age.UNKNOWN


class Waiting:
    """Since when records wait to be delivered, by a clock that nobody sets."""

    __slots__ = ("_clock", "_since")

    def __init__(self, clock: Clock, left: Iterable[Record]) -> None:
        """Begin with what was left at the last stop; how long that is ago, the wall clock says."""
        self._clock = clock
        now, monotonic = clock.time(), clock.monotonic()
        waited = {one.id: now - one.when.received for one in left}
        self._since = {
            id_: monotonic - ago if ago >= -CLOCK_TOLERANCE else float("-inf")
            for id_, ago in waited.items()
        }

    def add(self, record_id: int) -> None:
        """Note that a record was received now."""
        self._since[record_id] = self._clock.monotonic()

    def remove(self, record_id: int) -> None:
        """Note that a record no longer waits."""
        self._since.pop(record_id, None)

    def aged(self, record: Record) -> Record:
        """Return a record as old as it is now: as old as it was when received, and the wait."""
        since = self._since.get(record.id)
        if since is None or record.age is not Age.LIVE:
            return record
        age = record.when.received - record.happened + self._clock.monotonic() - since
        return record if age <= LATE_AFTER else replace(record, age=Age.LATE)


type Verdict = tuple[int, Age | None]
"""The id of a record and its age; None: it is the same as another one, which came later."""


@dataclass(frozen=True, slots=True)
class Held:
    """A record whose age depends on what follows."""

    id: int
    event: Event
    age: Age
    """Its age if nothing follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a lock hands over what it has saved up, as far as it has shown."""

    alone: int = 0
    """Wakes with one record each."""
    slowest: float | None = None
    """The longest time between two records of one burst, in seconds."""

    @property
    def quiet(self) -> float:
        """Return after how many seconds without another record a burst is over."""
        if self.slowest is not None:
            return min(max(3.0 * self.slowest, QUIET_AT_LEAST), QUIET)
        return QUIET_AT_LEAST if self.alone >= ALONE else QUIET


class Ageing:
    """Decides the age of what a lock reports over the LAN without a time.

    Of what comes right after a wake only the last can be what woke the lock; the rest may be hours
    old. A ring is treated as an unlock is: each is something that one person does at the door.
    """

    def __init__(self, clock: Clock, pace: Pace) -> None:
        self._clock = clock
        self.pace = pace
        self._in_burst = 0
        """Records without a time since the last wake."""
        self._last_at = float("-inf")
        self._connections = 0
        self._hint_at: float | None = None
        self._burst_until = float("-inf")
        self._burst: Timer | None = None
        """Runs in the first seconds after connecting."""
        self._reported: set[Event] | None = None
        """What was reported since the last wake, or None if the lock was awake when we came."""
        self.held: Held | None = None
        self._held_until = float("inf")
        self._answers: list[Held] = []
        self._answers_until = float("inf")
        self.speaks_now = False
        """What comes over this connection was not recorded."""

    @property
    def tentative(self) -> Age:
        """Return the age of a record without a time, if nothing follows it."""
        fresh = self._hint_at is not None and self._clock.monotonic() - self._hint_at < FRESH
        return Age.LIVE if fresh else Age.UNKNOWN

    @property
    def due(self) -> float:
        """Return the monotonic time at which something is decided if nothing comes."""
        return min(self._held_until, self._answers_until)

    def opened(self, hint_at: float | None, *, woken: bool) -> None:
        """Begin a connection, after a hint at a monotonic time; `woken`: it was asleep before."""
        self._hint_at, self.speaks_now = hint_at, False
        self._end_burst()
        self._burst_until = self._clock.monotonic() + BURST
        self._watch_burst()
        self._in_burst, self._connections = 0, self._connections + 1
        if woken:
            self._reported = set()

    def _watch_burst(self) -> None:
        """End the burst when its time is over; what has come by then is read before, however late.

        Home Assistant may hang for some seconds, and what it reads after that was saved up as well.
        """
        left = self._burst_until - self._clock.monotonic()
        self._burst = self._clock.call_later(left, self._watch_burst) if left > 0 else None

    def _end_burst(self) -> None:
        if self._burst:
            self._burst.cancel()
            self._burst = None

    def pushed(self, event: Event, at: When) -> tuple[Age | None, list[Verdict]]:
        """Return the age of what was pushed now, None if it has to be held, and of earlier ones."""
        now = self._clock.monotonic()
        if bursting := self._burst is not None:
            # A burst that goes on without a quiet second is not over, however long it takes.
            self._burst_until = max(self._burst_until, now + QUIET)
            if self._answers:
                # The push of what was answered may be among what is still to come.
                self._answers_until = max(self._answers_until, now + PUSH_FOLLOWS)
        verdicts: list[Verdict] = [(one.id, None) for one in self._answers if one.event == event]
        others = [one for one in self._answers if one.event != event]
        self._answers = [replace(one, age=Age.UNKNOWN) for one in others]
        if self.held:
            verdicts += self._release(Age.UNKNOWN)
        age = age_by_time(at)
        if age is None and not bursting:
            age = Age.LIVE
        if age and self._reported is not None:
            self._reported.add(event)
        return age, verdicts

    def hold(self, record: Record) -> None:
        """Hold back what was pushed, until it is quiet."""
        now = self._clock.monotonic()
        gap, self._last_at = now - self._last_at, now
        if self._in_burst and gap < QUIET:
            self.pace = replace(self.pace, slowest=max(self.pace.slowest or 0.0, gap))
        self._in_burst += 1
        self.held = Held(record.id, record.event, self.tentative)
        # While we were not there, the lock may have saved up something for the first time.
        self._held_until = now + (QUIET if self._connections < 2 else self.pace.quiet)

    def counts(self, event: Event) -> bool:
        """Return if something in an answer counts: we saw the wake, and have not heard of it."""
        if self._reported is None or event in self._reported:
            return False
        return all(held is None or held.event != event for held in (self.held, *self._answers))

    def hold_answer(self, record: Record) -> None:
        """Hold back what was in an answer, until it is clear that it is not pushed as well."""
        self._outdate_answers()
        age = Age.UNKNOWN if self.held else self.tentative
        self._answers.append(Held(record.id, record.event, age))
        self._answers_until = min(self._answers_until, self._clock.monotonic() + PUSH_FOLLOWS)

    def decide(self, now: float) -> list[Verdict]:
        """Return what is decided at a monotonic time, as nothing else has come."""
        verdicts = self._release_answers() if now >= self._answers_until else []
        return verdicts + (self._release() if now >= self._held_until else [])

    def closed(self) -> list[Verdict]:
        """Decide everything: the connection has ended, nothing follows."""
        self._end_burst()
        if self._in_burst == 1:
            self.pace = replace(self.pace, alone=self.pace.alone + 1)
        self._in_burst = 0
        return self._release_answers() + self._release()

    def _outdate_answers(self) -> None:
        """Something else has come since the answer, so nobody knows how old that is."""
        self._answers = [replace(one, age=Age.UNKNOWN) for one in self._answers]

    def _release(self, age: Age | None = None) -> list[Verdict]:
        """Decide what is held back: as the last of its burst, or with another age."""
        held, self.held, self._held_until = self.held, None, float("inf")
        return self._released([replace(held, age=age or held.age)] if held else [])

    def _release_answers(self) -> list[Verdict]:
        """Decide what was answered and not pushed as well; a recording may be of any age."""
        if not self.speaks_now:
            self._outdate_answers()
        answers, self._answers, self._answers_until = self._answers, [], float("inf")
        return self._released(answers)

    def _released(self, held: Iterable[Held]) -> list[Verdict]:
        if self._reported is not None:
            self._reported.update(one.event for one in held)
        return [(one.id, one.age) for one in held]
