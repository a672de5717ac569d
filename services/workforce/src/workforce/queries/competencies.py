"""The 62 competencies, what was assessed of one worker, and what is covered: by person as days, of a group as counts.

Levels are shown to the worker and to whom supervises them today. Nothing here compares people or sorts them by a level.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import or_, select

from common.contracts.codes import Role
from common.contracts.workforce_codes import AssessmentMethod
from common.database import Db
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from workforce.commands.competencies import LEVELS
from workforce.commands.reach import NOBODY_ELSE, OVERSIGHT, reach_staff, today_of
from workforce.models import CompetencyAssessment, Staff
from workforce.queries.practised import assessed_days, trained_days
from workforce.rules.competencies import (
    CATEGORIES,
    WARNING,
    CompetencyCategory,
    catalogue,
    coverage_counts,
    hidden_if_small,
    latest_days,
)
from workforce.rules.learning import VoidReason

MONTHS_24 = timedelta(days=731)


class Competencies(BaseModel):
    source: str = "SAMHSA, Core Competencies for Peer Workers in Behavioral Health Services (2015), paraphrased"
    warning: dict[str, str] = Field(description="in English and Spanish; shown wherever a level is")
    categories: list[CompetencyCategory]


class SeenCompetency(BaseModel):
    code: str
    level: int = Field(ge=1, le=4, description="Handrail's own")
    words: str | None


class AssessmentRecord(BaseModel):
    id: UUID
    assessor_id: UUID
    method: AssessmentMethod
    assessed_on: date
    categories: list[int]
    seen: list[SeenCompetency]
    words: str | None
    void_reason: VoidReason | None
    version: int


class AssessmentPage(BaseModel):
    warning: dict[str, str]
    items: list[AssessmentRecord] = Field(description="the newest first")
    next: str | None = None


class CategoryDays(BaseModel):
    """The latest days on which a category was assessed and trained; null if never."""

    category: int
    assessed_on: date | None
    trained_on: date | None


class PersonCoverage(BaseModel):
    """Which categories were looked at, never how somebody did."""

    staff_id: UUID
    categories: list[CategoryDays]


class CategoryCount(BaseModel):
    category: int
    people: int | None = Field(description="null where it, or the rest, is fewer than eleven people")


class GroupCoverage(BaseModel):
    """How many of a group of people were assessed or trained in each category within 24 months."""

    since: date
    people: int | None = Field(description="null if fewer than eleven")
    categories: list[CategoryCount]


def competencies() -> Competencies:
    return Competencies(warning=WARNING, categories=list(catalogue()))


async def assessments_of(
    db: Db, keys: KeyRing, actor: Actor, staff_id: UUID, after: Cursor | None, limit: int
) -> AssessmentPage:
    """Return a worker's assessments, to the worker and to their supervisor of today."""
    await reach_staff(db, actor, staff_id, NOBODY_ELSE)
    row = CompetencyAssessment
    question = select(row).where(row.agency_id == db.scope.agency_id, row.staff_id == staff_id)
    if after:
        question = question.where(row.id < after.id)
    rows = (await db.scalars(question.order_by(row.id.desc()).limit(limit + 1))).all()
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    items = [_record(sealer, one) for one in rows[:limit]]
    more = len(rows) > limit
    return AssessmentPage(warning=WARNING, items=items, next=encode_cursor("", items[-1].id) if more else None)


def _record(sealer: Sealer, row: CompetencyAssessment) -> AssessmentRecord:
    said = sealer.open(LEVELS, row.levels)
    assert isinstance(said, dict)  # sealed by assess
    plain = {name: getattr(row, name, None) for name in AssessmentRecord.model_fields}
    return AssessmentRecord.model_validate(plain | said)


async def coverage_of(db: Db, actor: Actor, staff_id: UUID) -> PersonCoverage:
    await reach_staff(db, actor, staff_id, OVERSIGHT)
    assessed, trained = await assessed_days(db, [staff_id]), await trained_days(db, [staff_id])
    days = [
        CategoryDays(category=one, assessed_on=assessed[staff_id].get(one), trained_on=trained[staff_id].get(one))
        for one in CATEGORIES
    ]
    return PersonCoverage(staff_id=staff_id, categories=days)


async def coverage_of_peers(db: Db) -> GroupCoverage:
    """Return the coverage of the agency's peers who work there today."""
    today, row = await today_of(db), Staff
    works = (row.employed_from <= today) & or_(row.employed_to.is_(None), row.employed_to >= today)
    peers = select(row.id).where(row.agency_id == db.scope.agency_id, row.roles.contains([Role.PEER.value]), works)
    return await coverage_of_people(db, list(await db.scalars(peers)), today)


async def coverage_of_people(db: Db, staff_ids: Sequence[UUID], today: date) -> GroupCoverage:
    """Return how many of these people are covered in each category; small numbers are hidden, names there are none."""
    assessed, trained = await assessed_days(db, staff_ids), await trained_days(db, staff_ids)
    both = ((*assessed[one].items(), *trained[one].items()) for one in staff_ids)
    covered = [latest_days(([category], day) for category, day in days) for days in both]
    since, size = today - MONTHS_24, len(staff_ids)
    counts = coverage_counts(covered, since)
    return GroupCoverage(
        since=since,
        people=hidden_if_small(size, size),
        categories=[CategoryCount(category=one, people=hidden_if_small(counts[one], size)) for one in CATEGORIES],
    )
