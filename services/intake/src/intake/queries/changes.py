"""What changed in who somebody is, field by field, the newest first."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, JsonValue
from sqlalchemy import select, tuple_

from common.database import Db
from common.errors import Unprocessable
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import reach_participant
from intake.commands.participants import NEW_VALUE, OLD_VALUE
from intake.commands.recording import recording
from intake.models import ParticipantChange
from intake.rules.people import IdentityField


class Change(BaseModel):
    """One field that changed. `version` is the one that the record got by it; null is not known."""

    version: int
    field: IdentityField
    old_value: JsonValue
    new_value: JsonValue
    changed_at: AwareDatetime
    changed_by: UUID | None


class Changes(BaseModel):
    items: list[Change]
    next: str | None = None


async def changes(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> Changes:
    found = await reach_participant(db, actor, participant_id, await recording(db))
    row = ParticipantChange
    question = select(row).where(row.agency_id == db.scope.agency_id, row.participant_id == found.id)
    if after:
        question = question.where(tuple_(row.version, row.id) < (_version(after), after.id))
    rows = (await db.scalars(question.order_by(row.version.desc(), row.id.desc()).limit(limit + 1))).all()
    page, sealer = rows[:limit], await keys.sealer(db, db.scope.agency_id, found.id)
    more = encode_cursor(page[-1].version, page[-1].id) if len(rows) > limit else None
    return Changes(items=[_change(sealer, one) for one in page], next=more)


def _version(after: Cursor) -> int:
    if not (after.at.isascii() and after.at.isdigit() and len(after.at) < 10):
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next")
    return int(after.at)


def _change(sealer: Sealer, row: ParticipantChange) -> Change:
    return Change.model_validate(
        {
            "version": row.version,
            "field": row.field,
            "old_value": row.old_value and sealer.open(OLD_VALUE, row.old_value),
            "new_value": row.new_value and sealer.open(NEW_VALUE, row.new_value),
            "changed_at": row.changed_at,
            "changed_by": row.changed_by,
        }
    )
