"""What can be chosen about a simulated lock, and what can be made to go wrong."""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Literal


class Family(StrEnum):
    """Product families, by how they are opened from afar."""

    A = "A"
    B = "B"
    D = "D"


type QueryAnswer = Literal["changed", "all", "empty", "unvalid", "not_found"]
type SlotPolicy = Literal["refuse", "kick_oldest", "mute"]
type SequencePolicy = Literal["echo", "counter", "zero"]
type Stage = Literal["accept", "start", "resp", "finish", "query", "control", "ack", "push"]
type AlarmForm = Literal["name", "index", "bits"]
type AnswerKind = Literal["control", "query", "heartbeat", "report"]


@dataclass
class Knobs:
    """How this lock behaves; every field may change at any time."""

    # Power and announcements
    low_power: bool = True
    keep_alive: bool = False  # battery lock whose Wi-Fi stays on: never sleeps by itself
    awake_seconds: float | None = None  # None: until sleep()
    asleep_dials: Literal["refuse", "silent"] = "refuse"  # silent: SYNs stay unanswered
    announce: bool = True
    announce_interval: float = 5.0
    announce_before_listen_seconds: float = 0.0
    solicited_only: bool = False  # 3.5 vendor SDK: nothing unsolicited, answers requests
    solicit_host: str = "127.255.255.255"  # where requests are heard, beside a client's socket
    # Connections
    lan: bool = True  # False: the radio reaches the cloud, and nothing of the LAN reaches the lock
    max_clients: int = 1
    slot_policy: SlotPolicy = "refuse"
    idle_timeout: float | None = 30.0
    wrong_key: Literal["silent", "close", "complain"] = "close"  # complain: clear text, to 3.3
    strict_seq: bool = False
    zero_key_bug: bool = False
    split_frame_loss: bool = False
    # Answers
    query_answer: QueryAnswer = "changed"
    query_as_status: bool = False
    unlock_in: Literal["both", "push", "query"] = "both"  # where a new unlock DP is seen
    seq_policy: SequencePolicy | None = None
    ack_retcode: int = 0
    ack_text: str = ""
    ack_lost: bool = False
    ack_delay: float = 0.0
    apply_delay: float = 0.0
    heartbeat_mute: bool = False
    update_dps: bool = False  # answers the refresh request
    # Reports
    push_t: Literal["epoch", "milliseconds", "text", "uptime", "missing"] | int = "epoch"
    record_times: bool = False
    clock_offset: float = 0.0
    burst_frames: Literal["one", "separate"] = "one"
    countdown_step: float = 5.0
    battery_dp: Literal[11, 12] = 12
    alarm_form: AlarmForm = "name"
    # Opening
    reply: Literal["3", "5", "echo"] = "3"
    cloud: bool = True
    sync_after: float = 0.05  # seconds from a touch until passwords are fetched: it opens first
    requires_request: bool = False
    supports_lock: bool = True
    fail_unlock: bool = False
    motor_state: bool = False
    door_sensor: bool = False
    relock_seconds: float | None = None
    app_record: bool = True


def tuya_open(**changes: Any) -> Knobs:
    """Return the behaviour of Tuya's own open device code (3.5, always on)."""
    values: dict[str, Any] = {
        "low_power": False,
        "max_clients": 3,
        "idle_timeout": 31.0,
        "strict_seq": True,
        "ack_retcode": 0x01000000,
        "apply_delay": 0.02,
        "zero_key_bug": True,
        "split_frame_loss": True,
        "query_answer": "all",
        "solicited_only": True,
    }
    return Knobs(**values | changes)


def access_control(**changes: Any) -> Knobs:
    """Return the behaviour of a mains-powered access control (family D)."""
    values: dict[str, Any] = {"low_power": False, "query_answer": "unvalid", "reply": "5"}
    return Knobs(**values | changes)


@dataclass
class Faults:
    """What goes wrong. Counters say how many times (True is once), the rest stays until cleared."""

    # Counters, for frames of an open session
    half_frame_then_silence: int = 0
    garbage: int = 0
    bad_mac: int = 0
    merge_frames: int = 0
    zero_session_key: int = 0  # handshakes whose session key starts with a zero byte
    # Once
    reset_at: Stage | None = None
    # Until cleared
    delay_answers: float = 0.0
    lose_answers: set[AnswerKind] = field(default_factory=set)
    wrong_local_key: str | None = None
    fragment: int | None = None
    slot_taken: bool = False
    mute: bool = False
    cut_off: bool = False  # falls asleep without ending its connections, which seem alive

    def clear(self) -> None:
        """Make everything right again."""
        fresh = Faults()
        for entry in fields(self):
            setattr(self, entry.name, getattr(fresh, entry.name))

    def take(self, name: str) -> bool:
        """Use up one of a counter; False if there is none."""
        left = int(getattr(self, name))
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0

    def resets(self, stage: Stage) -> bool:
        """Tell once whether the connection is to be reset here."""
        if self.reset_at != stage:
            return False
        self.reset_at = None
        return True
