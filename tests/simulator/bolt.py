"""What moves in a lock, and what the network can make it do."""

from typing import override

from . import families, keys, remote
from .bodies import Dps
from .core import LockCore


class LockBolt(LockCore):
    """The mechanics (remote.Bolt)."""

    @override
    def apply(self, dps: Dps) -> None:
        """Carry out a command, if the lock is still there."""
        if not self.awake:
            return
        remote.apply(self, dps)

    def finish_request(self) -> None:
        """End the countdown, if there is one."""
        self.countdown.finish()

    def open_remotely(self, member: int) -> None:
        """Open for the network."""
        self.bolt_opens("remote")
        if self.knobs.app_record and (opened := self.table.remote_dps(member)):
            self.report(opened, record=True)
        self.finish_request()

    def lock_remotely(self, member: int) -> None:
        """Lock for the network."""
        self.lockings.append(f"remote {member}")
        self._timers.cancel("relock")
        self._bolt_closes()

    def operate_from_cloud(self, *, opens: bool) -> None:
        """Carry out what the cloud asks, with a fresh key of its own where there are keys."""
        if not self.table.set_key:
            self.open_remotely(1)
            return
        self.cloud_gives_key()
        assert self.stored_key
        use = keys.use(self.stored_key, opens=opens)
        remote.apply(self, {self.table.use_key: families.text(use)})

    def bolt_opens(self, cause: str) -> None:
        """Open the bolt, and tell what the lock can tell."""
        self.openings.append(cause)
        if self.knobs.motor_state and (moved := self.table.bolt_dps(unlocked=True)):
            self.report(moved)
        if self.knobs.door_sensor or self.table.door_follows_bolt:
            self.report(self.table.door_dps(is_open=True))
        if self.knobs.relock_seconds is not None:
            self._timers.after("relock", self.knobs.relock_seconds, self._relock)

    async def _relock(self) -> None:
        self._bolt_closes()

    def _bolt_closes(self) -> None:
        if self.table.door_follows_bolt:
            self.report(self.table.door_dps(is_open=False))
        elif self.knobs.motor_state and (moved := self.table.bolt_dps(unlocked=False)):
            self.report(moved)
