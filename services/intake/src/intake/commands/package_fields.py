"""Reading from the records what a package shows: only the fields that its view and the categories open."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from common.contracts.codes import DELIVERED, Outcome, SessionStatus
from common.database import Db
from common.privacy import KeyRing, Sealer
from intake.commands.assessments import USE_DAYS
from intake.commands.decision_facts import Decided
from intake.commands.participants import known_of
from intake.commands.plan_versions import GOAL_WORDS
from intake.models import Answer, Assessment, Attendance, Episode, Goal, Plan
from intake.rules.people import age_band
from intake.rules.views import MENTAL_HEALTH_INSTRUMENTS, ShownField, shown_fields

MOST = 500  # of each kind of record, the newest
F = ShownField


@dataclass(frozen=True, slots=True)
class Sources:
    """Whose records are read: the person's and all that were merged with theirs, each under its own key."""

    db: Db
    agency_id: UUID
    family: Sequence[UUID]
    sealers: dict[UUID, Sealer]
    known: dict[str, Any]
    decided: Decided


async def package_fields(db: Db, keys: KeyRing, decided: Decided) -> dict[ShownField, Any]:
    """Return the fields of the wish's view by name, each with its value; what is not known is left out."""
    wish = decided.wish
    if wish.view is None:
        return {}
    sources = Sources(
        db=db,
        agency_id=db.scope.agency_id,
        family=decided.family,
        sealers=await keys.sealers(db, db.scope.agency_id, decided.family),
        known=known_of(decided.sealer, decided.participant),
        decided=decided,
    )
    read = {one: await READERS[one](sources) for one in shown_fields(wish.view, wish.categories)}
    return {one: value for one, value in read.items() if value not in (None, [], "")}


Reader = Callable[[Sources], Awaitable[Any]]


def _told(*names: str) -> Reader:
    """Return a reader of the first of the person's own facts that is known."""

    async def read(sources: Sources) -> Any:
        return next((sources.known[name] for name in names if sources.known.get(name) is not None), None)

    return read


async def _access_needs(sources: Sources) -> list[str]:
    words = sources.known.get("access_needs_words")
    return [*(sources.known.get("access_needs") or []), *([words] if words else [])]


async def _age_band(sources: Sources) -> str:
    born = sources.known.get("birth_date")
    return age_band(
        date.fromisoformat(born) if isinstance(born, str) else born, sources.decided.participant.enrolled_at.date()
    )


async def _patient_status(sources: Sources) -> bool:
    return True


async def _of_family(sources: Sources, kind: Any, *, newest: Any) -> Sequence[Any]:
    question = select(kind).where(kind.agency_id == sources.agency_id, kind.participant_id.in_(sources.family))
    return (await sources.db.scalars(question.order_by(newest.desc(), kind.id.desc()).limit(MOST))).all()


async def _service_periods(sources: Sources) -> list[dict[str, str | None]]:
    rows = await _of_family(sources, Episode, newest=Episode.opened_on)
    return [{"from": row.opened_on.isoformat(), "to": _iso(row.closed_on)} for row in rows]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


async def _delivered(sources: Sources) -> list[Attendance]:
    """Return the services that took place; what was taken back counts for nothing."""
    rows = await _of_family(sources, Attendance, newest=Attendance.service_date)
    return [row for row in rows if row.status != SessionStatus.VOIDED and Outcome(row.outcome) in DELIVERED]


async def _attendance_dates(sources: Sources) -> list[str]:
    return sorted({row.service_date.isoformat() for row in await _delivered(sources)}, reverse=True)


async def _billed_services(sources: Sources) -> list[dict[str, Any]]:
    return [
        {"on": row.service_date.isoformat(), "minutes": row.minutes, "kind": row.modality}
        for row in await _delivered(sources)
        if row.status == SessionStatus.SIGNED
    ]


async def _open_goals(sources: Sources) -> list[tuple[Goal, str]]:
    """Return the goals of the plans in force that are still pursued, with their words."""
    question = (
        select(Goal, Plan.participant_id)
        .join(Plan, (Plan.agency_id == Goal.agency_id) & (Plan.id == Goal.plan_id))
        .where(
            Goal.agency_id == sources.agency_id,
            Plan.participant_id.in_(sources.family),
            Plan.in_force_to.is_(None),
            Goal.active_to.is_(None),
        )
        .order_by(Goal.plan_id, Goal.position)
        .limit(MOST)
    )
    rows = await sources.db.execute(question)
    return [(goal, str(sources.sealers[owner].open(GOAL_WORDS, goal.words))) for goal, owner in rows]


async def _goals(sources: Sources) -> list[dict[str, Any]]:
    return [
        {"about": goal.dimension, "goal": words, **({"by_when": goal.by_when.isoformat()} if goal.by_when else {})}
        for goal, words in await _open_goals(sources)
    ]


async def _progress(sources: Sources) -> list[dict[str, Any]]:
    """How near each goal is; its words are the plan's, which is another category."""
    return [
        {"about": goal.dimension, "standing": goal.standing, "on": _iso(goal.standing_on)}
        for goal, _ in await _open_goals(sources)
        if goal.standing
    ]


AMOUNTS = ("use_days_30", "employment", "in_education", "housing", "arrests_30", "mutual_aid_count_30")


async def _assessments(sources: Sources) -> list[dict[str, Any]]:
    rows = await _of_family(sources, Assessment, newest=Assessment.collected_on)
    points = [
        {"point": row.point, "on": row.collected_on.isoformat()}
        | {name: getattr(row, name) for name in AMOUNTS if getattr(row, name) is not None}
        for row in rows
    ]
    return points + await _scores(sources, mental_health=False)


async def _mental_health_scores(sources: Sources) -> list[dict[str, Any]]:
    return await _scores(sources, mental_health=True)


async def _scores(sources: Sources, *, mental_health: bool) -> list[dict[str, Any]]:
    rows = await _of_family(sources, Answer, newest=Answer.collected_on)
    return [
        {"instrument": row.instrument, "on": row.collected_on.isoformat(), "scores": row.scores}
        for row in rows
        if row.scores and (row.instrument in MENTAL_HEALTH_INSTRUMENTS) is mental_health
    ]


async def _substances(sources: Sources) -> dict[str, Any] | None:
    """The days of use by substance, as last told."""
    rows = await _of_family(sources, Assessment, newest=Assessment.collected_on)
    told = next((row for row in rows if row.use_days is not None), None)
    if told is None:
        return None
    days = sources.sealers[told.participant_id].open(USE_DAYS, told.use_days)
    return {"on": told.collected_on.isoformat(), **(days if isinstance(days, dict) else {})}


async def _incident(sources: Sources) -> str | None:
    incident = sources.decided.wish.incident
    return incident.circumstances if incident else None


async def _last_whereabouts(sources: Sources) -> str | None:
    incident = sources.decided.wish.incident
    return incident.last_whereabouts if incident else None


async def _report(sources: Sources) -> dict[str, Any] | None:
    report = sources.decided.wish.report
    return report.model_dump(mode="json", exclude_none=True) if report else None


READERS: dict[ShownField, Reader] = {
    F.NAME: _told("name", "alias"),
    F.BIRTH_DATE: _told("birth_date"),
    F.PRONOUNS: _told("pronouns"),
    F.LANGUAGE: _told("language"),
    F.ACCESS_NEEDS: _access_needs,
    F.AGE_BAND: _age_band,
    F.SEX: _told("sex"),
    F.PHONE: _told("phone"),
    F.ADDRESS: _told("address"),
    F.PATIENT_STATUS: _patient_status,
    F.SUBSTANCES: _substances,
    F.SERVICE_PERIODS: _service_periods,
    F.ATTENDANCE_DATES: _attendance_dates,
    F.BILLED_SERVICES: _billed_services,
    F.GOALS: _goals,
    F.PROGRESS: _progress,
    F.ASSESSMENTS: _assessments,
    F.MENTAL_HEALTH_SCORES: _mental_health_scores,
    F.INCIDENT: _incident,
    F.LAST_WHEREABOUTS: _last_whereabouts,
    F.REPORT: _report,
}
