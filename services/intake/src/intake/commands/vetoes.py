"""Peers whom a person does not wish to work with: kept across matches, and taken back only by the person."""

from collections.abc import Collection, Sequence
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked
from intake.commands.access import reach, reach_unmerged
from intake.commands.recording import Recording, recording
from intake.commands.uniqueness import taken
from intake.models import Participant, Staff, Veto
from intake.rules.matching import DeclineReason


class RecordVeto(Asked):
    staff_id: UUID
    reason: DeclineReason = Field(default=DeclineReason.UNSTATED, description="nobody owes one")


class WithdrawVeto(Asked):
    """The person says that they would work with this peer after all."""


async def record_veto(db: Db, actor: Actor, participant_id: UUID, request: RecordVeto) -> Created:
    now = await recording(db)
    await reach_unmerged(db, actor, participant_id, now)
    await require_staff(db, [request.staff_id], "/staff_id")
    placed = await place_vetoes(db, now, participant_id, [request.staff_id], reason=request.reason)
    if not placed:
        detail = "This wish is kept already; nothing needs to be done."
        raise taken("vetoed-already", detail, "/staff_id")
    db.audit("veto.record", participant_id, veto_id=placed[0], staff_id=request.staff_id)
    return Created(id=placed[0], version=1)


async def place_vetoes(
    db: Db,
    recording: Recording,
    participant_id: UUID,
    staff_ids: Sequence[UUID],
    *,
    reason: DeclineReason = DeclineReason.UNSTATED,
    match_id: UUID | None = None,
) -> list[UUID]:
    """Keep vetoes and return the ids of those that are new; one that stands already stays as it is."""
    rows = [
        {
            "agency_id": db.scope.agency_id,
            "id": uuid7(),
            "participant_id": participant_id,
            "staff_id": staff_id,
            "reason": reason,
            "match_id": match_id,
            "recorded_by": db.scope.actor_id,
            "recorded_at": recording.now,
            "version": 1,
        }
        for staff_id in sorted(staff_ids)
    ]
    if not rows:
        return []
    statement = insert(Veto).values(rows).on_conflict_do_nothing().returning(Veto.id)
    return list((await db.scalars(statement)).all())


async def require_staff(db: Db, staff_ids: Sequence[UUID], pointer: str) -> None:
    """Raise `Unprocessable` if somebody named is no member of staff; `pointer` holds `{place}` for a list."""
    found = await db.scalars(select(Staff.id).where(Staff.agency_id == db.scope.agency_id, Staff.id.in_(staff_ids)))
    known = set(found)
    for place, staff_id in enumerate(staff_ids):
        if staff_id not in known:
            raise Unprocessable("not-found", "No member of staff has this id.", pointer.format(place=place))


async def vetoes_of(db: Db, participant_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Return the pairs of participant and staff that stand vetoed, under any record merged with the participant's."""
    families = await _families(db, participant_ids)
    records = {record for family in families.values() for record in family}
    question = select(Veto.participant_id, Veto.staff_id).where(
        Veto.agency_id == db.scope.agency_id, Veto.participant_id.in_(records), Veto.withdrawn_at.is_(None)
    )
    standing = (await db.execute(question)).all()
    return {
        (person, row.staff_id)
        for person, family in families.items()
        for row in standing
        if row.participant_id in family
    }


async def _families(db: Db, participant_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Return, by participant, the ids of all records of the same person."""
    known = select(Participant.id, Participant.merged_into).where(Participant.agency_id == db.scope.agency_id)
    named = (await db.execute(known.where(Participant.id.in_(participant_ids)))).all()
    survivors = {row.id: row.merged_into or row.id for row in named}
    families: dict[UUID, set[UUID]] = {survivor: {survivor} for survivor in survivors.values()}
    for row in await db.execute(known.where(Participant.merged_into.in_(families))):
        families[row.merged_into].add(row.id)
    return {person: families[survivor] for person, survivor in survivors.items()}


async def require_no_veto(db: Db, participant_id: UUID, staff_id: UUID, pointer: str) -> None:
    """Raise `Refused` if the person does not wish to work with a peer."""
    if (participant_id, staff_id) in await vetoes_of(db, [participant_id]):
        detail = (
            "The person does not wish to work with this peer. Choose another, or record that they changed their mind."
        )
        raise taken("vetoed", detail, pointer)


async def withdraw_veto(db: Db, actor: Actor, veto_id: UUID, expected: int) -> Created:
    now = await recording(db)
    veto = await reach(db, actor, Veto, veto_id, now, lock=True)
    require_version(veto.version, expected)
    if veto.withdrawn_at is not None:
        raise Refused("withdrawn-already", "This was taken back already; nothing needs to be done.")
    veto.withdrawn_at = now.now
    veto.withdrawn_by = actor.staff_id
    veto.version += 1
    db.audit("veto.withdraw", veto.participant_id, veto_id=veto.id, staff_id=veto.staff_id)
    return Created(id=veto.id, version=veto.version)
