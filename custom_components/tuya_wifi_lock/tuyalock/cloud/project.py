"""A cloud project on Tuya's developer platform, and what Tuya has for all of them."""

from dataclasses import dataclass, field

REGIONS: dict[str, str] = {
    "eu": "https://openapi.tuyaeu.com",
    "eu-w": "https://openapi-weaz.tuyaeu.com",
    "us": "https://openapi.tuyaus.com",
    "us-e": "https://openapi-ueaz.tuyaus.com",
    "cn": "https://openapi.tuyacn.com",
    "in": "https://openapi.tuyain.com",
    "sg": "https://openapi-sg.iotbing.com",
}
"""Data centre -> base URL of its OpenAPI."""

MAX_CALLS = 20_000
"""Calls per month after which polling stops; a trial allows about 26,000."""


@dataclass(frozen=True, slots=True)
class Project:
    """A cloud project on Tuya's developer platform."""

    region: str
    access_id: str
    access_secret: str = field(repr=False)
