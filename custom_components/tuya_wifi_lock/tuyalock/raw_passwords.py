"""Carries temporary passwords to a lock as raw DPs, for products that are verified to take them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
import secrets

from .clock import Clock
from .codec import CodecError, PasswordReply, Serials
from .door import Door
from .errors import ConnectionLost, NotSupported
from .passwords import FIRST_NUMBER, Phase, TemporaryPassword, Wish
from .state import Value

CREATE = "temporary_password_creat"
DELETE = "temporary_password_delete"
MODIFY = "temporary_password_modify"

_LAST_SERIAL = 0xFFFF


@dataclass(slots=True)
class _Command:
    """What the lock is to be told; it may hold digits, so it stays in memory."""

    code: str
    value: str = field(repr=False)
    password: TemporaryPassword
    before: TemporaryPassword | None
    """What the lock has until it takes this."""
    sent: bool
    """It was sent at least once, in this form or another, so the lock may know of it."""
    asked: bool = False
    """It was sent over the present connection."""


class RawPasswords:
    """Keeps commands until the lock is there and has answered them."""

    code_length = 6

    def __init__(
        self,
        door: Door,
        clock: Clock,
        tell: Callable[[TemporaryPassword], None],
        known: Iterable[TemporaryPassword] = (),
    ) -> None:
        """Prepare a carrier, and say of all that are known what a restart has made of them.

        The digits of what waited are gone. A deletion has none, so it is sent on.
        """
        self._door = door
        self._clock = clock
        self._tell = tell
        self._commands: dict[str, _Command] = {}
        self._used = set[str]()
        for password in filter(_ours, known):
            self._used.add(password.id)
            if password.phase is Phase.DELETING:
                self._keep(password, password, DELETE, _serials(password).delete())
            elif password.phase is Phase.WAITING:
                tell(replace(password, phase=Phase.FAILED))

    # The carrier

    async def list_passwords(self) -> None:
        """Return that a lock cannot be asked for its passwords."""

    async def add_password(self, wish: Wish) -> TemporaryPassword:
        """Add a password as soon as the lock is there."""
        password = _wished(self._new_serial(), 1, None, wish)
        self._keep(password, None, CREATE, _store(password, wish))
        return password

    async def change_password(self, old: TemporaryPassword, wish: Wish) -> TemporaryPassword:
        """Change a password as soon as the lock is there; raise NotSupported."""
        before = self._before(old)
        password = _wished(old.id, old.edit + 1, old.number, wish)
        self._keep(password, before, MODIFY if before else CREATE, _store(password, wish))
        return password

    async def delete_password(self, password: TemporaryPassword) -> TemporaryPassword:
        """Delete a password as soon as the lock is there; raise NotSupported."""
        before = self._before(password)
        waiting = self._commands.get(password.id)
        if waiting and not waiting.sent and not before:
            del self._commands[password.id]
            return replace(password, phase=Phase.DELETED)
        password = replace(password, phase=Phase.DELETING)
        self._keep(password, before, DELETE, _serials(password).delete())
        return password

    # What the lock tells

    def connected(self) -> None:
        """The lock is there: tell it all that it has not answered."""
        for command in self._commands.values():
            command.asked = False
        self._drop_ended()
        self._send()

    def take(self, codes: Mapping[str, Value]) -> None:
        """Take the answers in a pushed report of DP values by code.

        What a query brings up can be the answer to an earlier command.
        """
        for code in (CREATE, MODIFY, DELETE):
            if code in codes:
                self._take(code, str(codes[code]))
        self._send()

    def _take(self, code: str, text: str) -> None:
        """Take one answer, if it is legible and to what was asked over this connection."""
        try:
            reply = PasswordReply.decode(text)
        except CodecError:
            return
        command = self._commands.get(str(reply.serials.tuya))
        if not command or not command.asked or command.code != code:
            return
        if command.password.edit == reply.serials.server:
            del self._commands[command.password.id]
            self._tell(_answered(command, reply))

    # Commands

    def _before(self, password: TemporaryPassword) -> TemporaryPassword | None:
        """Return what the lock has of a password, whatever it still is to be told."""
        if not _ours(password):
            raise NotSupported("Tuya's cloud made this temporary password")
        waiting = self._commands.get(password.id)
        return waiting.before if waiting else password

    def _keep(
        self,
        password: TemporaryPassword,
        before: TemporaryPassword | None,
        code: str,
        value: str,
    ) -> None:
        """Have the lock told of a password, in place of what it was to be told before."""
        waiting = self._commands.get(password.id)
        sent = waiting is not None and waiting.sent
        self._commands[password.id] = _Command(code, value, password, before, sent)
        self._send()

    def _send(self) -> None:
        """Send what has not been sent over this connection, once the lock has proved itself."""
        if not (self._door.connected and self._door.proven):
            return
        for command in self._commands.values():
            if command.asked:
                continue
            try:
                self._door.send(command.code, command.value)
            except ConnectionLost:
                return
            command.asked = command.sent = True

    def _drop_ended(self) -> None:
        """Give up what would reach the lock only after its end."""
        now = self._clock.time()
        for command in tuple(self._commands.values()):
            if command.code != DELETE and command.password.end <= now:
                del self._commands[command.password.id]
                self._tell(_failed(command))

    def _new_serial(self) -> str:
        """Return a Tuya serial that none of ours has, or had."""
        while (serial := str(1 + secrets.randbelow(_LAST_SERIAL))) in self._used:
            pass
        self._used.add(serial)
        return serial


def _wished(serial: str, edit: int, number: int | None, wish: Wish) -> TemporaryPassword:
    """Return a password as it will be once the lock has it."""
    return TemporaryPassword(
        id=serial,
        edit=edit,
        number=number,
        name=wish.name,
        start=wish.start,
        end=wish.end,
        once=wish.once,
        phase=Phase.WAITING,
    )


def _ours(password: TemporaryPassword) -> bool:
    """Return if a password has a serial of two bytes; the cloud's are longer."""
    return int(password.id) <= _LAST_SERIAL


def _store(password: TemporaryPassword, wish: Wish) -> str:
    """Return the value of a command that stores a password."""
    return _serials(password).store(wish.start, wish.end, wish.code, once=wish.once)


def _serials(password: TemporaryPassword) -> Serials:
    """Return a password's serials as they travel: the lock's number without 900."""
    number = 0 if password.number is None else password.number - FIRST_NUMBER
    return Serials(int(password.id), password.edit, number)


def _answered(command: _Command, reply: PasswordReply) -> TemporaryPassword:
    """Return a password after the lock's answer."""
    if not reply.done:
        return _failed(command)
    phase = Phase.DELETED if command.code == DELETE else Phase.ACTIVE
    number = FIRST_NUMBER + reply.serials.number
    return replace(command.password, phase=phase, number=number)


def _failed(command: _Command) -> TemporaryPassword:
    """Return a password as the lock still has it, or as it does not have it."""
    left = command.before or command.password
    return replace(left, phase=Phase.FAILED, edit=command.password.edit)
