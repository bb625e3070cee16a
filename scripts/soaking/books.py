"""What has happened at the doors, what was told of it, and what is wrong with that."""

from collections import Counter
from dataclasses import dataclass, field
import time
from typing import Any

OLD = 62.0
"""Seconds after which nobody may call an opening live: a minute, and time to tell it."""
SOON = 10.0
SHOWN = 12
"""Faults of a kind that are described."""


@dataclass(slots=True)
class Opening:
    """One opening, and when it was told."""

    at: float
    how: str
    may_be_guessed: bool = False
    """It was saved up without a time and came alone: nobody can know that it is old."""
    told: list[tuple[float, bool]] = field(default_factory=list)
    """When, and if as live."""

    def describe(self) -> str:
        """Return when it was told."""
        told = ", ".join(
            f"{'live' if live else 'late'} +{at - self.at:.1f} s" for at, live in self.told
        )
        return f"{self.how}, told: {told or 'never'}"


@dataclass
class Page:
    """The book of one lock."""

    what: str
    openings: dict[tuple[str, int], Opening] = field(default_factory=dict)
    remote: int = 0
    """How often it was opened from afar."""
    remote_told: int = 0
    remote_returned: int = 0
    """How many calls came back and said that they have opened it."""


class Books:
    """The books of all locks."""

    def __init__(self) -> None:
        """Begin."""
        self.pages: list[Page] = []
        self.acts: Counter[str] = Counter()
        self._invented: list[str] = []
        self._began = time.time()

    def opened(
        self, index: int, method: str, number: int, how: str, at: float | None = None
    ) -> None:
        """Note that somebody opens, now or at a time before."""
        page = self.pages[index]
        since = time.time() - self._began
        page.openings[method, number] = Opening(at or time.time(), f"{how} at {since:.0f} s")

    def told(self, index: int, method: str, number: int | None, live: bool, at: float) -> None:
        """Note that an opening was told."""
        page = self.pages[index]
        if method in {"remote", "app"}:
            page.remote_told += 1
        elif opening := page.openings.get((method, number or 0)):
            opening.told.append((at, live))
        else:
            self._invented.append(f"{page.what}: {method} {number}, which never happened")

    def verdict(self) -> dict[str, Any]:
        """Return what is wrong, and how much there was."""
        rows = [
            (f"{page.what}: {method} {number}, {one.describe()}", one)
            for page in self.pages
            for (method, number), one in page.openings.items()
        ]
        late = [
            text
            for text, one in rows
            if any(not live and at - one.at < SOON for at, live in one.told)
        ]
        remote = [
            f"{one.what}: opened {one.remote} times from afar, told {one.remote_told}, "
            f"{one.remote_returned} calls returned"
            for one in self.pages
            if one.remote != one.remote_told or one.remote_returned > one.remote
        ]
        faults = {
            "lost": [text for text, one in rows if not one.told],
            "told twice": [text for text, one in rows if len(one.told) > 1],
            "invented": self._invented,
            "told as live, and old": [text for text, one in rows if _is_wrong(one)],
            "remote, not told once": remote,
        }
        return {
            "openings": len(rows),
            "remote": sum(page.remote for page in self.pages),
            "live": sum(live for _, one in rows for _, live in one.told[:1]),
            "new, and told as late": (len(late), late[:SHOWN]),
            "guessed": sum(one.may_be_guessed and _is_old(one) for _, one in rows),
            "faults": {name: (len(found), found[:SHOWN]) for name, found in faults.items()},
            "acts": dict(self.acts.most_common()),
        }


def _is_old(one: Opening) -> bool:
    return any(live and at - one.at > OLD for at, live in one.told)


def _is_wrong(one: Opening) -> bool:
    return not one.may_be_guessed and _is_old(one)
