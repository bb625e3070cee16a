"""The book of temporary passwords: who has a place, who had which number, what may be wished."""

from dataclasses import replace
import json
import re
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock.exceptions import Mistake, PasswordRefused
from custom_components.tuya_wifi_lock.tuyalock.passwords import (
    HISTORY,
    MAX_VALID,
    PasswordBook,
    Phase,
    TemporaryPassword,
    Wish,
    is_trivial,
    new_code,
)

NOW = 1_790_000_000.0
HOUR = 3600
LENGTH = 7


def wish(name: str = "Guest", **changes: Any) -> Wish:
    values = {"code": "7391846", "start": int(NOW), "end": int(NOW) + HOUR, "once": False}
    return Wish(name=name, **values | changes)


def password(name: str = "Guest", **changes: Any) -> TemporaryPassword:
    values: dict[str, Any] = {
        "id": f"id of {name}",
        "start": int(NOW) - HOUR,
        "end": int(NOW) + HOUR,
        "once": False,
        "phase": Phase.ACTIVE,
    }
    return TemporaryPassword(name=name, **values | changes)


def book(*passwords: TemporaryPassword, now: float = NOW) -> PasswordBook:
    result = PasswordBook()
    for one in passwords:
        result.put(one, now)
    return result


def stored(original: PasswordBook) -> PasswordBook:
    """Return the book after a restart."""
    return PasswordBook(json.loads(json.dumps(original.as_dict(), allow_nan=False)))


def mistake(of: pytest.ExceptionInfo[PasswordRefused]) -> Mistake:
    return of.value.mistake


# What counts


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"phase": Phase.WAITING}, True),
        ({"phase": Phase.ACTIVE}, True),
        ({"phase": Phase.ACTIVE, "start": int(NOW) + 60}, True),
        ({"phase": Phase.DELETING}, True),
        ({"phase": Phase.DELETING, "end": int(NOW) - 60}, True),
        ({"phase": Phase.UNKNOWN}, True),
        ({"phase": Phase.DELETED}, False),
        ({"phase": Phase.FAILED}, False),
        ({"phase": Phase.FAILED, "number": 903}, True),
        ({"phase": Phase.ACTIVE, "end": int(NOW)}, False),
        ({"phase": Phase.WAITING, "end": int(NOW) - 60}, False),
        ({"phase": Phase.FAILED, "number": 903, "end": int(NOW) - 60}, False),
    ],
)
def test_what_takes_a_place_in_the_lock(changes: dict[str, Any], counts: bool) -> None:
    shown = book(password(**changes)).valid(NOW)
    assert [one.name for one in shown] == ["Guest"] * counts


def test_eight_less_two_and_five_as_the_vendor_tells_it() -> None:
    passwords = book(*(password(f"P{number}") for number in range(8)))
    for number in (0, 1):
        passwords.put(password(f"P{number}", phase=Phase.DELETING), NOW)
    for name in ("N0", "N1"):
        passwords.check_addition(wish(name), NOW, LENGTH)
        passwords.put(password(name, phase=Phase.WAITING), NOW)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_addition(wish("N2"), NOW, LENGTH)
    assert mistake(refused) is Mistake.BOOK_FULL

    in_the_lock = [f"P{number}" for number in range(2, 8)] + ["N0", "N1"]
    passwords.merge([password(name) for name in in_the_lock], NOW)

    for name in ("N2", "N3"):
        passwords.check_addition(wish(name), NOW, LENGTH)
        passwords.put(password(name, phase=Phase.WAITING), NOW)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_addition(wish("N4"), NOW, LENGTH)
    assert mistake(refused) is Mistake.BOOK_FULL


@given(
    st.lists(st.sampled_from(list(Phase)), min_size=1, max_size=30),
    st.lists(st.integers(-3, 3), min_size=30, max_size=30),
)
def test_there_is_room_exactly_while_fewer_than_ten_count(
    phases: list[Phase], ends: list[int]
) -> None:
    passwords = book(
        *(
            password(f"P{number}", phase=phase, end=int(NOW) + ends[number] * HOUR)
            for number, phase in enumerate(phases)
        )
    )
    gone = {Phase.DELETED, Phase.FAILED}
    counted = sum(
        phase not in gone and (phase is Phase.DELETING or ends[number] > 0)
        for number, phase in enumerate(phases)
    )
    assert len(passwords.valid(NOW)) == counted
    if counted < MAX_VALID:
        passwords.check_addition(wish("New"), NOW, LENGTH)
    else:
        with pytest.raises(PasswordRefused) as refused:
            passwords.check_addition(wish("New"), NOW, LENGTH)
        assert mistake(refused) is Mistake.BOOK_FULL


def test_what_is_over_takes_a_place_again_only_where_there_is_room() -> None:
    passwords = book(*(password(f"P{number}") for number in range(MAX_VALID)))
    over = password("Over", end=int(NOW) - HOUR)
    passwords.put(over, NOW)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_change(over, wish("Over"), NOW, LENGTH)
    assert mistake(refused) is Mistake.BOOK_FULL
    passwords.check_change(passwords.find("P0"), wish("P0"), NOW, LENGTH)
    passwords.put(replace(passwords.find("P0"), phase=Phase.DELETED), NOW)
    passwords.check_change(over, wish("Over"), NOW, LENGTH)


@pytest.mark.parametrize(
    ("phase", "waits"),
    [
        (Phase.WAITING, True),
        (Phase.DELETING, True),
        (Phase.ACTIVE, False),
        (Phase.DELETED, False),
        (Phase.FAILED, False),
        (Phase.UNKNOWN, False),
    ],
)
def test_what_waits_for_the_lock(phase: Phase, waits: bool) -> None:
    assert book(password(phase=phase)).unsettled is waits
    assert not book().unsettled


@pytest.mark.parametrize(
    ("changes", "later", "matters"),
    [
        ({}, {}, True),
        ({"end": int(NOW)}, {}, False),
        ({"phase": Phase.DELETED}, {}, False),
        ({"number": 903}, {}, True),
        ({}, {"name": "GUEST", "phase": Phase.WAITING}, False),
        ({}, {"phase": Phase.ACTIVE}, False),
        ({}, {"phase": Phase.DELETING}, True),
        ({}, {"phase": Phase.DELETED}, True),
        ({}, {"name": "Aunt", "phase": Phase.ACTIVE}, True),
        ({}, {"phase": Phase.ACTIVE, "end": int(NOW)}, True),
    ],
)
def test_what_the_lock_has_not_taken_matters_until_it_is_wished_anew_or_over(
    changes: dict[str, Any], later: dict[str, Any], matters: bool
) -> None:
    first = password("Guest", **{"phase": Phase.FAILED} | changes)
    passwords = book(first, *([password(**{"id": "another"} | later)] if later else []))
    assert [one.name for one in passwords.failed(NOW)] == ["Guest"] * matters


# What may be wished


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": ""}, Mistake.BAD_NAME),
        ({"name": "a" * 21}, Mistake.BAD_NAME),
        ({"code": "123456"}, Mistake.BAD_CODE),
        ({"code": "12345678"}, Mistake.BAD_CODE),
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
def test_a_wish_that_no_lock_can_fulfil_is_refused(
    changes: dict[str, Any], expected: Mistake
) -> None:
    with pytest.raises(PasswordRefused) as refused:
        book().check_addition(wish(**changes), NOW, LENGTH)
    assert mistake(refused) is expected
    there = password("Old")
    with pytest.raises(PasswordRefused) as refused:
        book(there).check_change(there, wish(**changes), NOW, LENGTH)
    assert mistake(refused) is expected


def test_a_name_may_have_twenty_letters_and_a_code_may_be_easy_if_somebody_wants_it() -> None:
    book().check_addition(wish("a" * 20, code="1111111"), NOW, LENGTH)


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.ACTIVE, Phase.UNKNOWN])
def test_a_name_is_given_once(phase: Phase) -> None:
    with pytest.raises(PasswordRefused) as refused:
        book(password("Guest", phase=phase)).check_addition(wish("guest"), NOW, LENGTH)
    assert mistake(refused) is Mistake.NAME_TAKEN


@pytest.mark.parametrize(
    "changes",
    [
        {"phase": Phase.DELETING},
        {"phase": Phase.DELETED},
        {"phase": Phase.FAILED},
        {"end": int(NOW) - 60},
    ],
)
def test_a_name_is_free_again_once_its_password_is_over(changes: dict[str, Any]) -> None:
    book(password("Guest", **changes)).check_addition(wish("Guest"), NOW, LENGTH)


def test_a_password_may_keep_its_name_but_not_take_another_s() -> None:
    guest, cleaner = password("Guest"), password("Cleaner")
    passwords = book(guest, cleaner)
    passwords.check_change(guest, wish("Guest"), NOW, LENGTH)
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_change(guest, wish("Cleaner"), NOW, LENGTH)
    assert mistake(refused) is Mistake.NAME_TAKEN


def test_a_change_needs_no_further_place() -> None:
    passwords = book(*(password(f"P{number}") for number in range(MAX_VALID)))
    passwords.check_change(passwords.find("P3"), wish("P3"), NOW, LENGTH)


def test_what_is_to_be_deleted_is_not_changed_any_more() -> None:
    there = password(phase=Phase.DELETING)
    with pytest.raises(PasswordRefused) as refused:
        book(there).check_change(there, wish(), NOW, LENGTH)
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


@pytest.mark.parametrize("which", ["Nobody", 905, "905", "", "³"])
def test_what_nobody_has_is_not_found(which: str | int) -> None:
    passwords = book(password("Guest", number=903), password("New", phase=Phase.WAITING))
    assert passwords.search(which) is None
    with pytest.raises(PasswordRefused) as refused:
        passwords.find(which)
    assert mistake(refused) is Mistake.NO_SUCH_PASSWORD


@pytest.mark.parametrize("phase", [Phase.DELETED, Phase.FAILED])
def test_what_is_not_in_the_lock_is_not_found(phase: Phase) -> None:
    assert book(password(phase=phase)).search("Guest") is None


def test_what_the_lock_would_not_change_is_still_found() -> None:
    passwords = book(password(phase=Phase.FAILED, number=903))
    assert passwords.find("Guest").phase is Phase.FAILED


def test_of_two_with_a_name_it_is_the_one_that_stays() -> None:
    passwords = book(
        password("Guest", id="new", end=int(NOW) + 60),
        password("Guest", id="deleting", phase=Phase.DELETING),
        password("Guest", id="over", end=int(NOW) - 60),
    )
    assert passwords.find("Guest").id == "new"


# Names of numbers


@pytest.mark.parametrize("number", [903, 3])
def test_a_record_names_its_password(number: int) -> None:
    passwords = book(password("Guest", number=903), password("Cleaner", number=904))
    assert passwords.name_of(number, NOW) == "Guest"
    assert passwords.name_of(905, NOW) is None


@pytest.mark.parametrize("at", [NOW - HOUR - 1, NOW + HOUR + 1])
def test_a_record_outside_its_time_is_somebody_else_s(at: float) -> None:
    assert book(password(number=903)).name_of(903, at) is None


def test_an_old_record_names_who_had_the_slot_then() -> None:
    passwords = book(password("Guest", number=903))
    passwords.merge([], NOW)
    passwords.put(password("Cleaner", number=903, start=int(NOW) - HOUR), NOW + 10)
    passwords = stored(passwords)
    assert passwords.name_of(903, NOW - 60) == "Guest"
    assert passwords.name_of(903, NOW + 60) == "Cleaner"


def test_of_several_that_had_a_slot_it_is_the_first_that_left_it_afterwards() -> None:
    passwords = book()
    for number in range(5):
        name = f"P{number}"
        passwords.put(password(name, number=903), NOW)
        passwords.merge([], NOW + 10 * number)
    for number in range(5):
        assert passwords.name_of(903, NOW + 10 * number - 5) == f"P{number}"


def test_a_number_that_nobody_has_is_that_of_the_only_one_without() -> None:
    cleaner = password("Cleaner", phase=Phase.WAITING)
    passwords = book(password("Guest", number=903), cleaner)
    assert passwords.name_of(904, NOW) == "Cleaner"
    assert passwords.name_of(904, NOW - HOUR - 1) is None
    passwords.put(password("Plumber", phase=Phase.WAITING), NOW)
    assert passwords.name_of(904, NOW) is None


@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.DELETED])
def test_a_number_is_not_that_of_a_password_that_never_came(phase: Phase) -> None:
    assert book(password(phase=phase)).name_of(904, NOW - 1) is None


# The cloud's list


def test_what_is_listed_is_the_truth() -> None:
    passwords = book(password("Guest", phase=Phase.WAITING))
    passwords.merge([password("Guest", number=903), password("From the app")], NOW)
    assert [(one.name, one.phase, one.number) for one in passwords] == [
        ("Guest", Phase.ACTIVE, 903),
        ("From the app", Phase.ACTIVE, None),
    ]


def test_a_list_takes_away_no_number_and_no_edit_that_are_known() -> None:
    passwords = book(password(number=903, edit=4))
    passwords.merge([password(phase=Phase.WAITING)], NOW)
    (one,) = passwords
    assert (one.phase, one.number, one.edit) == (Phase.WAITING, 903, 4)


@pytest.mark.parametrize(
    "phase", [Phase.WAITING, Phase.ACTIVE, Phase.DELETING, Phase.UNKNOWN, Phase.DELETED]
)
def test_what_is_not_listed_any_more_is_deleted(phase: Phase) -> None:
    passwords = book(password(phase=phase))
    passwords.merge([], NOW)
    (one,) = passwords
    assert (one.phase, one.gone) == (Phase.DELETED, NOW)
    assert not passwords.unsettled
    passwords.merge([], NOW + 10)
    (one,) = passwords
    assert one.gone == NOW


def test_what_failed_stays_failed_when_it_is_not_listed() -> None:
    passwords = book(password(phase=Phase.FAILED))
    passwords.merge([], NOW + 10)
    (one,) = passwords
    assert (one.phase, one.gone) == (Phase.FAILED, NOW)


def test_what_was_missing_once_and_is_listed_again_is_there() -> None:
    passwords = book(password(number=903))
    passwords.merge([], NOW)
    passwords.merge([password()], NOW + 10)
    (one,) = passwords.valid(NOW + 10)
    assert (one.phase, one.gone, one.number) == (Phase.ACTIVE, None, 903)


def test_the_last_ones_that_are_over_are_remembered() -> None:
    passwords = book()
    for number in range(HISTORY + 5):
        passwords.put(password(f"P{number}", phase=Phase.DELETED), NOW + number)
    passwords.put(password("Over", end=int(NOW) + HISTORY), NOW + 2 * HOUR)
    names = [one.name for one in passwords]
    assert names == [f"P{number}" for number in range(6, HISTORY + 5)] + ["Over"]


def test_what_is_valid_is_never_forgotten() -> None:
    passwords = book(password("Guest"))
    for number in range(2 * HISTORY):
        passwords.put(password(f"P{number}", phase=Phase.DELETED), NOW)
    assert passwords.find("Guest")
    assert len(list(passwords)) == HISTORY + 1


# What is stored


@given(
    st.sampled_from(list(Phase)),
    st.one_of(st.none(), st.integers(901, 910)),
    st.booleans(),
    st.integers(1, 9),
)
def test_a_book_survives_a_restart(phase: Phase, number: int | None, once: bool, edit: int) -> None:
    original = book(password(phase=phase, number=number, once=once, edit=edit))
    assert list(stored(original)) == list(original)


def test_fields_of_a_later_version_are_left_out() -> None:
    row = password().as_dict() | {"colour": "blue"}
    assert list(PasswordBook({"passwords": [row]})) == [password()]


def test_digits_are_in_no_book_and_in_no_text() -> None:
    wanted = wish(code="7391846")
    assert "7391846" not in repr(wanted) + str(wanted)
    passwords = book(password())
    assert not re.search("code|digits", json.dumps(passwords.as_dict()))


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
    passwords.put(replace(password(), phase=Phase.DELETING), NOW)
    (one,) = passwords
    assert one.phase is Phase.DELETING
