"""What ends the tour: another local key, a restart, and a look at the log."""

from .chapter import Chapter
from .client import Json
from .conditions import expect, never, until
from .stage import Stage

NEW_LOCAL_KEY = "9f8e7d6c5b4a3210"

chapter = Chapter()
end = Chapter()


@chapter.step("wrong-key")
async def wrong_key(stage: Stage) -> None:
    """A lock that was paired again has another key: that is told, and repaired by reauth."""
    await stage.sleep()
    before, old_key = stage.counts(), stage.lock.local_key
    stage.tell("the lock was paired again: it has another local key")
    stage.lock.local_key = NEW_LOCAL_KEY
    try:
        await stage.finger(3)
        form = await stage.home.offered("reauth")
        stage.shown(await stage.home.words(form))
        await until(lambda: stage.state("lock") == "unavailable", "the lock to be unavailable")
        ended = await _reauth(stage, form)
        expect(ended == "reauth_successful", f"reauth ended: {ended}")
    except BaseException:
        stage.lock.local_key = old_key
        raise
    await until(stage.home.seen.available, "entities that are available")
    # What happened meanwhile is not lost; how long the repair took decides if it is news.
    await until(lambda: stage.events_since(before), "the unlock during the wrong key")
    await stage.wake_up()
    events = [str(event) for event in stage.events_since(before)]
    expect(sorted(events) == ["fingerprint 1", "fingerprint 3"], f"seen: {events}")


async def _reauth(stage: Stage, form: Json) -> str:
    """Give Home Assistant the right key; return how that ended."""

    async def touch(name: str) -> None:
        stage.tell("somebody touches the keypad")
        await stage.lock.wake()
        await stage.lock.announce()

    stage.user("fills in the new local key")
    return await stage.home.fill_in(form, {"local_key": NEW_LOCAL_KEY}, touch)


@chapter.step("restart")
async def restart(stage: Stage) -> None:
    """Home Assistant restarts: the last event is there, and nothing fires again."""
    home = stage.home
    await stage.sleep()
    before, last = stage.counts(), stage.events()[-1]
    stage.user("stops Home Assistant")
    await home.stop()
    stage.user("starts Home Assistant")
    await home.start_again()
    await until(home.seen.available, "entities that are available")
    stage.shown(f"the last unlock is {stage.state('unlock')}, it was {last}")
    expect(stage.state("last_opening") == last.at, f"the last unlock was {last.at}")
    await never(2.0, lambda: [*map(str, stage.events_since(before))], "fired again")
    await stage.finger(2)
    await until(lambda: stage.events_since(before), "the event of the next wake")
    # The end of this connection, and an unlock on the next, push out whatever else was held.
    await stage.sleep()
    await stage.code(4)
    await until(lambda: len(stage.events_since(before)) > 1, "the event of the wake after it")
    events = [str(event) for event in stage.events()[before[0] :]]
    expect(events == ["fingerprint 2", "password 4"], f"seen: {events}")
    expect(stage.counts()[1] == before[1], "there are late unlocks")


@end.step("log", needs_lock=False)
async def log(stage: Stage) -> None:
    """Home Assistant's log holds no warning and no error about the lock."""
    problems = stage.home.process.problems()
    expect(not problems, f"{len(problems)} warnings or errors name the integration")
