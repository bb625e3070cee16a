"""Names that others choose: in the app, in a cloud project, or in a form."""

import unicodedata

MAX_NAME = 64
"""Characters of a name; the app allows fewer."""

_JOINERS = {"\u200c", "\u200d"}
"""They do not show, and belong to words of some languages and to emoji."""


def safe_name(name: str) -> str:
    """Return a name as it can be shown: on one line, of what can be seen, and not too long."""
    # What is cut off is not looked at, however long it is.
    seen = "".join(_seen(char) for char in name[: 16 * MAX_NAME])
    return " ".join(seen.split())[:MAX_NAME].strip()


def _seen(char: str) -> str:
    """Return a character, or a space in place of one that cannot be seen, as a line break."""
    return " " if unicodedata.category(char)[0] in "CZ" and char not in _JOINERS else char
