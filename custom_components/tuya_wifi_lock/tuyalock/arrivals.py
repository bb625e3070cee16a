"""Tells the unlock or the ring that woke a lock from those that it had saved up."""

from collections.abc import Callable
from dataclasses import replace

from .clock import Clock, Timer
from .records import Age, Arrival, judge
from .signals import RING
from .state import Unlock

BURST = 3.0
"""Seconds after connecting in which a lock hands over what it has saved."""
QUIET = 1.0
"""Seconds without another unlock after which a burst is over."""
FRESH = 10.0
"""Seconds after a hint in which an unlock can be what caused it."""
PUSH_FOLLOWS = 5.0
"""Seconds in which a lock pushes again what it has just answered to a query."""


class Arrivals:
    """The unlocks of a lock, handed on in order and once, each with the age it must have.

    A lock seldom sends times over the LAN. Of unlocks without one that come right after a wake,
    only the last can be the one that woke the lock; the others may be hours old. A ring is taken as
    an unlock is: each is something that one person does at the door.
    """

    def __init__(self, clock: Clock, deliver: Callable[[Arrival], object]) -> None:
        """Start without a connection."""
        self._clock = clock
        self._deliver = deliver
        self.deliver_ring = deliver
        self._hint_at: float | None = None
        self._burst_until = float("-inf")
        self._told: set[Unlock] | None = None
        """Unlocks since the last wake, or None if the lock was awake when we came."""
        self._held: Arrival | None = None
        self._answers: list[Arrival] = []
        self._burst_over: Timer | None = None
        self._no_push: Timer | None = None

    def open(self, hint_at: float | None, *, woken: bool) -> None:
        """Begin a connection, after a hint at a monotonic time; `woken`: it was asleep before."""
        self._hint_at = hint_at
        self._burst_until = self._clock.monotonic() + BURST
        if woken:
            self._told = set()

    @property
    def held(self) -> Arrival | None:
        """Return the unlock that is held back."""
        return self._held if self._held and self._held.unlock != RING else None

    def pushed(self, unlock: Unlock, time: float | None) -> None:
        """Take an unlock that the lock pushed, with its own time in Unix seconds if it sent one."""
        self._answers = [answer for answer in self._answers if answer.unlock != unlock]
        self._answers = [replace(answer, age=Age.UNKNOWN) for answer in self._answers]
        self._release(Age.UNKNOWN)
        received = self._clock.time()
        believed, age = judge(time, received)
        if age is None and self._clock.monotonic() <= self._burst_until:
            self._held = Arrival(unlock, None, received, self._age(), time)
            self._burst_over = self._clock.call_later(QUIET, self._release)
        else:
            self._hand_on(Arrival(unlock, believed, received, age or Age.LIVE, time))

    def answered(self, unlock: Unlock) -> None:
        """Take an unlock from an answer with what changed since the lock woke.

        It counts if we saw the lock wake and were not told of it, unless it is pushed as well.
        """
        if self._told is None or unlock in self._told:
            return
        if any(held and held.unlock == unlock for held in (self._held, *self._answers)):
            return
        self._answers = [replace(answer, age=Age.UNKNOWN) for answer in self._answers]
        age = Age.UNKNOWN if self._held else self._age()
        self._answers.append(Arrival(unlock, None, self._clock.time(), age))
        if self._no_push is None:
            self._no_push = self._clock.call_later(PUSH_FOLLOWS, self._release_answers)

    def close(self) -> None:
        """Hand on what is held: the connection ends, nothing follows any more."""
        self._release_answers()
        self._release()

    def _age(self) -> Age:
        """Return the age of an unlock without a time, if it is the last one of its burst."""
        fresh = self._hint_at is not None and self._clock.monotonic() - self._hint_at < FRESH
        return Age.LIVE if fresh else Age.UNKNOWN

    def _release(self, age: Age | None = None) -> None:
        """Hand on the unlock that is held: as the last of its burst, or with another age."""
        if self._burst_over:
            self._burst_over.cancel()
        if held := self._held:
            self._held = None
            self._hand_on(replace(held, age=age or held.age))

    def _release_answers(self) -> None:
        """Hand on the answered unlocks that were not pushed as well."""
        if self._no_push:
            self._no_push.cancel()
            self._no_push = None
        answers, self._answers = self._answers, []
        for answer in answers:
            self._hand_on(answer)

    def _hand_on(self, arrival: Arrival) -> None:
        """Hand an unlock or a ring on."""
        if self._told is not None:
            self._told.add(arrival.unlock)
        deliver = self.deliver_ring if arrival.unlock == RING else self._deliver
        deliver(arrival)
