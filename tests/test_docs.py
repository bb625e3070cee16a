"""What the documentation shows can be used as it is: examples load, and links lead somewhere."""

import json
from pathlib import Path
import re
from textwrap import dedent
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.tuyalock.models import PasswordPhase
from homeassistant.components.automation.config import (
    async_validate_config_item as async_validate_automation,
)
from homeassistant.components.logbook import CONFIG_SCHEMA as LOGBOOK
from homeassistant.components.recorder import CONFIG_SCHEMA as RECORDER
from homeassistant.components.script.config import (
    async_validate_config_item as async_validate_script,
)
from homeassistant.core import HomeAssistant
from scripts import model_tables

ROOT = Path(__file__).parent.parent
INTEGRATION = ROOT / "custom_components" / DOMAIN
PAGES = {
    path: path.read_text()
    for path in (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md")))
}
ALL = "\n".join(PAGES.values())
REFERENCE = PAGES[ROOT / "docs" / "reference.md"]
GUESTS = PAGES[ROOT / "docs" / "guest-codes.md"]
TEXTS = json.loads((INTEGRATION / "translations" / "en.json").read_text())
EXAMPLES: list[dict[str, Any]] = [
    yaml.safe_load(dedent(block))
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```$", ALL, re.DOTALL | re.MULTILINE)
    if not block.lstrip().startswith("type:")
]
"""Those for automations and scripts; a card's begins with its type."""
CONFIGURATION = {"logbook": LOGBOOK, "recorder": RECORDER}
"""Whose examples belong into `configuration.yaml`."""


def headings(page: str) -> list[str]:
    """Return the headings of a page."""
    return re.findall(r"^#+ (.+)$", page, re.MULTILINE)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def calls(part: Any) -> list[dict[str, Any]]:
    """Return the calls of our actions in an example."""
    if isinstance(part, list):
        return [call for one in part for call in calls(one)]
    if not isinstance(part, dict):
        return []
    ours = str(part.get("action")).startswith(f"{DOMAIN}.")
    return [part] * ours + [call for one in part.values() for call in calls(one)]


@pytest.mark.parametrize("example", EXAMPLES, ids="-".join)
async def test_an_example_loads(
    hass: HomeAssistant, entry: MockConfigEntry, example: dict[str, Any]
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    if schema := CONFIGURATION.get(next(iter(example))):
        assert schema(example)
        return
    if "sequence" in example:
        script = await async_validate_script(hass, "example", example)
        assert script
        assert script.validation_status == "ok"
        return
    whole = {"triggers": {"trigger": "event", "event_type": "any"}, "actions": [], **example}
    automation = await async_validate_automation(hass, "example", whole)
    assert automation
    assert automation.validation_status == "ok", automation.validation_error


def test_the_examples_call_actions_with_fields_that_they_have() -> None:
    services = yaml.safe_load((INTEGRATION / "services.yaml").read_text())
    called = calls(EXAMPLES)
    assert called
    for call in called:
        fields = services[call["action"].removeprefix(f"{DOMAIN}.")].get("fields", {})
        assert call.get("data", {}).keys() <= fields.keys()


def test_each_field_of_an_action_is_named() -> None:
    named = {key for service in TEXTS["services"].values() for key in service.get("fields", {})}
    assert named
    assert [key for key in named if f"`{key}`" not in REFERENCE + GUESTS] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", PAGES[path])
    for target in ("".join(one) for one in targets):
        if target.startswith("https://"):
            continue
        name, _, chapter = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.is_file(), target
        if chapter:
            assert chapter in {anchor(one) for one in headings(PAGES[file])}, target


def test_the_quality_scale_says_where_the_documentation_is() -> None:
    rules = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text())["rules"]
    places = [rule["comment"] for name, rule in rules.items() if name.startswith("docs-")]
    assert places
    for place in places:
        page, _, chapter = place.partition("#")
        assert chapter in {anchor(one) for one in headings(PAGES[ROOT / page])}, place


def test_every_page_is_in_the_list() -> None:
    index = ROOT / "docs" / "README.md"
    assert [one for one in PAGES if one != index and f"{one.name})" not in PAGES[index]] == []


def test_the_readme_is_short() -> None:
    assert len(PAGES[ROOT / "README.md"].split()) < 2600


def test_the_tables_of_models_are_current() -> None:
    """`scripts/devices --docs` writes them."""
    assert PAGES[model_tables.MODELS] == model_tables.models_page()
    assert PAGES[model_tables.README] == model_tables.readme()


def test_the_form_of_an_issue_is_there_and_asks_for_the_diagnostics() -> None:
    (name,) = re.findall(r"/issues/new\?template=([\w.]+)\)", ALL)
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / name).read_text())
    asked = {part["id"]: part for part in form["body"] if "id" in part}
    assert asked["diagnostics"]["validations"] == {"required": True}


def texts(part: Any) -> list[str]:
    """Return all that Home Assistant can say."""
    if isinstance(part, dict):
        return [text for one in part.values() for text in texts(one)]
    return [part]


def test_owners_read_plain_english() -> None:
    blueprints = (INTEGRATION / "blueprints").rglob("*.yaml")
    said = [*texts(TEXTS), *PAGES.values(), *(path.read_text() for path in blueprints)]
    odd = re.compile(
        r"\b(told|wish(es)?|anew|in vain|somebody|may do it|recognised)\b", re.IGNORECASE
    )
    assert [found[0] for one in said for found in odd.finditer(one)] == []


def test_what_is_quoted_is_said() -> None:
    seen = [
        row.split("|")[1]
        for table in ALL.split("| What you see |")[1:]
        for row in table.split("\n\n")[0].splitlines()[2:]
    ]
    quoted = [quote for cell in seen for quote in re.findall(r"\*([^*]+)\*", cell)]
    assert quoted
    said = tuple(texts(TEXTS))
    assert [one for one in quoted if not any(text.startswith(one) for text in said)] == []


def test_an_action_is_called_by_its_name() -> None:
    names = tuple(one["name"] for one in TEXTS["services"].values())
    said = [*texts(TEXTS), " ".join(ALL.split()).replace("[*", "").replace("*]", "")]
    called = [rest for text in said for rest in re.split(r"\bthe action (?=[A-Z])", text)[1:]]
    assert called
    assert [rest[:30] for rest in called if not rest.startswith(names)] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_there_are_no_two_chapters_of_one_name(path: Path) -> None:
    assert len(headings(PAGES[path])) == len(set(headings(PAGES[path])))


@pytest.mark.parametrize("kind", ["entity", "services", "triggers", "conditions"])
def test_all_that_an_owner_meets_is_named(kind: str) -> None:
    named = " ".join(ALL.lower().split())
    if kind == "entity":
        entities = [one for platform in TEXTS[kind].values() for one in platform.values()]
        names = {one["name"] for one in entities if "name" in one}
    elif kind == "services":
        names = set(TEXTS[kind])
    else:
        names = {one["name"] for one in TEXTS[kind].values()}
    assert names
    assert {name for name in names if name.lower() not in named} == set()


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
def test_each_trigger_and_condition_has_a_page_with_its_options_and_an_example(kind: str) -> None:
    for key, texts_of_it in TEXTS[kind].items():
        page = PAGES[ROOT / "docs" / kind / f"{key}.md"]
        assert page.startswith(f"# {texts_of_it['name']}\n")
        assert f"{kind[:-1]}: {DOMAIN}.{key}\n" in page
        fields = texts_of_it.get("fields", {})
        assert [one for one in fields if f"| {fields[one]['name']} | `{one}` |" not in page] == []


def test_each_phase_of_a_password_is_explained() -> None:
    assert [phase for phase in PasswordPhase if f"| `{phase}` |" not in GUESTS] == []


def test_each_option_is_named_as_its_form_names_it() -> None:
    steps = TEXTS["options"]["step"]
    for name in [*steps["behaviour"]["data"].values(), *steps["guests"]["data"].values()]:
        assert f"| {name} |" in REFERENCE
    for way in TEXTS["selector"]["unlock_with"]["options"].values():
        assert f"| {way}" in REFERENCE


DEVELOPMENT = PAGES[ROOT / "docs" / "developing.md"]


def test_the_developer_part_names_files_that_exist() -> None:
    text = DEVELOPMENT.split("```mermaid")[1]
    paths = re.findall(r"[\w/]+\.(?:py|json|yaml|toml)\b|\b[\w/]+/(?=[`<])", text)
    assert len(paths) > 40
    folders = (ROOT, INTEGRATION, INTEGRATION / "tuyalock")
    found = {one for one in paths for up in folders if (up / one).is_file()}
    # A folder without a file is one that Git does not know any more.
    found |= {one for one in paths for up in folders if any((up / one).glob("*.*"))}
    assert set(paths) - found == set()


def test_the_developer_part_names_code_that_exists() -> None:
    code = "\n".join(path.read_text() for path in INTEGRATION.rglob("*.py"))
    defined = set(re.findall(r"(?:class|def|type) (\w+)", code))
    defined |= set(re.findall(r"^ *(_?[A-Za-z_]\w*)(?:: [^=\n]+)? = ", code, re.MULTILINE))
    defined |= set(re.findall(r"^    (\w+): ", code, re.MULTILINE))
    diagram = DEVELOPMENT.split("```mermaid")[1].split("```")[0]
    named = set(re.findall(r"\b[A-Z][a-z]+[A-Z]\w+\b", diagram)) - {"Home Assistant"}
    tables = DEVELOPMENT.split("## Where do I put ...")[1].split("## Commands")[0]
    named |= {
        part
        for name in re.findall(r"`([\w.]+)`", tables)
        for part in name.split(".")
        if "/" not in name and not name.endswith((".py", ".json", ".yaml"))
    }
    assert len(named) > 30
    assert named - defined - set(TEXTS) - set(TEXTS["selector"]) - {"tuyalock"} == set()
