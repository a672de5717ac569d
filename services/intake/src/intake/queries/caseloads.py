"""How many people each peer works with, what a leaving peer's assignments might become, and who worked with whom."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import exists, func, literal, or_, select, tuple_

from common.contracts.codes import Role
from common.database import Db
from common.errors import Unprocessable
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import family_of, reach_participant
from intake.commands.assignments import HANDOVER
from intake.commands.pack_limits import pack_limits
from intake.commands.peers import caseloads_of
from intake.commands.reassignments import Proposal, propose
from intake.commands.recording import recording
from intake.models import Assignment, PeerProfile, Staff
from intake.rules.assignments import EndReason
from intake.rules.matching import DEFAULT_LIMIT
from intake.rules.people import is_active


class PeerCaseload(BaseModel):
    staff_id: UUID
    people: int = Field(description="whom the peer works with now")
    caseload_limit: int = Field(description="what a supervisor set, or the packs of their programs if that is less")
    room: int = Field(description="below 0: beyond the limit")
    accepting: bool
    employed_to: date | None
    needs_reassignment: bool = Field(description="works here no more, and still holds assignments")


class Caseloads(BaseModel):
    items: list[PeerCaseload]
    next: str | None = None


class Preview(BaseModel):
    """At most 200, in the order in which the assignments began."""

    rows: list[Proposal]
    nobody_fits: int = Field(description="assignments for which nobody fits")


class AssignmentEntry(BaseModel):
    id: UUID
    episode_id: UUID
    program_id: UUID
    staff_id: UUID
    valid_from: date
    valid_to: date | None
    end_reason: EndReason | None
    follows_id: UUID | None = Field(description="the assignment that this one took over from")
    handover: str | None = Field(description="what the peer before left for this one")
    source_system: str | None
    version: int


class AssignmentHistory(BaseModel):
    items: list[AssignmentEntry]
    next: str | None = None


async def caseloads(db: Db, after: Cursor | None, limit: int) -> Caseloads:
    """Return the caseload of every peer who works here, and of whoever left and still holds assignments."""
    now = await recording(db)
    holds = exists().where(
        Assignment.agency_id == Staff.agency_id, Assignment.staff_id == Staff.id, Assignment.valid_to.is_(None)
    )
    works_here = or_(Staff.employed_to.is_(None), Staff.employed_to >= now.today)
    is_peer = literal(Role.PEER.value) == func.any(Staff.roles)
    same = (PeerProfile.agency_id == Staff.agency_id) & (PeerProfile.staff_id == Staff.id)
    question = (
        select(Staff, PeerProfile)
        .outerjoin(PeerProfile, same)
        .where(Staff.agency_id == db.scope.agency_id, or_(is_peer & works_here, holds))
    )
    if after:
        question = question.where(Staff.id > after.id)
    rows = (await db.execute(question.order_by(Staff.id).limit(limit + 1))).all()
    ids = [row[0].id for row in rows]
    loads, limits = await caseloads_of(db, ids), await pack_limits(db, ids, now.today)
    items = [_caseload(*row, loads, limits, now.today) for row in rows[:limit]]
    return Caseloads(items=items, next=encode_cursor("", items[-1].staff_id) if len(rows) > limit else None)


def _caseload(
    staff: Staff, profile: PeerProfile | None, loads: dict[UUID, int], limits: dict[UUID, int], today: date
) -> PeerCaseload:
    people = loads.get(staff.id, 0)
    own = profile.caseload_limit if profile else DEFAULT_LIMIT
    limit = min(own, limits.get(staff.id, own))
    works_here = Role.PEER in staff.roles and is_active(staff.employed_from, staff.employed_to, today)
    return PeerCaseload(
        staff_id=staff.id,
        people=people,
        caseload_limit=limit,
        room=limit - people,
        accepting=works_here and (profile.accepting if profile else True),
        employed_to=staff.employed_to,
        needs_reassignment=people > 0 and not works_here,
    )


async def preview(db: Db, keys: KeyRing, from_staff_id: UUID) -> Preview:
    rows = await propose(db, keys, from_staff_id)
    return Preview(rows=rows, nobody_fits=sum(row.best is None for row in rows))


async def assignments_of(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> AssignmentHistory:
    """Return who worked with a person, under each of their records, in the order of the first days."""
    person = await reach_participant(db, actor, participant_id, await recording(db))
    question = select(Assignment).where(
        Assignment.agency_id == db.scope.agency_id, Assignment.participant_id.in_(await family_of(db, person))
    )
    if after:
        question = question.where(tuple_(Assignment.valid_from, Assignment.id) > (_day(after.at), after.id))
    ordered = question.order_by(Assignment.valid_from, Assignment.id).limit(limit + 1)
    rows = (await db.scalars(ordered)).all()
    page = rows[:limit]
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in page})
    items = [_assignment_entry(row, sealers[row.participant_id]) for row in page]
    return AssignmentHistory(
        items=items, next=encode_cursor(page[-1].valid_from, page[-1].id) if len(rows) > limit else None
    )


def _day(at: str) -> date:
    try:
        return date.fromisoformat(at)
    except ValueError as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error


def _assignment_entry(row: Assignment, sealer: Sealer) -> AssignmentEntry:
    shown = {name: getattr(row, name) for name in AssignmentEntry.model_fields if name != "handover"}
    note = None if row.handover is None else sealer.open(HANDOVER, row.handover)
    return AssignmentEntry.model_validate(shown | {"handover": note})
