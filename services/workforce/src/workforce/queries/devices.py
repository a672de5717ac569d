"""Which phones somebody set up for work offline, and what waited on them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.identity import Actor
from common.privacy import KeyRing
from workforce.commands.devices import LABEL
from workforce.commands.reach import reach_staff
from workforce.models import Device
from workforce.rules.devices import DeviceEnd

SHOWN_MOST = 50


class DeviceEntry(BaseModel):
    id: UUID
    label: str
    registered_at: datetime
    last_seen_at: datetime
    waiting: int = Field(description="entries it had not sent when last seen; of a lost phone these are lost too")
    waiting_since: datetime | None
    ended_at: datetime | None
    end_reason: DeviceEnd | None


class Devices(BaseModel):
    items: list[DeviceEntry]


async def devices(db: Db, keys: KeyRing, actor: Actor, staff_id: UUID) -> Devices:
    """Return somebody's newest fifty phones, ended ones among them, the newest first. Raises `NotThere`."""
    await reach_staff(db, actor, staff_id)
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    of = select(Device).where(Device.agency_id == db.scope.agency_id, Device.staff_id == staff_id)
    found = await db.scalars(of.order_by(Device.id.desc()).limit(SHOWN_MOST))
    return Devices(
        items=[
            DeviceEntry(
                id=row.id,
                label=str(sealer.open(LABEL, row.label)),
                registered_at=row.registered_at,
                last_seen_at=row.last_seen_at,
                waiting=row.waiting,
                waiting_since=row.waiting_since,
                ended_at=row.ended_at,
                end_reason=DeviceEnd(row.end_reason) if row.end_reason else None,
            )
            for row in found
        ]
    )
