"""The tables of lock models in the README and in docs/models.md, from what is known of them."""

from collections.abc import Iterator
from pathlib import Path
import re

from custom_components.tuya_wifi_lock.tuyalock.products.facts import ROWS
from tests.devices import Model, load

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MODELS = ROOT / "docs" / "models.md"

KINDS = (
    BATTERIES := "Wi-Fi, batteries",
    MAINS := "Wi-Fi, mains power",
    CAMERA := "Wi-Fi, with a camera",
    BLUETOOTH := "Bluetooth, through a gateway",
    ZIGBEE := "Zigbee, through a gateway",
)

_PART = re.compile(r"(<!-- models -->\n).*?(<!-- end of models -->)", re.DOTALL)
_NAMELESS = re.compile(r"(Wi-Fi|BLE|Zigbee) lock\b|.* \(custom\)")
_CLOUD = "with a cloud project"
_HEADER = """\
# Models

Written by `scripts/devices --docs`. Each of these {count} locks exists: owners have published what
it reports. Our tests replay these reports through your network, your Tuya account and a cloud
project, as far as each reaches the lock. Nobody has tried the lock itself with this integration
yet: if you own one, [say how it does](report-a-lock.md).

A lock that is not listed should work, too, if it is one of these kinds. *In the catalogue* means
that Home Assistant knows the product before the lock has reported anything.

Home Assistant recognizes the kind by what the lock reports. To find out yourself, look at the data
points of your product on Tuya's developer platform:

| Kind of product | Its data points | Remote unlock over your network |
| --- | --- | --- |
| Wi-Fi lock Pro (`jtmspro`, many `ms`) | 49 and 50 | With a key for this one unlock |
| Wi-Fi and Bluetooth (`jtmspro`, `jtmsbh`, `ms`) | 60 and 61 | With a key for this one unlock |
| Wi-Fi lock, older (`ms`) | 10, `reply_unlock_request` | By answering a request at the door |
| Wi-Fi access control (`mk`) | 8 and 9, mains power | With a key for this one unlock |
| Video lock (`videolock`) | 9 and 10 | With a key for this one unlock |

The codes of the two data points for a key are `remote_no_pd_setkey` and `remote_no_dp_key`.

| Model | Product ID | In the catalogue | Kind | Remote unlock |
| --- | --- | --- | --- | --- |
"""


def kind(model: Model) -> str:
    """Return how a model is connected, in words."""
    if model.gateway or "wifi" not in model.link:
        return ZIGBEE if "zigbee" in model.link else BLUETOOTH
    if {"photo", "video"} & model.link:
        return CAMERA
    return MAINS if "mains" in model.link else BATTERIES


def remote_unlock(model: Model) -> str:
    """Return how a model is unlocked remotely, in words."""
    if model.gateway or "wifi" not in model.link:
        return _CLOUD
    if "remote_no_dp_key" in model.codes:
        return "over your network"
    if "reply_unlock_request" in model.codes:
        return "over your network, by answering a request at the door"
    return f"{_CLOUD}, if the product allows it"


def models_page() -> str:
    """Return docs/models.md."""
    known, models = {row[0] for row in ROWS}, load()
    rows = []
    for model in models:
        product_id = f"`{model.product_id}`" if model.product_id else ""
        listed = "yes" if model.product_id in known else ""
        cells = (model.name, product_id, listed, kind(model), remote_unlock(model))
        rows.append(f"| {' | '.join(cells)} |\n")
    return _HEADER.format(count=len(models)) + "".join(rows)


def readme() -> str:
    """Return the README with its table of kinds."""
    rows = ["| Kind | Remote unlock | Models |\n", "| --- | --- | --- |\n", *_kinds()]
    return _PART.sub(lambda part: part[1] + "".join(rows) + part[2], README.read_text())


def _kinds() -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for model in load():
        names = groups.setdefault((kind(model), remote_unlock(model)), [])
        names += [model.name] * (not _NAMELESS.match(model.name))
    for (kind_, unlock), names in sorted(groups.items(), key=lambda one: KINDS.index(one[0][0])):
        yield f"| {kind_} | {unlock} | {', '.join(names)} |\n"


def write() -> None:
    """Write both."""
    MODELS.write_text(models_page())
    README.write_text(readme())
