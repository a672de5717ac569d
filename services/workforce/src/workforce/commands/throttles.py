"""Counting failed proofs, for known and unknown names alike, and making guessers wait.

An attempt counts as failed before it is looked at, and is taken back when it was right: a hundred at once gain nothing.
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.errors import Refused
from common.privacy import KeyRing, blind_index
from workforce.models import Throttle
from workforce.rules.throttling import (
    FORGOTTEN_AFTER,
    Counted,
    delay_after,
    failures_still_counted,
    retry_seconds,
)

PRUNED_AT_ONCE = 100
NONCE_BYTES = 16


class TooManyAttempts(Refused):
    """Says the same of everybody; `Retry-After` says when to come back."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "too-many-attempts",
            "Too many attempts failed. Wait as long as Retry-After says, then try again.",
        )
        self.retry_after = seconds


@dataclass(frozen=True)
class Attempt:
    """What an attempt is counted under, until it turns out to be right."""

    own: tuple[bytes, ...]
    network: bytes | None = None
    known_device: bool = field(default=False)


async def count_sign_in(db: Db, keys: KeyRing, email: str, network: str | None, device: str | None) -> Attempt:
    """Count an attempt to sign in. Raises `TooManyAttempts`.

    A device that this name signed in from before is counted by itself: strangers' failures never keep its owner out.
    """
    index = keys.platform_index_key()
    if device is not None and (nonce := _known_nonce(index, email, device)) is not None:
        key = blind_index(index, "throttle-device", nonce.hex())
        await _count(db, key, Counted.DEVICE)
        return Attempt((key,), known_device=True)
    key = blind_index(index, "throttle-name", email)
    await _count(db, key, Counted.NAME)
    if network is None:
        return Attempt((key,))
    place = blind_index(index, "throttle-network", network)
    await _count(db, place, Counted.NETWORK)
    return Attempt((key,), place)


async def count_proof(
    db: Db, keys: KeyRing, staff_id: object, *, email: str = "", device: str | None = None
) -> Attempt:
    """Count a code or another proof of somebody who is known by now. Raises `TooManyAttempts`.

    A device that `email` signed in from before is counted by itself here too: who found out a password and guesses
    codes never keeps its owner out.
    """
    index = keys.platform_index_key()
    if device is not None and (nonce := _known_nonce(index, email, device)) is not None:
        key = blind_index(index, "throttle-device-proof", nonce.hex())
        await _count(db, key, Counted.DEVICE)
        return Attempt((key,), known_device=True)
    key = blind_index(index, "throttle-person", str(staff_id))
    await _count(db, key, Counted.PERSON)
    return Attempt((key,))


async def take_back(db: Db, attempt: Attempt) -> None:
    """The attempt was right: forget what was counted for it, and for its network this one attempt."""
    await db.execute(delete(Throttle).where(Throttle.key.in_(attempt.own)))
    if attempt.network is not None:
        less = {"failures": func.greatest(Throttle.failures - 1, 0), "blocked_until": None}
        await db.execute(update(Throttle).where(Throttle.key == attempt.network).values(less))


async def _count(db: Db, key: bytes, counted: Counted) -> None:
    row = {"key": key, "failures": 0, "last_at": db.now}
    made = await db.execute(insert(Throttle).values(row).on_conflict_do_nothing().returning(Throttle.key))
    if made.first():
        await _prune(db)
    found = await db.get(Throttle, key, with_for_update=True, populate_existing=True)
    if found is None:  # somebody took it back between the two statements
        return
    if found.blocked_until is not None and found.blocked_until > db.now:
        raise TooManyAttempts(retry_seconds(found.blocked_until, db.now))
    found.failures = failures_still_counted(found.failures, found.last_at, db.now) + 1
    found.last_at = db.now
    wait = delay_after(found.failures, counted)
    found.blocked_until = db.now + wait if wait else None  # requests at one moment have clocks a little apart


async def _prune(db: Db) -> None:
    """Make room: names that strangers invent would fill the table."""
    old = select(Throttle.key).where(Throttle.last_at < db.now - FORGOTTEN_AFTER).limit(PRUNED_AT_ONCE)
    await db.execute(delete(Throttle).where(Throttle.key.in_(old.with_for_update(skip_locked=True))))


def known_device(keys: KeyRing, email: str) -> str:
    """Return what tells later that this name signed in from there before; it opens nothing."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + _mark(keys.platform_index_key(), email, nonce)).decode().rstrip("=")


def _known_nonce(index: bytes, email: str, device: str) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(device + "=" * (-len(device) % 4))
    except (ValueError, binascii.Error):
        return None
    nonce, mark = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
    return nonce if hmac.compare_digest(mark, _mark(index, email, nonce)) else None


def _mark(index: bytes, email: str, nonce: bytes) -> bytes:
    return blind_index(index, "known-device", email, nonce.hex())
