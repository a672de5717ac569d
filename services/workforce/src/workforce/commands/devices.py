"""Phones set up for work offline: setting one up, signing in on it, opening what it keeps, ending it.

Locked in one order, so that nothing waits in a ring: the person, the phone, its sign-ins.
"""

import hmac
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from pydantic import Field, SecretStr
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Forbidden, NotThere, Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Instant, Label
from workforce.commands.reach import reach_staff
from workforce.commands.sign_ins import end_sign_ins, open_sign_in, require_working
from workforce.models import Device
from workforce.rules.devices import (
    DEVICES_MOST,
    SECRET_BYTES,
    DeviceEnd,
    may_keep_offline,
    token_digest,
    unlocks_counted,
    wait_seconds,
)
from workforce.rules.signing import EndReason

LABEL, SECRET = "device.label", "device.unlock_secret"


class SetUpDevice(Asked):
    label: Label = Field(description="what its owner calls it, such as: work phone")


class BindDevice(Asked):
    device_id: UUID
    device_token: SecretStr = Field(max_length=200)


class ReportWaiting(Asked):
    """How many entries a phone had not sent at its last contact, and since when the oldest waits."""

    waiting: int = Field(ge=0, le=100_000)
    waiting_since: Instant | None = None


class EndDevice(Asked):
    reason: Literal[DeviceEnd.LOST, DeviceEnd.REPLACED, DeviceEnd.GIVEN_BACK]


class DeviceGone(Refused):
    """Said alike of a device that ended, of somebody else's and of none: the phone forgets what it kept."""

    status = 404

    def __init__(self) -> None:
        detail = "This phone is not set up for you, or not any more. Sign in and set it up again."
        super().__init__("device-not-set-up", detail)


class UnlockedTooOften(Refused):
    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__("unlocked-too-often", "This phone asked too often. Wait as long as Retry-After says.")
        self.retry_after = seconds


@dataclass(frozen=True)
class SetUp:
    """A new device with its two secrets, which leave the server once each, here. `unlock_secret`: base64."""

    id: UUID
    device_token: str = field(repr=False)
    unlock_secret: str = field(repr=False)


async def set_up_device(db: Db, keys: KeyRing, actor: Actor, request: SetUpDevice) -> SetUp:
    """Set the caller's phone up for work offline and bind their sign-in to it. Raises `Forbidden`, `Refused`."""
    await _require_role(db, actor)
    theirs = (Device.agency_id == db.scope.agency_id, Device.staff_id == actor.staff_id, Device.ended_at.is_(None))
    if (await db.scalar(select(func.count()).select_from(Device).where(*theirs)) or 0) >= DEVICES_MOST:
        raise Refused("devices-enough", f"There are {DEVICES_MOST} phones of yours. End one that you do not use first.")
    made = SetUp(uuid7(), secrets.token_urlsafe(32), b64encode(secrets.token_bytes(SECRET_BYTES)).decode())
    sealer = await keys.sealer(db, db.scope.agency_id, actor.staff_id)
    db.add(
        Device(
            agency_id=db.scope.agency_id,
            id=made.id,
            staff_id=actor.staff_id,
            label=sealer.seal(LABEL, request.label),
            token_digest=token_digest(made.device_token),
            unlock_secret=sealer.seal(SECRET, made.unlock_secret),
            registered_at=db.now,
            last_seen_at=db.now,
        )
    )
    await _bind_sign_in(db, actor, made.id)
    db.audit("device.set-up", actor.staff_id, device_id=made.id)
    return made


async def bind_device(db: Db, actor: Actor, request: BindDevice) -> None:
    """Bind the caller's sign-in to a phone of theirs that shows its token. Raises `DeviceGone`, `Forbidden`."""
    await _require_role(db, actor)
    device = await _own(db, actor, request.device_id)
    if not hmac.compare_digest(device.token_digest, token_digest(request.device_token.get_secret_value())):
        raise DeviceGone
    await _bind_sign_in(db, actor, device.id)
    device.last_seen_at = db.now
    db.audit("device.bind", actor.staff_id, device_id=device.id)


async def unlock_device(db: Db, keys: KeyRing, actor: Actor, device_id: UUID) -> str:
    """Return what opens the phone's store, in base64, to a sign-in that is open and bound to that very phone.

    Raises `DeviceGone`, `Forbidden`, `Unauthenticated` or `UnlockedTooOften`.
    """
    await _require_role(db, actor)
    device = await _own(db, actor, device_id)
    await _require_bound(db, actor, device)
    device.unlocks, device.unlocks_since = unlocks_counted(device.unlocks, device.unlocks_since, db.now)
    if seconds := wait_seconds(device.unlocks, device.unlocks_since, db.now):
        raise UnlockedTooOften(seconds)
    device.last_seen_at = db.now
    assert device.unlock_secret is not None  # an open device has one: the table checks it
    db.audit("device.unlock", actor.staff_id, device_id=device.id)
    sealer = await keys.sealer(db, db.scope.agency_id, actor.staff_id)
    return str(sealer.open(SECRET, device.unlock_secret))


async def report_waiting(db: Db, actor: Actor, device_id: UUID, request: ReportWaiting) -> None:
    """Note what the phone has not sent, for whoever asks after it is lost. Tells nothing of anybody, so no audit row.

    Raises `DeviceGone` or `Unprocessable`.
    """
    if (request.waiting == 0) != (request.waiting_since is None):
        detail = "Say since when the oldest entry waits, and say nothing if none does."
        raise Unprocessable("waiting-does-not-fit", detail, "/waiting_since")
    device = await _own(db, actor, device_id)
    await _require_bound(db, actor, device)
    device.waiting, device.waiting_since, device.last_seen_at = request.waiting, request.waiting_since, db.now


async def end_device(db: Db, actor: Actor, device_id: UUID, request: EndDevice) -> Created:
    """End a phone: its key is erased and its sign-ins end everywhere within a minute. A repeat changes nothing.

    Its owner may, who supervises them, and administrators. Raises `NotThere`.
    """
    device = await db.get(Device, (db.scope.agency_id, device_id), with_for_update=True)
    if device is None:
        raise NotThere
    await reach_staff(db, actor, device.staff_id)
    if device.ended_at is None:
        await _end(db, device, request.reason)
    return Created(id=device.id, version=1)


async def end_devices(db: Db, staff_id: UUID, reason: DeviceEnd) -> None:
    """End every phone of somebody."""
    theirs = (Device.agency_id == db.scope.agency_id, Device.staff_id == staff_id, Device.ended_at.is_(None))
    for device in (await db.scalars(select(Device).where(*theirs).order_by(Device.id).with_for_update())).all():
        await _end(db, device, reason)


async def _end(db: Db, device: Device, reason: DeviceEnd) -> None:
    device.unlock_secret = None
    device.ended_at, device.end_reason, device.ended_by = db.now, reason, db.scope.actor_id
    db.audit("device.end", device.staff_id, device_id=device.id, reason=reason)
    await end_sign_ins(db, device_id=device.id, reason=EndReason.DEVICE_REVOKED)


async def _own(db: Db, actor: Actor, device_id: UUID) -> Device:
    device = await db.get(Device, (db.scope.agency_id, device_id), with_for_update=True)
    if device is None or device.staff_id != actor.staff_id or device.ended_at is not None:
        raise DeviceGone
    return device


async def _require_role(db: Db, actor: Actor) -> None:
    staff, _ = await require_working(db, actor.staff_id)
    if not may_keep_offline(staff.roles):
        detail = "Your role reaches the whole agency, so nothing of it is kept on a phone. Work online."
        raise Forbidden("device-not-for-this-role", detail)


async def _require_bound(db: Db, actor: Actor, device: Device) -> None:
    current = await open_sign_in(db, actor.sign_in_id)
    if current.device_id != device.id:
        raise DeviceGone


async def _bind_sign_in(db: Db, actor: Actor, device_id: UUID) -> None:
    current = await open_sign_in(db, actor.sign_in_id)
    current.device_id = device_id
