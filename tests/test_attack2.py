import asyncio, time
import homeassistant.util.dt as dt_util
from datetime import timedelta
import pytest
from custom_components.tuya_wifi_lock.const import CONF_GUEST_MANAGERS, CONF_GUEST_PHONES, DOMAIN
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from tests.common import CALENDAR, LOCK, polled
from tests.guests import act, fetch, listed, add, hours
from tests.test_calendar import lock, phone, admin, guest_manager, event, digits, at
import tests.test_calendar as tc
from tests.guest_page import page, make, delete
import voluptuous as vol

async def test_rrules(hass, cloud, lock, admin):
    D=(dt_util.now()+timedelta(days=1)).date().isoformat()
    for rule in ["FREQ=WEEKLY;COUNT=100000000", "FREQ=WEEKLY;COUNT=0", "FREQ=WEEKLY;COUNT=-1", "FREQ=WEEKLY;UNTIL=00010101", "FREQ=WEEKLY;BYDAY=TU;UNTIL=00010101T000000Z", "FREQ=WEEKLY;UNTIL=99991231T235959Z", "FREQ=WEEKLY;UNTIL=2027-01-01", "freq=weekly", "FREQ=WEEKLY;", "RRULE:FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=", "FREQ=WEEKLY;BYDAY=1MO", "FREQ=WEEKLY;INTERVAL=01", "FREQ=DAILY;BYDAY=mo", "FREQ=WEEKLY;UNTIL=20270101T100000", "FREQ=WEEKLY;COUNT=3;UNTIL=20270101", "FREQ=WEEKLY;BYDAY=MO,MO", "FREQ=WEEKLY;COUNT=x", "FREQ=WEEKLY;UNTIL=20270101T1000Z", "FREQ=DAILY;COUNT=400", "FREQ=WEEKLY;BYDAY=+1MO","FREQ=WEEKLY;UNTIL=20270101T", "", "FREQ=WEEKLY;FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TU;COUNT=1", "FREQ=WEEKLY;COUNT=1e3", "INTERVAL=1"]:
        t = time.monotonic()
        try:
            r = await admin.create("A%d" % (hash(rule) % 1000), D+"T09:00:00", D+"T12:00:00", rrule=rule)
        except BaseException as e:
            r = "EXC " + repr(e)
        print("RR", rule, "->", r[:150], round(time.monotonic() - t, 2))
        for row in list(cloud.rows(lock.device_id)):
            print("   ", row.effective_time, row.invalid_time, row.schedule)
            cloud.rows(lock.device_id).remove(row)

async def test_values(hass, cloud, lock):
    for action, data in [("delete_temporary_password", {"which": "1" * 5000}), ("get_records", {"limit": 10**30}),
       ("add_temporary_password", {"name": "x", "end": "9999-12-31T23:59:59-14:00"}),
       ("add_temporary_password", {"name": "x", "end": "0001-01-01"}),
       ("add_temporary_password", {"name": "x", "start": "0001-01-01", "end": hours(1)}),
       ("add_temporary_password", {"name": "x", "duration": {"days": 999999999}}),
       ("add_temporary_password", {"name": "x\0", "end": hours(1)}),
       ("add_temporary_password", {"name": "x" * 10000, "end": hours(1)}),
       ("add_temporary_password", {"name": "\ud800", "end": hours(1)}),
       ("add_temporary_password", {"name": "x", "end": hours(1), "code": "\u0661" * 7}),
       ("add_temporary_password", {"name": "x", "end": hours(1), "code": "1" * 100000}),
       ("add_temporary_password", {"name": "x", "end": hours(1), "weekdays": [], }),
       ("add_temporary_password", {"name": "x2", "end": hours(1), "weekdays": ["monday"], "from": "22:00", "to": "06:00"}),
       ("add_temporary_password", {"name": "x3", "end": hours(1), "weekdays": ["monday"], "from": "00:00", "to": "00:00"}),
       ("add_offline_password", {"kind": "multiple", "name": "x"*10000, "end": hours(30)}),
       ("add_offline_password", {"kind": "multiple", "name": "x", "start": "1960-01-01", "end": hours(30)}),
       ("add_offline_password", {"kind": "multiple", "name": "x", "end": "9000-01-01"}),
       ("sync_guest_codes", {"calendar": CALENDAR, "lead_time": {"days": 999999999}}),
       ("sync_guest_codes", {"calendar": "calendar.nothing"}),
       ]:
        try:
            r = await act(hass, action, **data)
        except (HomeAssistantError, vol.Invalid) as e:
            r = "HAE " + str(e)[:120]
        except BaseException as e:
            r = "EXC " + repr(e)[:200]
        print("VAL", action, str(data)[:80], "->", str(r)[:180])

async def test_id_as_name(hass, entry, cloud, lock):
    made = await add(hass, "Victim")
    await add(hass, made["id"])
    await hass.async_block_till_done()
    await delete(hass, entry, "Victim")
    print({r.name: r.phase for r in cloud.rows(lock.device_id)}, page(entry))
    assert cloud.rows(lock.device_id)[0].phase == 3

async def test_two_updates(hass, cloud, lock, phone, admin):
    assert await admin.create("Anna", at(1), at(2)) == ""
    uid = str(cloud.rows(lock.device_id)[0].id)
    hass.config_entries.async_entries(DOMAIN)
    c = admin._client
    for n in (3, 4):
        await c.send_json_auto_id({"type": "calendar/event/update", "entity_id": CALENDAR, "uid": uid, "event": event("Anna", at(1), at(n))})
    for n in (3, 4):
        print(await c.receive_json())
    row = cloud.rows(lock.device_id)[0]
    print(phone.messages, row)
    assert row.digits in phone.messages[-1]

async def test_hot(hass, entry, cloud, lock):
    await add(hass, "A"); await add(hass, "B")
    await hass.async_block_till_done()
    cloud.garble("/temp-passwords/[0-9]+$", times=None, done=False, text='{"success":true,"result":true,"t":0}')
    hass.config_entries.async_remove_subentry(entry, __import__("tests.guest_page").guest_page.subentry_of(entry, "A"))
    hass.config_entries.async_remove_subentry(entry, __import__("tests.guest_page").guest_page.subentry_of(entry, "B"))
    n = len(cloud.calls)
    await asyncio.sleep(1)
    print("HOT", len(cloud.calls) - n)
    from collections import Counter
    print("CNT", Counter((c.method,c.path) for c in cloud.calls[n:]))
    assert len(cloud.calls) - n < 20
