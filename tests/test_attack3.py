import asyncio, time
from datetime import timedelta
import pytest
import homeassistant.util.dt as dt_util
from pytest_homeassistant_custom_component.common import MockUser
from custom_components.tuya_wifi_lock.const import CONF_GUEST_MANAGERS, CONF_GUEST_PHONES, DOMAIN
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from tests.common import CALENDAR, LOCK, polled, pass_time, wake
from tests.guests import act, fetch, listed, add, hours
from tests.conftest import setup, wait_for
from tests.test_bookings import lock, phone, portal, codes, NOTHING
from tests.portal import sync
from tests.guest_page import page, make, delete, subentry_of
from tests.test_websocket import Viewer

async def user_client(hass, hass_ws_client):
    group = await hass.auth.async_get_group(GROUP_ID_USER)
    user = MockUser(groups=[group], name="Manager").add_to_hass(hass)
    token = await hass.auth.async_create_refresh_token(user, "https://example.com/")
    return user, await hass_ws_client(hass, hass.auth.async_create_access_token(token))

async def test_granted_and_withdrawn(hass, entry, cloud, lock, hass_ws_client):
    await add(hass, "Anna")
    user, client = await user_client(hass, hass_ws_client)
    v = Viewer(client)
    await v.subscribe()
    p = await v.sees()
    assert p["guests"] is None
    hass.config_entries.async_update_entry(entry, options={CONF_GUEST_MANAGERS: [user.id]})
    try:
        await v.sees(guests=bool)
        print("GRANTED ok")
    except TimeoutError:
        print("GRANTED NOT PUSHED")
    hass.config_entries.async_update_entry(entry, options={CONF_GUEST_MANAGERS: []})
    try:
        await v.sees(guests=None)
        print("WITHDRAWN ok")
    except TimeoutError:
        print("WITHDRAWN NOT PUSHED")

async def test_ended(hass, entry, cloud, lock, hass_client, freezer):
    client = await hass_client()
    made = await add(hass, "Anna", end=hours(1))
    await fetch(cloud, lock)
    await act(hass, "get_temporary_passwords")
    freezer.tick(7200)
    async def ev():
        s = (dt_util.utcnow() - timedelta(days=1)).isoformat().replace("+00:00", "Z"); e = (dt_util.utcnow() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
        return [(x["summary"], x["description"]) for x in await (await client.get(f"/api/calendars/{CALENDAR}?start={s}&end={e}")).json()]
    print("ENDED", await ev())
    cloud.skew = 7200
    await act(hass, "get_temporary_passwords")
    print("ENDED2", await ev(), page(entry))

async def test_reload_in_sync(hass, entry, cloud, lock, portal, phone):
    portal.book("Anna")
    await portal.publish()
    from custom_components.tuya_wifi_lock.tuyalock import CloudClient
    orig = CloudClient.add_password
    gate = asyncio.Event(); inside = asyncio.Event()
    async def slow(self, request):
        r = await orig(self, request)
        inside.set(); await gate.wait()
        return r
    CloudClient.add_password = slow
    try:
        task = hass.async_create_task(sync(hass))
        await inside.wait()
        assert await hass.config_entries.async_reload(entry.entry_id)
        gate.set()
        try:
            print("R", await task)
        except BaseException as e:
            print("R", repr(e))
    finally:
        CloudClient.add_password = orig
    print("AGAIN", await sync(hass), await sync(hass), len(codes(cloud, lock)), len(phone.messages))
    assert codes(cloud, lock)["Anna"].digits in phone.messages[-1]

async def test_deleted_while_unloaded(hass, entry, cloud, lock):
    await add(hass, "Anna")
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    hass.config_entries.async_remove_subentry(entry, subentry_of(entry, "Anna"))
    await setup(hass, entry)
    await polled(hass)
    print("DEL", page(entry), cloud.rows(lock.device_id)[0].phase)

async def test_deactivated(hass, entry, cloud, lock, hass_ws_client):
    user, client = await user_client(hass, hass_ws_client)
    v = Viewer(client)
    await v.subscribe(); await v.sees()
    await hass.auth.async_deactivate_user(user)
    hass.states.async_set(LOCK, "unlocked")
    await hass.async_block_till_done()
    try:
        print("DEACT", await asyncio.wait_for(client.receive(), 2))
    except TimeoutError: print("DEACT nothing")
