"""The devices on which a member of staff is told: browsers that take pushes, and a mobile number of their own."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import AfterValidator, SecretStr
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, blind_index
from common.text import Asked
from notification.commands.intents import intent, store
from notification.models import DEVICE_ADDRESS, Device, Message
from notification.rules.devices import (
    AUTH_BYTES,
    CODE_LASTS,
    CODES_A_DAY,
    CONFIRM_DEVICE,
    DEVICES_MOST,
    P256_POINT_BYTES,
    code,
    is_over,
    is_right,
    require_endpoint,
    require_key,
    require_number,
)
from notification.rules.messages import Channel, Purpose


def _checked(check: Any) -> Any:
    """Return a validator of what is inside a secret; its errors quote nothing."""

    def look(secret: SecretStr) -> SecretStr:
        check(secret.get_secret_value())
        return secret

    return AfterValidator(look)


class PushKeys(Asked):
    """What the browser encrypts with (RFC 8291): base64url."""

    p256dh: Annotated[SecretStr, _checked(partial(require_key, length=P256_POINT_BYTES))]
    auth: Annotated[SecretStr, _checked(partial(require_key, length=AUTH_BYTES))]


class AddPush(Asked):
    """A push subscription as the browser gave it."""

    endpoint: Annotated[SecretStr, _checked(require_endpoint)]
    keys: PushKeys


class AddNumber(Asked):
    """A mobile number of one's own; a code that is sent to it confirms it."""

    number: Annotated[SecretStr, _checked(require_number)]


class SendCode(Asked):
    """Nothing to say but that a code is wanted."""


class ConfirmDevice(Asked):
    code: SecretStr


async def add_push(db: Db, keys: KeyRing, actor: Actor, request: AddPush) -> Created:
    """Add a browser; the same one again is the device that it already is."""
    secrets = {name: getattr(request.keys, name).get_secret_value() for name in ("p256dh", "auth")}
    endpoint = request.endpoint.get_secret_value()
    device, known = await _device(db, keys, actor, Channel.PUSH, endpoint)
    subscription = {"endpoint": endpoint, "keys": secrets}
    device.address = (await keys.sealer(db, device.agency_id, device.staff_id)).seal(DEVICE_ADDRESS, subscription)
    device.confirmed_at = device.confirmed_at or db.now  # the browser itself asked its owner
    return _done(db, device, "device.renew" if known else "device.add")


async def add_number(db: Db, keys: KeyRing, actor: Actor, request: AddNumber) -> Created:
    """Add a number and send it a code. Raises `Refused`."""
    number = request.number.get_secret_value()
    device, known = await _device(db, keys, actor, Channel.SMS, number)
    if known:
        return Created(id=device.id, version=device.version)
    device.address = (await keys.sealer(db, device.agency_id, device.staff_id)).seal(DEVICE_ADDRESS, number)
    await _send_code(db, device)
    return _done(db, device, "device.add")


async def _device(db: Db, keys: KeyRing, actor: Actor, kind: Channel, address: str) -> tuple[Device, bool]:
    """Return the actor's device of an address, and whether it was known. Raises `Refused` for one too many."""
    digest = await _digest(db, keys, kind, address)
    mine = (Device.staff_id == actor.staff_id) & Device.withdrawn_at.is_(None)
    devices = (await db.scalars(select(Device).where(mine).order_by(Device.id).with_for_update())).all()
    for device in devices:
        if device.digest == digest:
            return device, True
    if len(devices) >= DEVICES_MOST:
        raise Refused("too-many-devices", "You have as many devices as one can have. Withdraw one that you do not use.")
    device = Device(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        staff_id=actor.staff_id,
        kind=kind,
        digest=digest,
        added_at=db.now,
        code_round=0,
        wrong_codes=0,
        version=0,
    )
    db.add(device)
    return device, False


async def send_code(db: Db, actor: Actor, device_id: UUID) -> Created:
    """Send another code to a number; the one before counts no more. Raises `NotThere`, `Refused`."""
    device = await _own(db, actor, device_id)
    if device.confirmed_at is not None:
        raise Refused("device-confirmed", "This device is confirmed already. There is nothing to do.")
    await _send_code(db, device)
    return _done(db, device, "device.send-code")


async def _send_code(db: Db, device: Device) -> None:
    sent = select(func.count()).where(
        Message.recipient_id == device.staff_id,
        Message.template == CONFIRM_DEVICE,
        Message.created_at > db.now - timedelta(days=1),
    )
    if (await db.scalar(sent) or 0) >= CODES_A_DAY:
        raise Refused("too-many-codes", "No more codes can be sent today. Try again tomorrow.", status=429)
    device.code_round += 1
    device.code_sent_at = db.now
    device.wrong_codes = 0
    message = intent(
        db,
        CONFIRM_DEVICE,
        device.staff_id,
        f"{device.id}/{device.code_round}",
        db.now,
        None,
        channel=Channel.SMS,
        purpose=Purpose.ANSWER,
        values={"device_id": str(device.id), "round": device.code_round},
        useful_until=db.now + CODE_LASTS,
    )
    await store(db, [message])


async def confirm_device(db: Db, keys: KeyRing, actor: Actor, device_id: UUID, request: ConfirmDevice) -> Device | None:
    """Confirm a number by its code; null if the code is wrong, which is counted, so the caller must commit.

    Raises `NotThere`, and `Refused` for a code that can no longer be given.
    """
    device = await _own(db, actor, device_id)
    if device.confirmed_at is not None:
        return device
    if is_over(device.code_sent_at, device.wrong_codes, db.now):
        raise Refused("code-over", "This code is no longer valid. Ask for another.")
    expected = code(await keys.index_key(db, device.agency_id), device.id, device.code_round)
    if not is_right(expected, request.code.get_secret_value()):
        device.wrong_codes += 1
        db.audit("device.confirm-failed", device.id, staff_id=device.staff_id)
        return None
    device.confirmed_at = db.now
    _done(db, device, "device.confirm")
    return device


async def withdraw_device(db: Db, actor: Actor, device_id: UUID, expected: int) -> Created:
    """Withdraw a device and forget its address; again it changes nothing."""
    device = await _own(db, actor, device_id, withdrawn=True)
    if device.withdrawn_at is not None:
        return Created(id=device.id, version=device.version)
    require_version(device.version, expected)
    return _withdraw(db, device)


async def gone(db: Db, keys: KeyRing, staff_id: UUID, channel: Channel, address: str) -> None:
    """Forget a device that its provider says is gone; `address` as it was sent to."""
    endpoint = str(orjson.loads(address)["endpoint"]) if channel is Channel.PUSH else address
    digest = await _digest(db, keys, channel, endpoint)
    found = await db.scalars(
        select(Device)
        .where(Device.staff_id == staff_id, Device.kind == channel, Device.digest == digest)
        .where(Device.withdrawn_at.is_(None))
        .with_for_update()
    )
    for device in found:
        _withdraw(db, device)


async def _digest(db: Db, keys: KeyRing, kind: Channel, address: str) -> bytes:
    return blind_index(await keys.index_key(db, db.scope.agency_id), f"device-{kind}", address)


def _withdraw(db: Db, device: Device) -> Created:
    device.withdrawn_at = db.now
    device.address = None
    return _done(db, device, "device.withdraw")


async def _own(db: Db, actor: Actor, device_id: UUID, *, withdrawn: bool = False) -> Device:
    device = await db.get(Device, (db.scope.agency_id, device_id), with_for_update=True)
    if device is None or device.staff_id != actor.staff_id or (device.withdrawn_at is not None and not withdrawn):
        raise NotThere
    return device


def _done(db: Db, device: Device, action: str) -> Created:
    device.version += 1
    db.audit(action, device.id, staff_id=device.staff_id)
    return Created(id=device.id, version=device.version)


async def values_at_send(db: Db, keys: KeyRing, template: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message says when it leaves: a code is worked out only now, and kept nowhere."""
    if template != CONFIRM_DEVICE:
        return dict(values)
    key = await keys.index_key(db, db.scope.agency_id)
    return {"code": code(key, UUID(values["device_id"]), values["round"])}
