"""Records of unlocks and alarms."""

from collections.abc import Callable

from .asked import Asked, Refusal
from .records import ALARM_CODES, LogRow, between, is_unlock, page, whole
from .state import CloudState

BY_DOOR_LOCK = r"/v1\.[01]/devices/(?P<id>[^/]+)/door-lock"
MOST_LOGS = 100


def _open_logs(cloud: CloudState, asked: Asked) -> object:
    rows = [row for row in _rows(cloud, asked) if is_unlock(row.code)]
    return {
        "total": len(rows),
        "logs": [_opening(cloud, row) for row in page(rows, asked)],
    }


def _opening(cloud: CloudState, row: LogRow) -> dict[str, object]:
    return {
        "status": row.status(cloud.log_status),
        "update_time": row.at,
        "unlock_name": row.unlock_name,
        "user_id": "",
        "nick_name": row.nick_name,
    }


def _alarm_logs(cloud: CloudState, asked: Asked) -> object:
    codes = asked.query("codes").split(",")
    if not set(codes) <= set(ALARM_CODES):
        raise Refusal(1109)
    rows = [row for row in _rows(cloud, asked) if row.code in codes]
    records = [
        {
            "status": row.status(cloud.log_status),
            "update_time": row.at,
            "nick_name": row.nick_name,
        }
        for row in page(rows, asked)
    ]
    return {"total": len(rows), "records": records}


def _device_logs(cloud: CloudState, asked: Asked) -> object:
    if asked.query("type") != "7":
        raise Refusal(1109)
    rows, more = _from_key(_rows(cloud, asked), asked, "start_row_key")
    return {"logs": [_report(row) for row in rows], "has_next": bool(more), "next_row_key": more}


def _report_logs(cloud: CloudState, asked: Asked) -> object:
    codes = asked.query("codes").split(",")
    chosen = [row for row in _rows(cloud, asked) if row.code in codes]
    rows, more = _from_key(chosen, asked, "last_row_key")
    return {"logs": [_report(row) for row in rows], "has_more": bool(more), "last_row_key": more}


def _from_key(rows: list[LogRow], asked: Asked, name: str) -> tuple[list[LogRow], str]:
    start = whole(asked.call.query.get(name) or "0")
    size = whole(asked.call.query.get("size", "20"))
    if not 1 <= size <= MOST_LOGS:
        raise Refusal(1109)
    end = start + size
    return rows[start:end], str(end) if end < len(rows) else ""


def _report(row: LogRow) -> dict[str, object]:
    return {"code": row.code, "value": row.value, "event_time": row.at, "event_id": 7}


def _rows(cloud: CloudState, asked: Asked) -> list[LogRow]:
    return between(cloud.device(asked.groups["id"]).logs, asked)


ROUTES: tuple[tuple[str, str, Callable[[CloudState, Asked], object]], ...] = (
    ("GET", rf"{BY_DOOR_LOCK}/open-logs", _open_logs),
    ("GET", rf"{BY_DOOR_LOCK}/alarm-logs", _alarm_logs),
    ("GET", r"/v1\.0/devices/(?P<id>[^/]+)/logs", _device_logs),
    ("GET", r"/v2\.[01]/cloud/thing/(?P<id>[^/]+)/report-logs", _report_logs),
)
