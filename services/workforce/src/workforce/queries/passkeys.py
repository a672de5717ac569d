"""What somebody is told of their passkeys."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.privacy import KeyRing
from workforce.commands.passkeys import LABEL
from workforce.models import Passkey


class PasskeyEntry(BaseModel):
    id: UUID
    label: str
    registered_at: datetime
    last_used_at: datetime | None
    backed_up: bool = Field(description="kept by its maker too, and so on other devices of its owner")
    perhaps_copied: bool = Field(description="an answer counted backwards, as a copy's would: remove it")
    version: int


class Passkeys(BaseModel):
    items: list[PasskeyEntry]


async def passkeys(db: Db, keys: KeyRing, staff_id: UUID) -> Passkeys:
    """Return somebody's passkeys, the oldest first; there are at most ten."""
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    of = select(Passkey).where(Passkey.agency_id == db.scope.agency_id, Passkey.staff_id == staff_id)
    return Passkeys(
        items=[
            PasskeyEntry(
                id=row.id,
                label=str(sealer.open(LABEL, row.label)),
                registered_at=row.registered_at,
                last_used_at=row.last_used_at,
                backed_up=row.backed_up,
                perhaps_copied=row.count_went_back_at is not None,
                version=row.version,
            )
            for row in await db.scalars(of.order_by(Passkey.id))
        ]
    )
