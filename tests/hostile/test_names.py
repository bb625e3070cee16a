"""Names that others choose: on one line, short, and never markup in what Home Assistant shows."""

import unicodedata

from hypothesis import given, settings, strategies as st
from markdown_it import MarkdownIt
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.flows.member import CONF_MEMBER
from custom_components.tuya_wifi_lock.texts import in_markdown
from custom_components.tuya_wifi_lock.tuyalock import MAX_NAME, safe_name
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from tests.common import reported, set_up_awake
from tests.conftest import setup
from tests.guests import act, add as add_password
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.test_members import add, answer, begin, offered, stored, suggested
from tests.test_members_cloud import account
from tests.tuya_login import TuyaLogin

__all__ = ["account"]

MARKUP = (
    "[click](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "<img src=http://evil.example/x.png>",
    "<a href=http://evil.example>x</a>",
    "<http://evil.example>",
    "[evil]: http://evil.example",
    "www.evil.example",
    "http://evil.example/x",
    "owner@evil.example",
    "`code`",
    "**bold** *it* __b__ _i_ ~~gone~~",
    "# Title",
    "&lt;b&gt;",
    "\\<b>",
)
HARMLESS = (
    "Front door",
    "Front door (garage)",
    "front_door_2",
    "Tür & Tor",
    "Дверь",
    "玄関",
    "Alice 👩‍👧",
    "O'Neill's #2",
    "a/b: c.d",
)


def tokens(text: str) -> set[str]:
    """Return what a text contains when it is shown as markdown."""
    found = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    children = [child for token in found for child in token.children or ()]
    return {token.type for token in (*found, *children)}


PLAIN = {"paragraph_open", "inline", "text", "paragraph_close"}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_name_as_people_have_them_stays_as_it_is(name: str) -> None:
    assert safe_name(name) == name
    assert in_markdown(name) == name
    assert tokens(f"{name} is open") <= PLAIN


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", ""),
        (" Front\r\n door\t", "Front door"),
        ("a\0b\x1b[31mc", "a b [31mc"),
        ("a\u202eb\u2066c\u200bd", "a b c d"),
        ("\ufeff\u2028Tür\u2029", "Tür"),
        ("\ud800x", "x"),
        ("x" * 10_000, "x" * MAX_NAME),
        ("\n" * 100_000 + "x", ""),
    ],
)
def test_a_name_is_one_line_of_what_can_be_seen(name: str, shown: str) -> None:
    assert safe_name(name) == shown


@given(st.text(max_size=200))
def test_any_name_is_made_safe_once(name: str) -> None:
    safe = safe_name(name)
    assert safe_name(safe) == safe
    assert len(safe) <= MAX_NAME
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in safe)


@pytest.mark.parametrize("name", MARKUP)
def test_no_name_is_markup(name: str) -> None:
    for text in ("{} is open", "Is {}?", "{}"):
        shown = in_markdown(safe_name(name))
        assert tokens(text.format(shown)) <= PLAIN
        assert "://" not in shown
        assert "www." not in shown


@settings(max_examples=300)
@given(st.text("[]()<>!*_`~#&;\\|@:/.ahtpw \n-=+1", max_size=40))
def test_no_text_at_all_is_markup(name: str) -> None:
    shown = in_markdown(safe_name(name))
    assert tokens(f"x {shown} x") <= PLAIN


# In Home Assistant

EVIL = "[click](http://evil.example)\n![x](http://evil.example/x.png)\0" + "x" * 1000


def check_safe(text: str) -> None:
    """Nothing in a text is markup, and it is one line."""
    assert tokens(text) <= PLAIN
    assert "\n" not in text


async def test_the_name_of_a_lock_in_the_account(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, name=EVIL, local_key=simulated_lock.local_key)
    await login.set_up()
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    flow = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"next_step_id": "account"}
    )
    (option,) = flow["data_schema"].schema["device_id"].config["options"]
    assert option["label"] == f"{safe_name(EVIL)} ({simulated_lock.device_id})"
    await hass.async_block_till_done()


async def test_the_name_of_a_lock_in_its_repairs(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    hass.config_entries.async_update_entry(entry, title=MARKUP[0])
    add(hass, entry, MARKUP[1], "fingerprint:1")
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(3)
    await simulated_lock.finger(7)
    await reported(hass, simulated_lock)
    texts = await async_get_translations(hass, "en", "issues", {DOMAIN})
    issues = [one for one in ir.async_get(hass).issues.values() if one.domain == DOMAIN]
    assert len(issues) == 2
    for issue in issues:
        placeholders = issue.translation_placeholders or {}
        start = f"component.{DOMAIN}.issues.{issue.translation_key}."
        for key, text in texts.items():
            if key.startswith(start) and "{lock}" in text:
                check_safe(text.format(**placeholders, used="today"))


async def test_a_guest_who_was_named_in_the_app(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await setup(hass, entry)
    await add_password(hass, "Cleaner")
    (row,) = cloud.rows(str(entry.unique_id))
    row.name = EVIL
    answered = await act(hass, "get_temporary_passwords")
    assert [one["name"] for one in answered["passwords"]] == [safe_name(EVIL)]


@pytest.mark.parametrize("name", ["Cleaner\nhere", "Clean\0er", "Cleaner\u202e", "x" * 21])
async def test_a_guest_cannot_be_given_such_a_name(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, name: str
) -> None:
    await setup(hass, entry)
    with pytest.raises(Exception, match="1 to 20 characters"):
        await add_password(hass, name)
    assert not cloud.rows(str(entry.unique_id))


async def test_a_member_who_was_named_in_the_app(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    account: SimulatedCloud,
) -> None:
    account.devices[simulated_lock.device_id].users.clear()
    account.add_user(simulated_lock.device_id, EVIL, {"unlock_fingerprint": [3]})
    account.add_user(simulated_lock.device_id, "\n\0", {"unlock_fingerprint": [4]})
    form = await begin(hass, entry)
    (option,) = offered(form, CONF_MEMBER)
    assert option["label"] == f"{safe_name(EVIL)} (Fingerprint 3)"
    form = await answer(hass, form, {CONF_MEMBER: option["value"]})
    assert suggested(form)[CONF_NAME] == safe_name(EVIL)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("Ali\0ce", "bad_name"),
        ("Alice\nBob", "bad_name"),
        ("Alice\u202e", "bad_name"),
        ("x" * 65, "long_name"),
        ("x" * 10_000, "long_name"),
    ],
)
async def test_a_member_cannot_be_given_such_a_name(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    name: str,
    error: str,
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    await set_up_awake(hass, entry, simulated_lock)
    form = await answer(hass, await begin(hass, entry), {CONF_NAME: name})
    assert form["errors"] == {CONF_NAME: error}
    await answer(hass, form, {CONF_NAME: "Alice"})
    await simulated_lock.finger(7)
    await reported(hass, simulated_lock)
    flows = repairs_flow_manager(hass)
    assert flows
    flow = await flows.async_init(DOMAIN, data={"issue_id": f"unknown_number_{entry.entry_id}"})
    flow = await flows.async_configure(flow["flow_id"], {"next_step_id": "new_member"})
    flow = await flows.async_configure(flow["flow_id"], {CONF_NAME: name})
    assert flow["errors"] == {CONF_NAME: error}
    texts = await async_get_translations(hass, "en", "issues", {DOMAIN})
    start = f"component.{DOMAIN}.issues.unknown_number.fix_flow.error."
    assert f"{start}{error}" in texts
    assert stored(entry).keys() == {"Alice"}
