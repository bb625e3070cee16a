"""Every language says the same, with the same things to fill in."""

from collections import defaultdict
from collections.abc import Iterator
import json
import logging
from pathlib import Path
import re

import pytest

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

FOLDER = Path(__file__).parent.parent / "custom_components" / "tuya_wifi_lock" / "translations"
LANGUAGES = sorted({path.stem for path in FOLDER.glob("*.json")} - {"en"})

PLACEHOLDER = re.compile(r"\{\w+\}")
LINK = re.compile(r"\]\(([^)]*)\)")
MARKS = re.compile(r"^(?:[-*] |#+ )|\*\*|`", re.MULTILINE)
REFERENCE = re.compile(r"\[%key:[^%]*%\]")

SAME = {
    *("Access ID", "Alarm", "App", "Bluetooth", "Code", "Details", "Emergency", "Name", "No"),
    *("Note", "OK"),
    *("PIN", "Person", "Port", "Protocol", "Software", "Start", "Status", "Tuya", "Video"),
    *("Wi-Fi", "Wi-Fi lock Pro", "Tuya Wi-Fi Lock", "Home Assistant", "Firmware", "Remote"),
}
"""What may be the same in another language, beside what has no words at all."""

NARROW = (
    ("config", "step", "*", "menu_options", "*"),
    ("entity", "*", "*", "name"),
    ("entity", "*", "*", "state", "*"),
    ("options", "step", "*", "menu_options", "*"),
)
"""Where texts stand on buttons and tiles, or in lists."""
LONGER = 12
"""Characters by which also a very short text may be longer there."""


def load(language: str) -> dict[str, object]:
    """Return the texts of a language."""
    texts: dict[str, object] = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    return texts


def flat(texts: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return each text with its path."""
    if isinstance(texts, dict):
        for key, value in texts.items():
            yield from flat(value, (*path, key))
    else:
        assert isinstance(texts, str), path
        yield path, texts


ENGLISH = dict(flat(load("en")))

in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def paired(language: str) -> list[tuple[str, str, str]]:
    """Return the path, the English text and the text of a language."""
    return [(".".join(path), ENGLISH[path], text) for path, text in flat(load(language))]


def is_narrow(path: tuple[str, ...]) -> bool:
    """Return if there is little room for a text."""
    return any(
        len(path) == len(place) and all(p in {"*", key} for p, key in zip(place, path, strict=True))
        for place in NARROW
    )


@in_each_language
def test_it_has_the_same_texts_in_the_same_order(language: str) -> None:
    theirs = dict(flat(load(language)))
    assert not ENGLISH.keys() - theirs.keys(), "missing"
    assert not theirs.keys() - ENGLISH.keys(), "too many"
    assert list(theirs) == list(ENGLISH)


@in_each_language
def test_it_fills_in_the_same_things_and_keeps_links_and_marks(language: str) -> None:
    for pattern in (PLACEHOLDER, LINK, MARKS, REFERENCE):
        wrong = [
            path
            for path, english, text in paired(language)
            if sorted(pattern.findall(english)) != sorted(pattern.findall(text))
        ]
        assert not wrong, pattern.pattern


@in_each_language
def test_nothing_is_left_in_english(language: str) -> None:
    same = [
        (path, english)
        for path, english, text in paired(language)
        if text == english
        and english not in SAME
        and re.search(r"[A-Za-z]{3}", PLACEHOLDER.sub("", english))
        and len(english.split()) > 1
    ]
    assert not same


@in_each_language
def test_no_text_is_empty_or_has_spaces_around_it(language: str) -> None:
    assert not [path for path, _, text in paired(language) if text != text.strip() or not text]


@in_each_language
def test_what_stands_on_buttons_and_tiles_is_short(language: str) -> None:
    theirs = dict(flat(load(language)))
    long = [
        (".".join(path), text)
        for path, text in theirs.items()
        if is_narrow(path) and len(text) > max(2 * len(ENGLISH[path]), len(ENGLISH[path]) + LONGER)
    ]
    assert not long


@in_each_language
async def test_home_assistant_loads_it_without_a_complaint(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    """And no text has braces that nothing fills in."""
    await hass.config.async_update(language=language)
    for category in sorted({path[0] for path in ENGLISH}):
        texts = await async_get_translations(hass, language, category, {DOMAIN})
        assert texts
        for key, text in texts.items():
            assert not re.search(r"[{}]", text.format_map(defaultdict(str))), key
    assert not [
        one.getMessage()
        for one in caplog.records
        if one.levelno >= logging.WARNING and one.name == async_get_translations.__module__
    ]


def test_the_page_for_translators_lists_all_languages() -> None:
    page = (FOLDER.parents[2] / "docs" / "translating.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == sorted(
        ["en", *LANGUAGES]
    )
