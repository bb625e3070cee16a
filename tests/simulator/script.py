"""Commands for a simulated lock, as a person types them."""

from collections.abc import Awaitable, Callable
import json

from .lock import SimulatedLock

type Action = Callable[[SimulatedLock, list[str]], Awaitable[str]]

HELP = """\
finger N, code N, card N       somebody opens with that number
unlock METHOD N                ... with any method, such as face 2 or inside 1
type CODE                      somebody types digits at the keypad
burst METHOD N [METHOD N ...]  several people at once
store METHOD N                 somebody opened while Wi-Fi was away
request [SECONDS], end         ask to be let in, and stop asking
double-lock on|off, door open|closed, battery PERCENT
dp ID VALUE                    report anything; the value as JSON
again                          report all that the model is known to report, one after another
alarm NAME, doorbell, duress N  (with finger N)
wake [SECONDS], sleep, reboot, pull, put      radio and battery
wrong key, right key           the lock has another local key than its clients think, or not
new key                        the cloud gives the lock another remote key
announce, status, help, quit"""
ANOTHER_KEY = "f" * 16
SWITCH = {"on": True, "off": False, "open": True, "closed": False}


async def run_command(lock: SimulatedLock, line: str) -> str:
    """Carry out one line and return what to say about it; never raises for bad input."""
    words = line.split()
    if not words:
        return ""
    action = ACTIONS.get(words[0])
    if action is None:
        return f"unknown: {words[0]} (try help)"
    try:
        return await action(lock, words[1:])
    except (ValueError, KeyError, IndexError) as err:
        return f"cannot {line.strip()}: {err}"


async def _finger(lock: SimulatedLock, words: list[str]) -> str:
    return await _burst(lock, ["fingerprint", words[0]])


async def _code(lock: SimulatedLock, words: list[str]) -> str:
    return await _burst(lock, ["password", words[0]])


async def _type(lock: SimulatedLock, words: list[str]) -> str:
    return "it opens" if await lock.type_code(words[0]) else "it does not open"


async def _card(lock: SimulatedLock, words: list[str]) -> str:
    return await _burst(lock, ["card", words[0]])


async def _burst(lock: SimulatedLock, words: list[str]) -> str:
    pairs = list(zip(words[::2], map(int, words[1::2]), strict=True))
    if not pairs:
        raise ValueError("a method and a number are needed")
    await lock.burst(*pairs)
    return f"opened: {', '.join(f'{method} {number}' for method, number in pairs)}"


async def _store(lock: SimulatedLock, words: list[str]) -> str:
    await lock.store(words[0], int(words[1]))
    return f"kept for the next wake: {words[0]} {words[1]}"


async def _request(lock: SimulatedLock, words: list[str]) -> str:
    seconds = float(words[0]) if words else 60
    await lock.request(seconds)
    return f"somebody asks to be let in, for {seconds:g} seconds"


async def _end(lock: SimulatedLock, words: list[str]) -> str:
    await lock.end_request()
    return "the request is over"


async def _double_lock(lock: SimulatedLock, words: list[str]) -> str:
    await lock.double_lock(SWITCH[words[0]])
    return f"double-locked: {words[0]}"


async def _door(lock: SimulatedLock, words: list[str]) -> str:
    await lock.door(SWITCH[words[0]])
    return f"door {words[0]}"


async def _battery(lock: SimulatedLock, words: list[str]) -> str:
    await lock.battery(int(words[0]))
    return f"battery {words[0]}"


async def _dp(lock: SimulatedLock, words: list[str]) -> str:
    await lock.push({str(int(words[0])): json.loads(" ".join(words[1:]))})
    return f"reported: {words[0]}"


async def _again(lock: SimulatedLock, words: list[str]) -> str:
    return f"reported: {', '.join(await lock.report_again())}"


async def _alarm(lock: SimulatedLock, words: list[str]) -> str:
    if not words:
        return f"alarms: {' '.join(lock.table.alarms)}"
    await lock.alarm(words[0])
    return f"alarm {words[0]}"


async def _doorbell(lock: SimulatedLock, words: list[str]) -> str:
    await lock.doorbell()
    return "somebody rings"


async def _duress(lock: SimulatedLock, words: list[str]) -> str:
    await lock.forced("fingerprint", int(words[0]))
    return f"fingerprint {words[0]} under duress"


async def _wake(lock: SimulatedLock, words: list[str]) -> str:
    await lock.wake(float(words[0]) if words else None)
    return "awake"


async def _sleep(lock: SimulatedLock, words: list[str]) -> str:
    await lock.sleep()
    return "asleep"


async def _reboot(lock: SimulatedLock, words: list[str]) -> str:
    await lock.reboot()
    return "rebooted"


async def _pull(lock: SimulatedLock, words: list[str]) -> str:
    await lock.pull_battery()
    return "battery pulled"


async def _put(lock: SimulatedLock, words: list[str]) -> str:
    await lock.put_battery()
    return "battery back"


async def _wrong(lock: SimulatedLock, words: list[str]) -> str:
    lock.faults.wrong_local_key = ANOTHER_KEY
    return "new connections meet another local key"


async def _right(lock: SimulatedLock, words: list[str]) -> str:
    lock.faults.wrong_local_key = None
    return "new connections meet the right local key"


async def _new(lock: SimulatedLock, words: list[str]) -> str:
    lock.cloud_gives_key()
    return "the cloud has given the lock another key"


async def _announce(lock: SimulatedLock, words: list[str]) -> str:
    await lock.announce()
    return "announced"


async def _status(lock: SimulatedLock, words: list[str]) -> str:
    return str(lock)


async def _help(lock: SimulatedLock, words: list[str]) -> str:
    return HELP


ACTIONS: dict[str, Action] = {
    "finger": _finger,
    "code": _code,
    "card": _card,
    "type": _type,
    "unlock": _burst,
    "burst": _burst,
    "store": _store,
    "request": _request,
    "end": _end,
    "double-lock": _double_lock,
    "door": _door,
    "battery": _battery,
    "dp": _dp,
    "again": _again,
    "alarm": _alarm,
    "doorbell": _doorbell,
    "duress": _duress,
    "wake": _wake,
    "sleep": _sleep,
    "reboot": _reboot,
    "pull": _pull,
    "put": _put,
    "wrong": _wrong,
    "right": _right,
    "new": _new,
    "announce": _announce,
    "status": _status,
    "help": _help,
}
