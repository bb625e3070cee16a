"""The book of temporary passwords: who has a place, who had which number, what may be requested."""

from dataclasses import asdict, replace
import json
import re
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock.access.passwords import (
    HISTORY,
    MAX_VALID,
    PasswordBook,
    is_trivial,
    new_code,
)
from custom_components.tuya_wifi_lock.tuyalock.exceptions import Mistake, PasswordRefused
from custom_components.tuya_wifi_lock.tuyalock.models import (
    PasswordPhase,
    PasswordRequest,
    TemporaryPassword,
    Weekly,
)
from custom_components.tuya_wifi_lock.tuyalock.storage import dump

NOW = 1_790_000_000.0
HOUR = 3600


def request(name: str = "Guest", **changes: Any) -> PasswordRequest:
    values = {"code": "7391846", "start": int(NOW), "end": int(NOW) + HOUR, "once": False}
    return PasswordRequest(name=name, **values | changes)


def password(name: str = "Guest", **changes: Any) -> TemporaryPassword:
    values: dict[str, Any] = {
        "id": f"id of {name}",
        "start": int(NOW) - HOUR,
        "end": int(NOW) + HOUR,
        "once": False,
        "phase": PasswordPhase.ACTIVE,
    }
    return TemporaryPassword(name=name, **values | changes)


def book(*passwords: TemporaryPassword, now: float = NOW) -> PasswordBook:
    result = PasswordBook()
    for one in passwords:
        result.put(one, now)
    return result


def stored(original: PasswordBook) -> PasswordBook:
    """Return the book after a restart."""
    return PasswordBook(json.loads(json.dumps(dump(original.stored), allow_nan=False)))


def name_of(passwords: PasswordBook, number: int, at: float) -> str | None:
    """Return whose number it was at a Unix time."""
    used = passwords.used(number, at)
    return used.name if used else None


def mistake(of: pytest.ExceptionInfo[PasswordRefused]) -> Mistake:
    return of.value.mistake


# What counts


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"phase": PasswordPhase.WAITING}, True),
        ({"phase": PasswordPhase.ACTIVE}, True),
        ({"phase": PasswordPhase.ACTIVE, "start": int(NOW) + 60}, True),
        ({"phase": PasswordPhase.DELETING}, True),
        ({"phase": PasswordPhase.DELETING, "end": int(NOW) - 60}, True),
        ({"phase": PasswordPhase.UNKNOWN}, True),
        ({"phase": PasswordPhase.DELETED}, False),
        ({"phase": PasswordPhase.FAILED}, False),
        ({"phase": PasswordPhase.FAILED, "number": 903}, True),
        ({"phase": PasswordPhase.ACTIVE, "end": int(NOW)}, False),
        ({"phase": PasswordPhase.WAITING, "end": int(NOW) - 60}, False),
        ({"phase": PasswordPhase.FAILED, "number": 903, "end": int(NOW) - 60}, False),
    ],
)
def test_what_takes_a_place_in_the_lock(changes: dict[str, Any], counts: bool) -> None:
    shown = book(password(**changes)).valid(NOW)
    assert [one.name for one in shown] == ["Guest"] * counts


def test_eight_less_two_and_five_as_the_vendor_tells_it() -> None:
    passwords = book(*(password(f"P{number}") for number in range(8)))
    for number in (0, 1):
        passwords.put(password(f"P{number}", phase=PasswordPhase.DELETING), NOW)
    for name in ("N0", "N1"):
        passwords.check_addition(request(name), NOW)
        passwords.put(password(name, phase=PasswordPhase.WAITING), NOW)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_addition(request("N2"), NOW)
    assert mistake(refused) is Mistake.BOOK_FULL

    in_the_lock = [f"P{number}" for number in range(2, 8)] + ["N0", "N1"]
    passwords.merge([password(name) for name in in_the_lock], NOW)

    for name in ("N2", "N3"):
        passwords.check_addition(request(name), NOW)
        passwords.put(password(name, phase=PasswordPhase.WAITING), NOW)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_addition(request("N4"), NOW)
    assert mistake(refused) is Mistake.BOOK_FULL


@given(
    st.lists(st.sampled_from(list(PasswordPhase)), min_size=1, max_size=30),
    st.lists(st.integers(-3, 3), min_size=30, max_size=30),
)
def test_there_is_room_exactly_while_fewer_than_ten_count(
    phases: list[PasswordPhase], ends: list[int]
) -> None:
    passwords = book(
        *(
            password(f"P{number}", phase=phase, end=int(NOW) + ends[number] * HOUR)
            for number, phase in enumerate(phases)
        )
    )
    gone = {PasswordPhase.DELETED, PasswordPhase.FAILED}
    valid = [
        phase
        for number, phase in enumerate(phases)
        if phase not in gone and (phase is PasswordPhase.DELETING or ends[number] > 0)
    ]
    assert len(passwords.valid(NOW)) == len(valid)
    # A phase that nobody has explained is left to the cloud.
    counted = sum(phase is not PasswordPhase.UNKNOWN for phase in valid)
    if counted < MAX_VALID:
        passwords.check_addition(request("New"), NOW)
    else:
        with pytest.raises(PasswordRefused) as refused:
            passwords.check_addition(request("New"), NOW)
        assert mistake(refused) is Mistake.BOOK_FULL


def test_what_is_over_takes_a_place_again_only_where_there_is_room() -> None:
    passwords = book(*(password(f"P{number}") for number in range(MAX_VALID)))
    over = password("Over", end=int(NOW) - HOUR)
    passwords.put(over, NOW)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_change(over, request("Over"), NOW)
    assert mistake(refused) is Mistake.BOOK_FULL
    passwords.check_change(passwords.find("P0"), request("P0"), NOW)
    passwords.put(replace(passwords.find("P0"), phase=PasswordPhase.DELETED), NOW)
    passwords.check_change(over, request("Over"), NOW)


@pytest.mark.parametrize(
    ("phase", "waits"),
    [
        (PasswordPhase.WAITING, True),
        (PasswordPhase.DELETING, True),
        (PasswordPhase.ACTIVE, False),
        (PasswordPhase.DELETED, False),
        (PasswordPhase.FAILED, False),
        (PasswordPhase.UNKNOWN, False),
    ],
)
def test_what_waits_for_the_lock(phase: PasswordPhase, waits: bool) -> None:
    assert book(password(phase=phase)).unsettled == int(waits)
    assert not book().unsettled


@pytest.mark.parametrize(
    ("changes", "later", "matters"),
    [
        ({}, {}, True),
        ({"end": int(NOW)}, {}, False),
        ({"phase": PasswordPhase.DELETED}, {}, False),
        ({"number": 903}, {}, True),
        ({}, {"name": "GUEST", "phase": PasswordPhase.WAITING}, False),
        ({}, {"phase": PasswordPhase.ACTIVE}, False),
        ({}, {"phase": PasswordPhase.DELETING}, True),
        ({}, {"phase": PasswordPhase.DELETED}, True),
        ({}, {"name": "Aunt", "phase": PasswordPhase.ACTIVE}, True),
        ({}, {"phase": PasswordPhase.ACTIVE, "end": int(NOW)}, True),
    ],
)
def test_what_the_lock_has_not_taken_matters_until_it_is_requested_again_or_over(
    changes: dict[str, Any], later: dict[str, Any], matters: bool
) -> None:
    first = password("Guest", **{"phase": PasswordPhase.FAILED} | changes)
    passwords = book(first, *([password(**{"id": "another"} | later)] if later else []))
    assert [one.name for one in passwords.failed(NOW)] == ["Guest"] * matters


# What may be requested


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": ""}, Mistake.BAD_NAME),
        ({"name": "a" * 21}, Mistake.BAD_NAME),
        ({"code": "123"}, Mistake.BAD_CODE),
        ({"code": "12345678901"}, Mistake.BAD_CODE),
        ({"code": "12345a7"}, Mistake.BAD_CODE),
        ({"code": "١٢٣٤٥٦٧"}, Mistake.BAD_CODE),
        ({"code": "12345²7"}, Mistake.BAD_CODE),
        ({"end": int(NOW)}, Mistake.END_BEFORE_START),
        ({"start": int(NOW) + 2 * HOUR}, Mistake.END_BEFORE_START),
        ({"start": int(NOW) - HOUR, "end": int(NOW)}, Mistake.END_IN_PAST),
        ({"end": 1 << 32}, Mistake.BEYOND_CLOCK),
        ({"start": -1}, Mistake.BEYOND_CLOCK),
    ],
)
def test_a_request_that_no_lock_can_fulfil_is_refused(
    changes: dict[str, Any], expected: Mistake
) -> None:
    with pytest.raises(PasswordRefused) as refused:
        book().check_addition(request(**changes), NOW)
    assert mistake(refused) is expected
    there = password("Old")
    with pytest.raises(PasswordRefused) as refused:
        book(there).check_change(there, request(**changes), NOW)
    assert mistake(refused) is expected


def test_a_name_may_have_twenty_letters_and_a_code_may_be_easy_if_somebody_wants_it() -> None:
    book().check_addition(request("a" * 20, code="1111111"), NOW)


@pytest.mark.parametrize(
    "phase", [PasswordPhase.WAITING, PasswordPhase.ACTIVE, PasswordPhase.UNKNOWN]
)
def test_a_name_is_given_once(phase: PasswordPhase) -> None:
    with pytest.raises(PasswordRefused) as refused:
        book(password("Guest", phase=phase)).check_addition(request("guest"), NOW)
    assert mistake(refused) is Mistake.NAME_TAKEN


@pytest.mark.parametrize(
    "changes",
    [
        {"phase": PasswordPhase.DELETING},
        {"phase": PasswordPhase.DELETED},
        {"phase": PasswordPhase.FAILED},
        {"end": int(NOW) - 60},
    ],
)
def test_a_name_is_free_again_once_its_password_is_over(changes: dict[str, Any]) -> None:
    book(password("Guest", **changes)).check_addition(request("Guest"), NOW)


def test_a_password_may_keep_its_name_but_not_take_another_s() -> None:
    guest, cleaner = password("Guest"), password("Cleaner")
    passwords = book(guest, cleaner)
    passwords.check_change(guest, request("Guest"), NOW)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_change(guest, request("Cleaner"), NOW)
    assert mistake(refused) is Mistake.NAME_TAKEN


def test_each_of_two_that_have_one_name_from_the_app_can_be_changed() -> None:
    first, second = (password(id=id_) for id_ in ("1", "2"))
    ended = password(id="3", end=int(NOW) - 60)
    passwords = book(first, second, ended)
    passwords.check_change(first, request(), NOW)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_change(ended, request(), NOW)
    assert mistake(refused) is Mistake.NAME_TAKEN


def test_a_change_needs_no_further_place() -> None:
    passwords = book(*(password(f"P{number}") for number in range(MAX_VALID)))
    passwords.check_change(passwords.find("P3"), request("P3"), NOW)


def test_what_is_to_be_deleted_is_not_changed_any_more() -> None:
    there = password(phase=PasswordPhase.DELETING)
    with pytest.raises(PasswordRefused) as refused:
        book(there).check_change(there, request(), NOW)
    assert mistake(refused) is Mistake.NO_SUCH_PASSWORD


# Finding


@pytest.mark.parametrize("which", ["Guest", "guest", 903, 3, "903", "3"])
def test_a_password_is_found_by_name_and_by_both_forms_of_its_number(which: str | int) -> None:
    passwords = book(password("Guest", number=903), password("Cleaner", number=904))
    assert passwords.find(which).name == "Guest"


def test_a_name_that_looks_like_a_number_is_a_name_first() -> None:
    passwords = book(password("Guest", number=903), password("903", number=904))
    assert passwords.find(903).name == "903"
    assert passwords.find(3).name == "Guest"


def test_nobody_is_taken_for_another_by_being_called_like_its_id() -> None:
    meant = password("Guest", id="31000001")
    passwords = book(password(meant.id, id="31000002"), meant)
    assert passwords.find(meant.id) == meant


@pytest.mark.parametrize(
    "which", ["Nobody", 905, "905", "", "³", pytest.param("9" * 5000, id="long")]
)
def test_what_nobody_has_is_not_found(which: str | int) -> None:
    passwords = book(password("Guest", number=903), password("New", phase=PasswordPhase.WAITING))
    assert passwords.search(which) is None
    with pytest.raises(PasswordRefused) as refused:
        passwords.find(which)
    assert mistake(refused) is Mistake.NO_SUCH_PASSWORD


def test_what_is_not_in_the_lock_is_not_found() -> None:
    assert book(password(phase=PasswordPhase.DELETED)).search("Guest") is None


def test_what_the_lock_has_not_taken_is_found_unless_it_was_requested_again() -> None:
    failed = password(phase=PasswordPhase.FAILED)
    passwords = book(failed)
    assert passwords.find("Guest").id == failed.id
    again = replace(failed, id="another id", phase=PasswordPhase.WAITING)
    passwords.put(again, NOW)
    assert passwords.find("Guest").id == again.id


def test_what_the_lock_would_not_change_is_still_found() -> None:
    passwords = book(password(phase=PasswordPhase.FAILED, number=903))
    assert passwords.find("Guest").phase is PasswordPhase.FAILED


def test_of_two_with_a_name_it_is_the_one_that_stays() -> None:
    passwords = book(
        password("Guest", id="new", end=int(NOW) + 60),
        password("Guest", id="deleting", phase=PasswordPhase.DELETING),
        password("Guest", id="over", end=int(NOW) - 60),
    )
    assert passwords.find("Guest").id == "new"


# Names of numbers


@pytest.mark.parametrize("number", [903, 3])
def test_a_record_names_its_password(number: int) -> None:
    passwords = book(password("Guest", number=903), password("Cleaner", number=904))
    assert name_of(passwords, number, NOW) == "Guest"
    assert name_of(passwords, 905, NOW) is None


@pytest.mark.parametrize("at", [NOW - 2 * HOUR - 1, NOW + HOUR + 1])
def test_a_record_outside_its_time_is_somebody_else_s(at: float) -> None:
    assert name_of(book(password(number=903)), 903, at) is None


def test_an_old_record_names_who_had_the_slot_then() -> None:
    passwords = book(password("Guest", number=903))
    passwords.merge([], NOW)
    passwords.put(password("Cleaner", number=903, start=int(NOW) - HOUR), NOW + 10)
    passwords = stored(passwords)
    assert name_of(passwords, 903, NOW - 60) == "Guest"
    assert name_of(passwords, 903, NOW + 60) == "Cleaner"


def test_of_several_that_had_a_slot_it_is_the_first_that_left_it_afterwards() -> None:
    passwords = book()
    for number in range(5):
        name = f"P{number}"
        passwords.put(password(name, number=903), NOW)
        passwords.merge([], NOW + 10 * number)
    for number in range(5):
        assert name_of(passwords, 903, NOW + 10 * number - 5) == f"P{number}"


def test_a_number_that_nobody_has_is_that_of_the_only_one_without() -> None:
    cleaner = password("Cleaner", phase=PasswordPhase.WAITING)
    passwords = book(password("Guest", number=903), cleaner)
    assert name_of(passwords, 904, NOW) == "Cleaner"
    assert name_of(passwords, 904, NOW - HOUR - 1) is None
    passwords.put(password("Plumber", phase=PasswordPhase.WAITING), NOW)
    assert name_of(passwords, 904, NOW) is None


@pytest.mark.parametrize("phase", [PasswordPhase.FAILED, PasswordPhase.DELETED])
def test_a_number_is_not_that_of_a_password_that_never_came(phase: PasswordPhase) -> None:
    assert name_of(book(password(phase=phase)), 904, NOW - 1) is None


# The cloud's list


def test_what_is_listed_is_the_truth() -> None:
    passwords = book(password("Guest", phase=PasswordPhase.WAITING))
    passwords.merge([password("Guest", number=903), password("From the app")], NOW)
    assert [(one.name, one.phase, one.number) for one in passwords] == [
        ("Guest", PasswordPhase.ACTIVE, 903),
        ("From the app", PasswordPhase.ACTIVE, None),
    ]


def test_a_list_takes_away_no_number_and_no_edit_that_are_known() -> None:
    passwords = book(password(number=903, edit=4))
    passwords.merge([password(phase=PasswordPhase.WAITING)], NOW)
    (one,) = passwords
    assert (one.phase, one.number, one.edit) == (PasswordPhase.WAITING, 903, 4)


@pytest.mark.parametrize(
    "phase",
    [
        PasswordPhase.WAITING,
        PasswordPhase.ACTIVE,
        PasswordPhase.DELETING,
        PasswordPhase.UNKNOWN,
        PasswordPhase.DELETED,
    ],
)
def test_what_is_not_listed_any_more_is_deleted(phase: PasswordPhase) -> None:
    passwords = book(password(phase=phase))
    passwords.merge([], NOW)
    (one,) = passwords
    assert (one.phase, one.gone) == (PasswordPhase.DELETED, NOW)
    assert not passwords.unsettled
    passwords.merge([], NOW + 10)
    (one,) = passwords
    assert one.gone == NOW


def test_what_failed_stays_failed_when_it_is_not_listed() -> None:
    passwords = book(password(phase=PasswordPhase.FAILED))
    passwords.merge([], NOW + 10)
    (one,) = passwords
    assert (one.phase, one.gone) == (PasswordPhase.FAILED, NOW)


def test_what_was_missing_once_and_is_listed_again_is_there() -> None:
    passwords = book(password(number=903))
    passwords.merge([], NOW)
    passwords.merge([password()], NOW + 10)
    (one,) = passwords.valid(NOW + 10)
    assert (one.phase, one.gone, one.number) == (PasswordPhase.ACTIVE, None, 903)


def test_the_last_ones_that_are_over_are_remembered() -> None:
    passwords = book()
    for number in range(HISTORY + 5):
        passwords.put(password(f"P{number}", phase=PasswordPhase.DELETED), NOW + number)
    passwords.put(password("Over", end=int(NOW) + HISTORY), NOW + 2 * HOUR)
    names = [one.name for one in passwords]
    assert names == [f"P{number}" for number in range(6, HISTORY + 5)] + ["Over"]


def test_what_is_valid_is_never_forgotten() -> None:
    passwords = book(password("Guest"))
    for number in range(2 * HISTORY):
        passwords.put(password(f"P{number}", phase=PasswordPhase.DELETED), NOW)
    assert passwords.find("Guest")
    assert len(list(passwords)) == HISTORY + 1


# What is stored


@given(
    st.sampled_from(list(PasswordPhase)),
    st.one_of(st.none(), st.integers(901, 910)),
    st.booleans(),
    st.integers(1, 9),
)
def test_a_book_survives_a_restart(
    phase: PasswordPhase, number: int | None, once: bool, edit: int
) -> None:
    original = book(password(phase=phase, number=number, once=once, edit=edit))
    assert list(stored(original)) == list(original)


def test_fields_of_a_later_version_are_left_out() -> None:
    row = asdict(password()) | {"colour": "blue"}
    assert list(PasswordBook({"passwords": [row]})) == [password()]


def test_digits_are_in_no_book_and_in_no_text() -> None:
    wanted = request(code="7391846")
    assert "7391846" not in repr(wanted) + str(wanted)
    passwords = book(password())
    assert not re.search("code|digits", json.dumps(dump(passwords.stored)))


# Codes


@pytest.mark.parametrize("length", [6, 7])
def test_new_codes_are_of_the_right_length_and_hard_to_guess(length: int) -> None:
    codes = {new_code(length) for _ in range(200)}
    assert len(codes) > 190
    for code in codes:
        assert re.fullmatch(rf"[0-9]{{{length}}}", code)
        assert not is_trivial(code)


@pytest.mark.parametrize(
    "code",
    [
        "1111111",
        "0000000",
        "1234567",
        "7654321",
        "0123456",
        "7890123",
        "3210987",
        "1212121",
        "1231231",
        "121212",
        "123123",
        "112233",
        "1122334",
        "7711993",
        "5512345",
        "9876503",
        "1112223",
        "123454",
    ],
)
def test_what_people_try_first_is_trivial(code: str) -> None:
    assert is_trivial(code)


@pytest.mark.parametrize("code", ["7391846", "1234068", "112358", "902745", "1357924"])
def test_what_looks_random_is_not_trivial(code: str) -> None:
    assert not is_trivial(code)


def test_a_password_that_was_replaced_in_the_book_is_there_once() -> None:
    passwords = book(password())
    passwords.put(replace(password(), phase=PasswordPhase.DELETING), NOW)
    (one,) = passwords
    assert one.phase is PasswordPhase.DELETING


def test_passwords_without_a_name_are_listed_by_number_or_id() -> None:
    nameless = password("", number=903), password("", id="4711")
    with pytest.raises(PasswordRefused) as refused:
        book(*nameless, password("Guest")).find("Nobody")
    assert refused.value.translation_placeholders == {"names": "903, 4711, Guest"}


WEEKLY = Weekly(days=frozenset({0, 1}), start=540, end=720, time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("days", "times", "kept"),
    [
        ({0, 1}, (540, 720), True),
        # As some keypads have it: 9:00 as 900, and the days from the other end.
        ({0, 1}, (900, 1200), True),
        ({3, 4}, (900, 1200), True),
        ({2}, (540, 720), False),
        ({0, 1}, (600, 720), False),
    ],
)
def test_a_schedule_is_known_again_however_the_cloud_writes_it(
    days: set[int], times: tuple[int, int], kept: bool
) -> None:
    passwords = stored(book(password(weekly=WEEKLY)))
    listed = Weekly(days=frozenset(days), start=times[0], end=times[1], time_zone="")
    passwords.merge([password(weekly=listed)], NOW)
    assert passwords.find("Guest").weekly == (WEEKLY if kept else listed)
