"""What can be asked about the devices on which staff are told."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select

from common.database import Db
from common.identity import Actor
from common.privacy import KeyRing
from notification.models import DEVICE_ADDRESS, Device
from notification.rules.devices import DEVICES_MOST
from notification.rules.messages import Channel

SHOWN_DIGITS = 4


class DeviceRead(BaseModel):
    """One of one's own devices. `ending`: the last digits of a number, so that one knows which it is."""

    id: UUID
    kind: Channel
    ending: str | None
    added_at: AwareDatetime
    confirmed_at: AwareDatetime | None
    version: int


class Devices(BaseModel):
    items: list[DeviceRead]


async def devices(db: Db, keys: KeyRing, actor: Actor) -> Devices:
    """Return the actor's devices, the oldest first; there are never many."""
    mine = (Device.staff_id == actor.staff_id) & Device.withdrawn_at.is_(None)
    rows = (await db.scalars(select(Device).where(mine).order_by(Device.id).limit(DEVICES_MOST))).all()
    sealer = await keys.sealer(db, db.scope.agency_id, actor.staff_id) if rows else None
    return Devices(items=[_read(row, sealer) for row in rows])


def _read(row: Device, sealer: Any) -> DeviceRead:
    number = str(sealer.open(DEVICE_ADDRESS, row.address)) if row.kind == Channel.SMS and row.address else None
    return DeviceRead(
        id=row.id,
        kind=Channel(row.kind),
        ending=number[-SHOWN_DIGITS:] if number else None,
        added_at=row.added_at,
        confirmed_at=row.confirmed_at,
        version=row.version,
    )


async def channels_of(db: Db, staff_ids: Collection[UUID]) -> dict[UUID, set[Channel]]:
    """Return by which devices each member of staff can be reached."""
    found = await db.execute(
        select(Device.staff_id, Device.kind).where(
            Device.staff_id.in_(staff_ids), Device.confirmed_at.is_not(None), Device.withdrawn_at.is_(None)
        )
    )
    kinds: dict[UUID, set[Channel]] = {one: set() for one in staff_ids}
    for row in found:
        kinds[row.staff_id].add(Channel(row.kind))
    return kinds


async def address_of(
    db: Db, keys: KeyRing, staff_id: UUID, channel: Channel, *, device_id: UUID | None = None
) -> str | None:
    """Return a number, or a push subscription as JSON: the newest that was confirmed; null if there is none.

    `device_id`: that device, confirmed or not, for the code that is to confirm it.
    """
    live = (Device.staff_id == staff_id) & (Device.kind == channel) & Device.withdrawn_at.is_(None)
    wanted = Device.confirmed_at.is_not(None) if device_id is None else Device.id == device_id
    sealed = await db.scalar(select(Device.address).where(live, wanted).order_by(Device.id.desc()).limit(1))
    if sealed is None:
        return None
    address = (await keys.sealer(db, db.scope.agency_id, staff_id)).open(DEVICE_ADDRESS, sealed)
    return address if isinstance(address, str) else orjson.dumps(address).decode()
