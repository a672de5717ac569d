"""Who looked at a person's record: every audited act on them or on anything that belongs to them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Text, cast, or_, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY, array

from common.database import Db
from common.http import Cursor, LookPage, looks_where
from common.identity import Actor
from intake.commands.access import family_of, reach_participant
from intake.commands.recording import recording
from intake.models import Owned


async def looks_of(db: Db, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int) -> LookPage:
    family = await family_of(db, await reach_participant(db, actor, participant_id, await recording(db)))
    return await looks_where(db, about_any(db, family), after, limit)


def about_any(db: Db, family: Sequence[UUID]) -> ColumnElement[bool]:
    """Return the condition that an audit row is about one of a person's records, or showed one of them in a list."""
    audit = db.tables.audit.c
    ids = cast(array([str(one) for one in family]), ARRAY(Text))
    return or_(
        audit.subject_id.in_(family),
        audit.subject_id.in_(_belongings(db, family)),
        audit.detail["seen"].has_any(ids),
    )


def _belongings(db: Db, family: Sequence[UUID]) -> CompoundSelect[tuple[UUID]]:
    """Return the ids of all rows that belong to a person."""
    return union_all(
        *(
            select(kind.id).where(kind.agency_id == db.scope.agency_id, kind.participant_id.in_(family))
            for kind in Owned.__subclasses__()
        )
    )
