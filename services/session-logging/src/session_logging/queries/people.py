"""Who is one person, whom an actor may look at, and where the records of people come from."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, exists, or_, select, text

from common.contracts.codes import RecordOrigin, Role
from common.database import Db, once_per_transaction
from common.errors import NotThere
from common.identity import Actor
from common.text import local_day
from session_logging.models import Agency, Assignment, BreakGlass, Participant

# Whom a record stands for, and every record that stands for them; one statement, for most requests ask it.
FAMILY = text(
    """
    select r.root, m.merged_id, m.moved_ids
    from (
        select coalesce((
            select survivor_id from session_logging.merge
            where agency_id = :agency and undone_at is null and (merged_id = :asked or :asked = any(moved_ids))
            order by merged_at desc limit 1
        ), :asked) as root
    ) r
    left join session_logging.merge m on m.agency_id = :agency and m.survivor_id = r.root and m.undone_at is null
    """
).bindparams(bindparam("asked", type_=Uuid))
SEES_ALL = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)


@once_per_transaction
async def family_of(db: Db, participant_id: UUID) -> list[UUID]:
    """Return the records that stand for one person, with the one that was asked about."""
    rows = (await db.execute(FAMILY, {"agency": db.scope.agency_id, "asked": participant_id})).all()
    records = {rows[0].root} | {row.merged_id for row in rows if row.merged_id}
    return sorted(records.union(*(row.moved_ids for row in rows if row.moved_ids)))


async def in_reach(db: Db, actor: Actor, of: Any, family: list[UUID] | None) -> Any:
    """Return which rows of the table `of` the actor may see: their own, and those of the people in their care.

    In care is who is served today, and whose record was opened in an emergency that still lasts.
    `family`: the records of the one person that is asked about; serving one of them is serving that person.
    """
    agency_id = db.scope.agency_id
    if actor.may(*SEES_ALL):
        return of.agency_id == agency_id
    zone = await db.scalar(select(Agency.zone).where(Agency.id == agency_id))
    today = local_day(db.now, zone or "UTC")

    def same_person(column: Any) -> Any:
        return column == of.participant_id if family is None else column.in_(family)

    serves = exists().where(
        Assignment.agency_id == agency_id,
        Assignment.staff_id == actor.staff_id,
        same_person(Assignment.participant_id),
        Assignment.valid_from <= today,
        or_(Assignment.valid_to.is_(None), Assignment.valid_to >= today),
    )
    opened = exists().where(
        BreakGlass.agency_id == agency_id,
        BreakGlass.staff_id == actor.staff_id,
        same_person(BreakGlass.participant_id),
        BreakGlass.ended_at.is_(None),
        BreakGlass.expires_at > db.now,
    )
    return and_(of.agency_id == agency_id, or_(of.staff_id == actor.staff_id, serves, opened))


async def require_reach(db: Db, actor: Actor, row: Any) -> None:
    """Raise `NotThere` unless the actor may see this row of a person."""
    of = type(row)
    reach = await in_reach(db, actor, of, await family_of(db, row.participant_id))
    if await db.scalar(select(of.id).where(of.id == row.id, reach)) is None:
        raise NotThere


async def origins_of(db: Db, participant_ids: Collection[UUID]) -> dict[UUID, RecordOrigin]:
    """Return the label of each record; one that was never labelled is the program's own."""
    found = await db.execute(
        select(Participant.id, Participant.origin).where(
            Participant.id.in_(participant_ids), Participant.origin.is_not(None)
        )
    )
    known = {row.id: RecordOrigin(row.origin) for row in found}
    return dict.fromkeys(participant_ids, RecordOrigin.OWN_PART2) | known
