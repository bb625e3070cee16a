"""The table of checks: a scene, what is found in it, and that there are words for it."""

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
import itertools
import json
from pathlib import Path
import re
import string
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.checks import (
    CHECKS,
    CloudEvidence,
    Evidence,
    Finding,
    State,
    duration,
    examine,
)
from custom_components.tuya_wifi_lock.cloud import CloudData
from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.repairs import ISSUES
from custom_components.tuya_wifi_lock.tuyalock import (
    Address,
    Clock,
    Family,
    Firmware,
    LockState,
    Settings,
    Snapshot,
    TuyaLock,
)
from custom_components.tuya_wifi_lock.tuyalock.access.health import KeyOwner
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    CallsUsedUp,
    CloudError,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    MalformedFrame,
    NoHandshake,
    NotProven,
    OtherDevice,
    SlotTaken,
    WrongVersion,
)

NOW = 1_790_000_000.0
HOUR, DAY = 3600.0, 86400.0
ADDRESS = Address(
    host="192.0.2.7",
    port=6668,
    device_id="lock01",
    local_key=b"0123456789abcdef",
    found_version="3.4",
    announces=True,
)

INTEGRATION = Path(__file__).parent.parent / "custom_components" / DOMAIN
TEXTS = json.loads((INTEGRATION / "translations" / "en.json").read_text())

CLOUD = CloudEvidence(
    data=CloudData(allowed=True, firmware=Firmware("1.0.3", "1.0.3"), last_success=NOW),
    failure=None,
    calls=100,
)

WELL = Evidence(
    now=NOW,
    listening_since=NOW - 30 * DAY,
    heard=NOW - HOUR,
    lock=replace(
        TuyaLock(ADDRESS, Settings(), Clock()).snapshot,
        family=Family.B,
        state=LockState(battery=80),
    ),
    address=ADDRESS,
    wakes=20,
    longest_silence=10 * HOUR,
    dhcp=True,
    reported=True,
    crowded=False,
    rivals=(),
    opens_remotely=True,
    takes_keys=True,
    has_requests=True,
    key_owner=KeyOwner.US,
    clock_ahead=None,
    clock_right=True,
    clock_behind=None,
    passwords_waiting=0,
    passwords_failed=(),
    records=12,
    cloud=CLOUD,
    account_wanted=True,
    account_trouble=None,
    account_opens=False,
)
"""A lock that sleeps, and with which all is well."""


NAMES = {
    one: {field.name for field in fields(one)}
    for one in (Evidence, CloudEvidence, CloudData, Snapshot, LockState, Address)
}
"""What there is in each part of the evidence."""


def changed(evidence: Evidence, scene: Mapping[str, Any]) -> Evidence:
    """Return evidence that differs in a scene: in itself, or in the part that has what differs."""
    left = dict(scene)

    def part[T: (Evidence, CloudEvidence, CloudData, Snapshot, LockState, Address)](one: T) -> T:
        names = NAMES[type(one)] & left.keys()
        return replace(one, **{name: left.pop(name) for name in names}) if names else one

    evidence = part(evidence)
    lock, cloud = part(evidence.lock), evidence.cloud
    if (state := part(lock.state)) is not lock.state:
        lock = replace(lock, state=state)
    if cloud:
        cloud = replace(part(cloud), data=part(cloud.data))
    address = part(evidence.address)
    assert not left or cloud is None
    return replace(evidence, lock=lock, address=address, cloud=cloud)


NEW: dict[str, Any] = {
    "heard": None,
    "wakes": 0,
    "longest_silence": None,
    "reported": False,
    "found_version": None,
    "family": None,
    "opens_remotely": None,
    "allowed": None,
    "takes_keys": None,
    "key_owner": None,
    "clock_right": None,
    "battery": None,
    "records": 0,
}
"""A lock of which nothing is known yet."""
GATEWAY = {"local_key": b"", "cloud": None}
"""A lock that is used through Tuya."""
WAITING = {"passwords_waiting": 2}


def fails(failure: CloudError) -> dict[str, Any]:
    """Return how the cloud fails."""
    return {"failure": failure}


def refused(code: int) -> dict[str, Any]:
    """Return how the cloud refuses, with Tuya's code."""
    return fails(CloudRefused(code))


OK, ATTENTION, PROBLEM, UNKNOWN = State

SCENES: list[tuple[dict[str, Any], str, State, str]] = [
    # What is different from a lock that is well; check, state and text.
    ({}, "heard", OK, "asleep"),
    ({"awake": True}, "heard", OK, "connected"),
    ({"heard": NOW - 1.9 * DAY}, "heard", OK, "asleep"),
    ({"heard": NOW - 2.1 * DAY}, "heard", ATTENTION, "silent"),
    ({"heard": NOW - 5 * DAY, "longest_silence": 2 * DAY}, "heard", OK, "asleep"),
    ({"heard": NOW - 7 * DAY, "longest_silence": 2 * DAY}, "heard", ATTENTION, "silent"),
    ({"heard": NOW - 9 * DAY, "listening_since": NOW - HOUR}, "heard", UNKNOWN, "not_again_yet"),
    ({"heard": NOW - 9 * DAY, "longest_silence": None}, "heard", UNKNOWN, "usual_unknown"),
    (NEW | {"listening_since": NOW - HOUR}, "heard", UNKNOWN, "not_yet"),
    (NEW | {"listening_since": NOW - 3 * DAY}, "heard", ATTENTION, "never_heard"),
    ({"stays": True, "heard": NOW - 60}, "heard", OK, "just_gone"),
    ({"stays": True, "missing": True, "heard": NOW - 60}, "heard", PROBLEM, "missing"),
    ({"stays": True, "missing": True, "heard": NOW - 2 * HOUR}, "heard", PROBLEM, "gone"),
    (GATEWAY, "heard", OK, "heard_through_tuya"),
    (GATEWAY | {"cloud": CLOUD}, "remote_unlock", OK, "remote_by_project"),
    (GATEWAY | {"account_opens": True}, "remote_unlock", OK, "remote_by_account"),
    (GATEWAY | {"account_opens": False}, "remote_unlock", ATTENTION, "remote_needs_project"),
    (GATEWAY | NEW, "heard", UNKNOWN, "through_tuya_not_yet"),
    (GATEWAY | {"account_trouble": "offline"}, "account", PROBLEM, "through_tuya_not_heard"),
    (GATEWAY | {"account_trouble": "connecting"}, "account", UNKNOWN, "account_connecting"),
    (GATEWAY | {"account_trouble": None}, "account", OK, "account_hears"),
    (
        GATEWAY | {"cloud": CLOUD, "account_trouble": "no_login", "account_wanted": False},
        "account",
        OK,
        "through_tuya_late",
    ),
    (
        GATEWAY | {"cloud": CLOUD, "account_trouble": "no_lock", "account_wanted": True},
        "account",
        ATTENTION,
        "through_tuya_late",
    ),
    ({"stays": True, "awake": True, "heard": NOW - 9 * DAY}, "heard", OK, "connected"),
    ({}, "hints", OK, "announces_and_dhcp"),
    ({"dhcp": False}, "hints", OK, "announces"),
    ({"announces": False}, "hints", OK, "dials_and_dhcp"),
    ({"announces": False, "dhcp": False}, "hints", OK, "dials"),
    ({"stays": True}, "hints", OK, "stays_connected"),
    ({}, "address", OK, "located"),
    ({"host": None}, "address", ATTENTION, "not_located"),
    ({}, "local_key", OK, "key_accepted"),
    ({"key_refused": True}, "local_key", PROBLEM, "key_refused"),
    ({"problem": NoHandshake()}, "local_key", ATTENTION, "no_handshake"),
    (NEW | {"problem": NotProven()}, "local_key", ATTENTION, "key_not_proven"),
    ({"problem": NotProven()}, "local_key", OK, "key_accepted"),
    ({"problem": OtherDevice()}, "address", PROBLEM, "other_device"),
    (NEW, "local_key", UNKNOWN, "key_untried"),
    ({}, "protocol_version", OK, "version"),
    ({"version": "3.3"}, "protocol_version", OK, "version"),
    ({"problem": WrongVersion("3.5")}, "protocol_version", PROBLEM, "wrong_version"),
    ({"problem": MalformedFrame()}, "protocol_version", ATTENTION, "garbage"),
    (NEW, "protocol_version", UNKNOWN, "version_unknown"),
    ({}, "connection", OK, "slot_free"),
    (NEW, "connection", UNKNOWN, "slot_unknown"),
    ({"problem": SlotTaken()}, "connection", UNKNOWN, "slot_taken_once"),
    ({"problem": SlotTaken(), "crowded": True}, "connection", PROBLEM, "slot_taken"),
    (
        {"problem": SlotTaken(), "rivals": ("LocalTuya",)},
        "connection",
        PROBLEM,
        "slot_taken_by",
    ),
    ({"rivals": ("LocalTuya", "Tuya Local")}, "connection", ATTENTION, "rivals"),
    ({}, "remote_unlock", OK, "remote_by_key"),
    ({"family": Family.A}, "remote_unlock", OK, "remote_by_reply"),
    ({"opens_remotely": False}, "remote_unlock", ATTENTION, "remote_unsupported"),
    (NEW, "remote_unlock", UNKNOWN, "remote_unknown"),
    ({}, "remote_unlock_allowed", OK, "remote_allowed"),
    ({"allowed": None}, "remote_unlock_allowed", OK, "remote_allowed"),
    ({"allowed": False}, "remote_unlock_allowed", PROBLEM, "remote_not_allowed"),
    ({"takes_keys": False}, "remote_unlock_allowed", ATTENTION, "remote_key_refused"),
    (
        {"allowed": None, "takes_keys": False},
        "remote_unlock_allowed",
        PROBLEM,
        "remote_perhaps_not_allowed",
    ),
    (NEW, "remote_unlock_allowed", UNKNOWN, "remote_allowed_unknown"),
    ({"request_until": NOW + 60}, "unlock_request", OK, "request_open"),
    ({}, "unlock_request", OK, "request_closed"),
    ({}, "remote_key", OK, "key_ours"),
    ({"key_owner": KeyOwner.CLOUD}, "remote_key", OK, "key_of_cloud"),
    ({"key_owner": KeyOwner.NOBODY}, "remote_key", ATTENTION, "key_of_nobody"),
    ({"key_owner": None}, "remote_key", UNKNOWN, "key_owner_unknown"),
    ({}, "clock", OK, "clock_right"),
    ({"clock_behind": HOUR, "clock_right": None}, "clock", PROBLEM, "clock_behind"),
    ({"clock_behind": -HOUR, "clock_right": None}, "clock", PROBLEM, "clock_ahead"),
    ({"clock_behind": 30.0, "clock_right": True}, "clock", OK, "clock_right"),
    ({"clock_ahead": 8 * HOUR, "clock_right": False}, "clock", PROBLEM, "clock_ahead"),
    ({"clock_right": False}, "clock", PROBLEM, "clock_wrong"),
    ({"clock_right": None}, "clock", UNKNOWN, "clock_unknown"),
    ({"now": 30.0}, "clock", PROBLEM, "home_clock"),
    ({"battery": 21}, "battery", OK, "battery"),
    ({"battery": 20}, "battery", ATTENTION, "battery_replace"),
    ({"battery": 15}, "battery", ATTENTION, "battery_replace"),
    ({"battery": 14}, "battery", PROBLEM, "battery_unreliable"),
    ({"battery": 6}, "battery", PROBLEM, "battery_unreliable"),
    ({"battery": 5}, "battery", PROBLEM, "battery_failing"),
    ({"battery": 0}, "battery", PROBLEM, "battery_failing"),
    ({"battery": None, "battery_level": "high"}, "battery", OK, "battery_level"),
    ({"battery": None, "battery_level": "medium"}, "battery", OK, "battery_level"),
    ({"battery": None, "battery_level": "low"}, "battery", PROBLEM, "battery_level_low"),
    ({"battery": None, "battery_level": "poweroff"}, "battery", PROBLEM, "battery_level_failing"),
    ({"battery": None}, "battery", UNKNOWN, "battery_unknown"),
    ({}, "passwords", OK, "passwords_settled"),
    (WAITING, "passwords", ATTENTION, "passwords_waiting"),
    (WAITING | {"passwords_failed": ("Guest",)}, "passwords", PROBLEM, "passwords_failed"),
    ({}, "records", OK, "records"),
    ({"records": 0}, "records", ATTENTION, "no_records"),
    ({"records": 0, "longest_silence": None}, "records", UNKNOWN, "no_records_yet"),
    ({}, "cloud", OK, "cloud_account"),
    ({"last_success": None}, "cloud", UNKNOWN, "cloud_not_asked"),
    (fails(CloudUnreachable()), "cloud", ATTENTION, "cloud_unreachable"),
    (fails(CloudSilent()), "cloud", ATTENTION, "cloud_silent"),
    (refused(1110), "cloud", ATTENTION, "cloud_busy"),
    (refused(1010), "cloud", ATTENTION, "cloud_token"),
    (refused(1), "cloud", ATTENTION, "cloud_fails"),
    (refused(1013), "cloud", PROBLEM, "cloud_clock"),
    (refused(1114), "cloud", PROBLEM, "cloud_ip_denied"),
    (refused(1106), "cloud", PROBLEM, "cloud_no_permission"),
    (refused(2006), "cloud", PROBLEM, "cloud_wrong_region"),
    (refused(1004), "cloud", PROBLEM, "cloud_wrong_secret"),
    (refused(28841004), "cloud", OK, "cloud_account"),
    ({}, "cloud_service", OK, "cloud_service"),
    (refused(28841101), "cloud_service", PROBLEM, "cloud_no_lock_service"),
    (refused(28841002), "cloud_service", PROBLEM, "cloud_trial_expired"),
    (refused(1004), "cloud_service", UNKNOWN, "cloud_service_unknown"),
    ({}, "cloud_quota", OK, "cloud_calls"),
    ({"calls": 16_001}, "cloud_quota", ATTENTION, "cloud_many_calls"),
    (refused(28841004), "cloud_quota", PROBLEM, "cloud_quota"),
    (fails(CallsUsedUp()), "cloud_quota", PROBLEM, "cloud_calls_used_up"),
    ({}, "firmware", OK, "firmware"),
    ({}, "account", OK, "account"),
    ({"account_opens": True}, "account", OK, "account_opens"),
    ({"account_wanted": False}, "account", OK, "account"),
    ({"account_trouble": "no_login"}, "account", ATTENTION, "account_no_login"),
    ({"account_trouble": "signed_out"}, "account", ATTENTION, "account_signed_out"),
    ({"account_trouble": "disabled"}, "account", ATTENTION, "account_disabled"),
    ({"account_trouble": "waiting"}, "account", UNKNOWN, "account_waiting"),
    ({"account_trouble": "no_lock"}, "account", ATTENTION, "account_no_lock"),
    ({"account_trouble": "connecting"}, "account", UNKNOWN, "account_connecting"),
    ({"account_trouble": "offline"}, "account", ATTENTION, "account_offline"),
    ({"account_trouble": "unexpected"}, "account", ATTENTION, "account_unexpected"),
    ({"firmware": Firmware("1.0.3", "1.1.0")}, "firmware", ATTENTION, "firmware_old"),
]

NOT_CONCERNED: list[tuple[dict[str, Any], set[str]]] = [
    ({"cloud": None}, {"cloud", "cloud_service", "cloud_quota", "firmware"}),
    ({"host": None, "announces": False}, {"hints"}),
    (
        {"opens_remotely": False},
        {"remote_unlock_allowed", "unlock_request", "remote_key"},
    ),
    ({"family": Family.A}, {"remote_key"}),
    ({"stays": True, "battery": None}, {"battery", "unlock_request"}),
    ({"passwords_waiting": None}, {"passwords"}),
    ({"firmware": None}, {"firmware"}),
    (
        GATEWAY,
        {
            "hints",
            "address",
            "local_key",
            "protocol_version",
            "connection",
            "unlock_request",
            "remote_key",
            "cloud",
            "cloud_service",
            "cloud_quota",
            "firmware",
        },
    ),
    ({"account_wanted": False, "account_trouble": "no_login"}, {"account"}),
    ({"account_wanted": False, "account_trouble": "signed_out"}, {"account"}),
    ({"account_wanted": False, "account_trouble": "no_lock"}, {"account"}),
    (NEW, {"remote_key"}),
]


@pytest.mark.parametrize(("scene", "check", "state", "text"), SCENES)
def test_what_is_found_in_a_scene(
    scene: dict[str, Any], check: str, state: State, text: str
) -> None:
    (finding,) = [one for one in examine(changed(WELL, scene)) if one.check == check]
    assert (finding.state, finding.text) == (state, text)


@pytest.mark.parametrize(("scene", "checks"), NOT_CONCERNED)
def test_what_does_not_concern_a_lock_is_left_out(scene: dict[str, Any], checks: set[str]) -> None:
    found = {finding.check for finding in examine(changed(WELL, scene))}
    assert found == CHECKS.keys() - checks


def test_a_lock_that_is_well_has_only_good_findings() -> None:
    assert {finding.state for finding in examine(WELL)} == {OK}


# Words


def texts(kind: str) -> dict[str, str]:
    options: dict[str, str] = TEXTS["selector"][kind]["options"]
    return options


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("scene", "check", "state", "text"), SCENES)
def test_each_finding_has_words_and_what_is_not_well_says_what_to_do(
    scene: dict[str, Any], check: str, state: State, text: str
) -> None:
    (finding,) = [one for one in examine(changed(WELL, scene)) if one.check == check]
    seen, todo = texts("finding_seen")[text], texts("finding_todo").get(text)
    assert placeholders(seen) | placeholders(todo or "") <= finding.values.keys()
    assert todo or state in {OK, UNKNOWN}
    for words in filter(None, (seen, todo)):
        assert words[0].isupper() or words.startswith("{")
        assert words.endswith(".")


def test_the_table_of_scenes_has_every_text_that_there_is() -> None:
    sources = (INTEGRATION / "checks.py").read_text()
    named = set(re.findall(r'State\.\w+, "(\w+)"', sources))
    tested = {text for *_, text in SCENES}
    assert named <= tested
    assert tested == texts("finding_seen").keys()
    assert texts("finding_todo").keys() < tested
    assert {check for _, check, _, _ in SCENES} == CHECKS.keys()


def test_each_repair_has_a_finding_and_words_with_values_that_the_finding_has() -> None:
    for scene, check, state, text in SCENES:
        if text not in ISSUES:
            continue
        (finding,) = [one for one in examine(changed(WELL, scene)) if one.check == check]
        words = TEXTS["issues"][ISSUES[text]]
        used = placeholders(words["title"]) | placeholders(words["description"])
        assert used <= finding.values.keys() | {"lock"}
        assert state in {PROBLEM, ATTENTION}
    assert ISSUES.keys() <= {text for *_, text in SCENES}


# No two findings contradict each other


SETTLED = {"connected", "asleep", "just_gone"}
CONTRADICTIONS: list[tuple[set[str], set[str]]] = [
    # Texts of which no two may be found together.
    (SETTLED, {"silent", "gone", "missing", "never_heard", "not_yet", "not_again_yet"}),
    ({"connected"}, {"key_untried", "slot_unknown", "not_yet", "usual_unknown"}),
    ({"key_refused", "no_handshake"}, {"key_accepted"}),
    ({"never_heard", "not_yet"}, {"key_accepted", "slot_free", "records"}),
    ({"remote_unsupported"}, {"remote_allowed", "request_open", "key_ours", "remote_by_key"}),
    ({"remote_by_reply"}, {"key_ours", "key_of_cloud", "key_of_nobody"}),
    ({"stays_connected"}, {"asleep", "silent", "request_closed", "battery_unknown"}),
    (
        {"cloud_wrong_secret", "cloud_no_permission", "cloud_fails", "cloud_not_asked"},
        {"cloud_service", "cloud_no_lock_service", "cloud_quota"},
    ),
    ({"no_records", "no_records_yet"}, {"records"}),
    ({"clock_right"}, {"clock_ahead", "clock_wrong"}),
]


def test_nothing_speaks_of_a_project_to_an_owner_without_one() -> None:
    """But where one is what would help: a lock that is not in the network and not in an account."""
    found = {
        finding.text for evidence in scenes() for finding in examine(replace(evidence, cloud=None))
    }
    words = TEXTS["selector"]
    told = {
        text
        for text in found
        for kind in ("finding_seen", "finding_todo")
        if "project" in words[kind]["options"].get(text, "")
    }
    assert told <= {"remote_needs_project", "through_tuya_not_heard"}


@cache
def scenes() -> list[Evidence]:
    """Return a lock in every pair of scenes of the table that can be at the same time."""
    return [
        possible(changed(WELL, {**one, **other}))
        for (one, *_), (other, *_) in itertools.product(SCENES, repeat=2)
    ]


def possible(evidence: Evidence) -> Evidence:
    """Return what the core lets be at the same time."""
    changes: dict[str, Any] = {}
    if evidence.lock.awake:
        # A connection ends every problem and makes itself heard.
        changes |= {"problem": None, "key_refused": False, "crowded": False, "host": ADDRESS.host}
        changes |= {"heard": evidence.heard or evidence.now}
    if evidence.heard is None:
        changes |= {"records": 0, "reported": False} if not evidence.lock.awake else {}
    return changed(evidence, changes)


def test_no_scene_yields_two_findings_that_contradict_each_other() -> None:
    for evidence in scenes():
        found = examine(evidence)
        assert len({finding.check for finding in found}) == len(found)
        seen = {finding.text for finding in found}
        for some, others in CONTRADICTIONS:
            assert not (seen & some and seen & others), (seen & some, seen & others, evidence)


def test_a_problem_is_told_once() -> None:
    for evidence in scenes():
        issues = [ISSUES[one.text] for one in examine(evidence) if one.text in ISSUES]
        assert len(issues) == len(set(issues))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2 h"),
        (8 * HOUR, "8 h"),
        (2 * DAY, "2 d"),
        (9.6 * DAY, "10 d"),
    ],
)
def test_durations_are_round(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_finding_says_how_long_and_how_many() -> None:
    silent = changed(WELL, {"heard": NOW - 7 * DAY, "battery": 12})
    values = {finding.check: finding.values for finding in examine(silent)}
    assert values["heard"] == {"silence": "7 d", "usual": "10 h"}
    assert values["battery"] == {"percent": "12"}
    assert Finding("battery", OK, "battery").values == {}
