"""Reports that wait for a client, and records that wait for the next wake."""

from collections import deque

from .bodies import Report

CAPACITY = 20


class Outbox:
    """Pending reports of this wake, and the backlog that a lock keeps while Wi-Fi is away."""

    def __init__(self, request_dp: str) -> None:
        """Start empty."""
        self.pending: list[Report] = []
        self.backlog: deque[Report] = deque(maxlen=CAPACITY)
        self._request_dp = request_dp

    def add(self, report: Report) -> None:
        """Queue a report; of the countdown only the last value matters."""
        if self._is_countdown(report):
            self.pending = [one for one in self.pending if not self._is_countdown(one)]
        self.pending.append(report)

    def store(self, report: Report) -> None:
        """Keep a record for the next wake; the oldest gives way."""
        self.backlog.append(report)

    def fall_asleep(self) -> None:
        """What nobody took joins the backlog, but for a countdown that is over."""
        self.backlog.extend(one for one in self.pending if not self._is_countdown(one))
        self.pending.clear()

    def next(self) -> Report | None:
        """Return the report that is due first."""
        if self.backlog:
            return self.backlog[0]
        return self.pending[0] if self.pending else None

    def sent(self) -> None:
        """Forget the report that next() gave."""
        if self.backlog:
            self.backlog.popleft()
        else:
            del self.pending[0]

    def _is_countdown(self, report: Report) -> bool:
        return set(report.dps) == {self._request_dp}
