"""What the entities of a lock have in common."""

from abc import abstractmethod
from collections.abc import Callable, Container
from dataclasses import dataclass
from operator import attrgetter
from typing import override

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LockConfigEntry, LockCoordinator, Part, availability, features, hearing
from .dispatcher import Delivery
from .members import Member
from .tuyalock import Dp, Kind, Value


@dataclass(frozen=True, kw_only=True)
class LockPartDescription(EntityDescription):
    """Description of an entity of a lock, and whether the product can feed it."""

    exists_fn: Callable[[LockCoordinator], bool] = lambda lock: True
    by_project: bool = False
    """Perhaps only Tuya's cloud project feeds it."""
    replaced_by: str | None = None
    """DP code of something that makes it superfluous."""


def seen(*codes: str) -> Callable[[LockCoordinator], bool]:
    """Return a test for products that have reported one of these DP codes."""
    return lambda lock: not lock.data.state.seen.isdisjoint(codes)


def changeable(code: str, fits: Callable[[Dp], object]) -> Callable[[LockCoordinator], bool]:
    """Return a test for products whose model says that a setting can be changed, and how."""
    return lambda lock: (dp := lock.data.changeable.get(code)) is not None and bool(fits(dp))


async def async_setup_parts[D: LockPartDescription](
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    *,
    descriptions: tuple[D, ...],
    make: Callable[[LockCoordinator, D], Entity],
) -> None:
    """Set up a platform whose entities are all made in the same way."""
    async_add_when_seen(entry.runtime_data, descriptions, make, async_add_entities)


@callback
def async_add_when_seen[D: LockPartDescription](
    coordinator: LockCoordinator,
    descriptions: tuple[D, ...],
    make: Callable[[LockCoordinator, D], Entity],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add each entity as soon as the product has shown that it can feed it."""
    add_new = _PartAdder(coordinator, descriptions, make, async_add_entities, descriptions)
    add_new()
    for one in add_new.missing:
        if one.by_project and coordinator.cloud is None:
            _async_remove(coordinator, one)
    if add_new.missing or any(one.replaced_by for one in descriptions):
        coordinator.async_add_listener(add_new, features)


@dataclass(slots=True)
class _PartAdder[D: LockPartDescription]:
    """Adds the missing entities that the product can feed by now, and removes what is replaced.

    Every lock has several of it for as long as it is set up.
    """

    coordinator: LockCoordinator
    descriptions: tuple[D, ...]
    make: Callable[[LockCoordinator, D], Entity]
    async_add_entities: AddConfigEntryEntitiesCallback
    missing: tuple[D, ...]

    @callback
    def __call__(self) -> None:
        coordinator = self.coordinator
        seen_codes = coordinator.data.state.seen
        for one in self.descriptions:
            if one.replaced_by in seen_codes:
                _async_remove(coordinator, one)
        new = [
            one
            for one in self.missing
            if one.exists_fn(coordinator) and one.replaced_by not in seen_codes
        ]
        if new:
            self.missing = tuple([one for one in self.missing if one not in new])
            self.async_add_entities([self.make(coordinator, one) for one in new])


@callback
def _async_remove(coordinator: LockCoordinator, description: LockPartDescription) -> None:
    """Remove an entity that nothing feeds any longer; Home Assistant keeps what its owner chose."""
    registry, entry_id = er.async_get(coordinator.hass), coordinator.config_entry.entry_id
    unique_id = f"{coordinator.device_id}_{description.key}"
    for entity in er.async_entries_for_config_entry(registry, entry_id):
        if entity.unique_id == unique_id:
            registry.async_remove(entity.entity_id)


@callback
def async_add_members(
    coordinator: LockCoordinator,
    make: Callable[[LockCoordinator, Member], Entity],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for each member, now and when members are added."""
    add_new = _MemberAdder(coordinator, make, async_add_entities)
    add_new()
    coordinator.async_subscribe_members(add_new)


@dataclass(slots=True)
class _MemberAdder:
    """Adds an entity for each member that was not there before."""

    coordinator: LockCoordinator
    make: Callable[[LockCoordinator, Member], Entity]
    async_add_entities: AddConfigEntryEntitiesCallback
    before: Container[str] = ()

    @callback
    def __call__(self) -> None:
        before, self.before = self.before, self.coordinator.members
        for member in self.coordinator.members.values():
            if member.id not in before:
                made = self.make(self.coordinator, member)
                self.async_add_entities([made], config_subentry_id=member.id)


class TuyaLockEntity(Entity):
    """An entity of a lock. A lock that sleeps is available."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, coordinator: LockCoordinator, description: LockPartDescription | None = None
    ) -> None:
        """Initialize the entity of a description, or the lock itself, which has none."""
        self.coordinator = coordinator
        device_id = coordinator.device_id
        self._attr_unique_id = device_id
        if description:
            self.entity_description = description
            self._attr_unique_id = f"{device_id}_{description.key}"
            self._attr_translation_key = description.key

    @property
    def _parts(self) -> tuple[Part | None, ...]:
        """Return what it shows of the lock; None is anything."""
        return (availability,)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for what changes."""
        await super().async_added_to_hass()
        for part in self._parts:
            self.coordinator.async_add_listener(self._async_coordinator_updated, part)

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop listening."""
        await super().async_will_remove_from_hass()
        for part in self._parts:
            self.coordinator.async_remove_listener(self._async_coordinator_updated, part)

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the device of the lock."""
        return self.coordinator.device_info

    @property
    @override
    def available(self) -> bool:
        """Return if the lock is there for us, awake or not."""
        return self.coordinator.available

    @callback
    def _async_coordinator_updated(self) -> None:
        """Write the state."""
        self.async_write_ha_state()


@dataclass(frozen=True, kw_only=True)
class LockValueDescription[V](LockPartDescription):
    """Something about a lock that has a value."""

    value_fn: Callable[[LockCoordinator], V]


class LockValue[V](TuyaLockEntity):
    """A value of a lock; it is written when it changes."""

    entity_description: LockValueDescription[V]

    def __init__(self, coordinator: LockCoordinator, description: LockValueDescription[V]) -> None:
        super().__init__(coordinator, description)
        self._value = description.value_fn(coordinator)

    @property
    @override
    def _parts(self) -> tuple[Part | None, ...]:
        return (availability, self.entity_description.value_fn)

    @override
    async def async_added_to_hass(self) -> None:
        """Take the value of now."""
        await super().async_added_to_hass()
        self._value = self.entity_description.value_fn(self.coordinator)

    @callback
    @override
    def _async_coordinator_updated(self) -> None:
        """Write the state."""
        self._value = self.entity_description.value_fn(self.coordinator)
        self.async_write_ha_state()


@dataclass(frozen=True, kw_only=True)
class LockSettingDescription(LockPartDescription):
    """A setting of a lock, and the DP code that has it."""

    code: str
    entity_category: EntityCategory | None = EntityCategory.CONFIG
    entity_registry_enabled_default: bool = False


_SETTINGS: Part = attrgetter("data.state.settings")


class LockSetting(TuyaLockEntity):
    """A setting of a lock; it shows what the lock reports."""

    entity_description: LockSettingDescription

    def __init__(self, coordinator: LockCoordinator, description: LockSettingDescription) -> None:
        super().__init__(coordinator, description)
        self._dp = coordinator.data.changeable[description.code]

    @property
    @override
    def _parts(self) -> tuple[Part | None, ...]:
        return (availability, _SETTINGS)

    @property
    def _reported(self) -> Value | None:
        """Return what the lock has reported; None is not known."""
        return self.coordinator.data.state.settings.get(self.entity_description.code)

    async def _async_change(self, value: Value) -> None:
        """Change the setting; returns when the lock has reported it."""
        with self.coordinator.action():
            await self.coordinator.lock.change_setting(self.entity_description.code, value)


class RecordEntity(Entity):
    """An entity that follows the records of a kind; unavailable while nothing reports them."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, coordinator: LockCoordinator, kind: Kind, owner_id: str, key: str) -> None:
        self._coordinator, self._kind = coordinator, kind
        self._attr_available = coordinator.heard
        self._attr_unique_id = f"{owner_id}_{key}"
        self._attr_translation_key = key

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the device of the lock."""
        return self._coordinator.device_info

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for records."""
        await super().async_added_to_hass()
        self._coordinator.records.async_subscribe(self._kind, self._async_take)
        self._coordinator.async_add_listener(self._async_heard, hearing)

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop listening."""
        await super().async_will_remove_from_hass()
        self._coordinator.records.async_unsubscribe(self._kind, self._async_take)
        self._coordinator.async_remove_listener(self._async_heard, hearing)

    @callback
    def _async_heard(self) -> None:
        self._async_show(self._coordinator.heard)

    @callback
    def _async_show(self, available: bool) -> None:
        """Write if something reports records."""
        if available != self._attr_available:
            self._attr_available = available
            self.async_write_ha_state()

    @callback
    def _async_take(self, delivery: Delivery) -> None:
        """Be available before the record is shown: triggers ignore what follows unavailable."""
        self._async_show(available=True)
        self._async_delivered(delivery)

    @callback
    @abstractmethod
    def _async_delivered(self, delivery: Delivery) -> None:
        """Handle a record."""


class MemberEntity(RecordEntity):
    """An entity of a member; it follows the unlocks of that member.

    Diagnostic, so that no dashboard is made of the members of a household.
    """

    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, coordinator: LockCoordinator, member: Member, key: str) -> None:
        super().__init__(coordinator, Kind.UNLOCK, member.id, key)
        self._member = member

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the device of the member, who may have been renamed."""
        members, member = self._coordinator.members, self._member
        return self._coordinator.member_device(members.get(member.id, member))

    @callback
    @override
    def _async_delivered(self, delivery: Delivery) -> None:
        if delivery.member and delivery.member.id == self._member.id:
            self._async_unlocked(delivery)

    @callback
    @abstractmethod
    def _async_unlocked(self, delivery: Delivery) -> None:
        """Handle an unlock of this member."""
