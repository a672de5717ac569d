"""What follows from a phone that somebody set up for work offline: pure decisions."""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from common.contracts.codes import Role

SECRET_BYTES = 32
DEVICES_MOST = 5
UNLOCKS_A_MINUTE = 60  # one for each page that opens what the phone keeps
MINUTE = timedelta(minutes=1)
WITHOUT_DEVICE = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


class DeviceEnd(StrEnum):
    LOST = "lost"
    REPLACED = "replaced"
    GIVEN_BACK = "given_back"
    LEFT = "left"  # the person left


def may_keep_offline(roles: Collection[str]) -> bool:
    """Tell whether somebody with these roles may have a device key.

    Administrators and auditors reach the whole agency, so that a copy of theirs on a phone would be too much to lose.
    """
    return WITHOUT_DEVICE.isdisjoint(roles)


def token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def unlocks_counted(count: int, since: datetime | None, now: datetime) -> tuple[int, datetime]:
    """Return how many unlocks the running minute has with this one, and when that minute began."""
    if since is None or now - since >= MINUTE:
        return 1, now
    return count + 1, since


def wait_seconds(count: int, since: datetime, now: datetime) -> int:
    """Return the whole seconds, 0 to 60, until a phone with so many unlocks in its running minute may ask again."""
    if count <= UNLOCKS_A_MINUTE:
        return 0
    return max(1, -int((now - since - MINUTE) // timedelta(seconds=1)))
