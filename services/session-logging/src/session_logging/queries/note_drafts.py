"""What somebody typed so far: their own drafts, without the words, and one of them whole."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from common.database import Db
from common.errors import NotThere
from common.identity import Actor
from common.privacy import KeyRing
from session_logging.commands.drafts import LIFE, MOST, DraftKind, opened
from session_logging.models import NoteDraft

ENDS_SOON = timedelta(days=23)


class DraftEntry(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: DraftKind
    participant_id: UUID | None
    revision: int
    begun_at: AwareDatetime
    saved_at: AwareDatetime
    ends_at: AwareDatetime = Field(description="30 days after it was last saved")
    ends_soon: bool = Field(description="less than a week is left")


class DraftRead(DraftEntry):
    content: dict[str, Any]


async def drafts(db: Db, actor: Actor) -> list[DraftEntry]:
    """Return the actor's own drafts, the newest first."""
    question = select(NoteDraft).where(*_live(db, actor)).order_by(NoteDraft.saved_at.desc(), NoteDraft.id).limit(MOST)
    return [DraftEntry(**_entry(db, row)) for row in await db.scalars(question)]


async def draft(db: Db, keys: KeyRing, actor: Actor, draft_id: UUID) -> DraftRead:
    """Return one of the actor's own drafts. Raises `NotThere` for everybody else's."""
    row = await db.scalar(select(NoteDraft).where(*_live(db, actor), NoteDraft.id == draft_id))
    if row is None:
        raise NotThere
    sealer = await keys.sealer(db, db.scope.agency_id, row.owner_id)
    return DraftRead(**_entry(db, row), content=opened(sealer, row.content))


def _live(db: Db, actor: Actor) -> tuple[Any, ...]:
    return (
        NoteDraft.agency_id == db.scope.agency_id,
        NoteDraft.staff_id == actor.staff_id,
        NoteDraft.saved_at >= db.now - LIFE,
    )


def _entry(db: Db, row: NoteDraft) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in ("id", "kind", "participant_id", "revision", "begun_at", "saved_at")}
    return told | {"ends_at": row.saved_at + LIFE, "ends_soon": db.now - row.saved_at >= ENDS_SOON}
