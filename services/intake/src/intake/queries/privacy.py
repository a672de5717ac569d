"""How the agency stands under 42 CFR Part 2 fact by fact, and every decision that was ever recorded on it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.http import Cursor, encode_cursor
from intake.commands.determinations import missing_to_go_live
from intake.commands.recording import Recording, recording
from intake.models import AgencyPrivacy, Determination
from intake.rules.part2 import AgencyFact, DeterminationState, Ground, default_of, is_overdue


class DeterminationRecord(BaseModel):
    """One decision. `settled_by`: who put it in force, approved or refused it; null while it waits."""

    id: UUID
    fact: AgencyFact
    holds: bool
    state: DeterminationState
    decided_on: date
    decided_by: UUID
    grounds: str
    ground_codes: list[Ground]
    evidence: str | None
    review_on: date
    settled_at: AwareDatetime | None
    settled_by: UUID | None
    recorded_at: AwareDatetime
    version: int


class FactStanding(BaseModel):
    """`holds` is the default where nothing was determined: a program, and nothing else."""

    fact: AgencyFact
    holds: bool
    determined: bool
    overdue: bool = Field(description="the day on which it was to be looked at again has gone by")
    determination: DeterminationRecord | None
    proposed: DeterminationRecord | None = Field(description="changes nothing before a second person approves it")


class MissingEntry(BaseModel):
    what: str = Field(description="a fact, notice_text or privacy_officer")
    sentence: str


class PrivacyStatus(BaseModel):
    """`version` is 0 before the first determination."""

    facts: list[FactStanding]
    missing: list[MissingEntry] = Field(description="what going live still lacks; empty once the agency is live")
    live_at: AwareDatetime | None
    live_by: UUID | None
    names: list[str] = Field(description="by what papers mean this agency; none: consents are not compared with them")
    version: int


class DeterminationPage(BaseModel):
    items: list[DeterminationRecord]
    next: str | None


async def privacy_status(db: Db) -> PrivacyStatus:
    now = await recording(db)
    standing = await db.get(AgencyPrivacy, db.scope.agency_id)
    live_at = standing.live_at if standing else None
    missing = [] if live_at else await missing_to_go_live(db, now)
    question = select(Determination).where(
        Determination.agency_id == db.scope.agency_id,
        Determination.state.in_((DeterminationState.IN_FORCE, DeterminationState.PROPOSED)),
    )
    rows = (await db.scalars(question)).all()
    return PrivacyStatus(
        facts=[_standing_of(fact, rows, now) for fact in AgencyFact],
        missing=[MissingEntry(what=one.what, sentence=one.sentence) for one in missing],
        live_at=live_at,
        live_by=standing.live_by if standing else None,
        names=standing.names if standing else [],
        version=standing.version if standing else 0,
    )


def _standing_of(fact: AgencyFact, rows: Sequence[Determination], now: Recording) -> FactStanding:
    by_state = {DeterminationState(row.state): _record(row) for row in rows if row.fact == fact}
    decided = by_state.get(DeterminationState.IN_FORCE)
    return FactStanding(
        fact=fact,
        holds=decided.holds if decided else default_of(fact),
        determined=decided is not None,
        overdue=decided is not None and is_overdue(decided.review_on, now.today),
        determination=decided,
        proposed=by_state.get(DeterminationState.PROPOSED),
    )


def _record(row: Determination) -> DeterminationRecord:
    return DeterminationRecord.model_validate(row, from_attributes=True)


async def determinations(db: Db, fact: AgencyFact | None, after: Cursor | None, limit: int) -> DeterminationPage:
    """Return every decision, replaced and refused ones too, the newest first."""
    question = select(Determination).where(Determination.agency_id == db.scope.agency_id)
    if fact is not None:
        question = question.where(Determination.fact == fact)
    if after is not None:
        question = question.where(Determination.id < after.id)
    rows = (await db.scalars(question.order_by(Determination.id.desc()).limit(limit + 1))).all()
    following = encode_cursor("", rows[limit - 1].id) if len(rows) > limit else None
    return DeterminationPage(items=[_record(row) for row in rows[:limit]], next=following)
