"""Reads reports by a DP table, as a product does that has it."""

from collections.abc import Iterable, Mapping

from custom_components.tuya_wifi_lock.tuyalock.models import Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp
from custom_components.tuya_wifi_lock.tuyalock.products.decoder import Observation, Readers


def observe(table: Mapping[int, Dp], items: Iterable[Item]) -> list[Observation]:
    """Return the values of a report by DP code, without those that are not understood."""
    readers = Readers({id_: (dp,) for id_, dp in table.items()})
    return [
        Observation(*said, one.time) for one in items if (said := readers.read(one.dp, one.value))
    ]
