"""What was at work in the delivered sessions of a period: mechanisms, competencies, activities and forms, as counts."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Date, Uuid, bindparam, text

from common.contracts.codes import DELIVERED
from common.database import Db
from common.errors import Unprocessable

LONGEST = timedelta(days=366)


class Helped(BaseModel):
    """How many sessions and people one thing was noted for; a session with two mechanisms counts under both."""

    code: str
    sessions: int
    people: int


class HelpedRead(BaseModel):
    """Delivered sessions from `first` to `last` by local day of service, both included; none that were voided."""

    first: date
    last: date
    program_id: UUID | None
    sessions: int
    people: int
    mechanisms: list[Helped]
    competencies: list[Helped]
    activities: list[Helped]
    modalities: list[Helped] = Field(description="each session counts under its one modality")


# One pass over the period's sessions; what each of them names is unfolded from it. A merged person counts once.
COUNTS = text(
    """
    with served as materialized (
        select s.id, coalesce(m.survivor_id, s.participant_id) as person, s.mechanisms, s.competencies, s.activities,
            s.modality
        from session_logging.peer_session s
        left join lateral (
            select m.survivor_id from session_logging.merge m
            where m.agency_id = s.agency_id and m.undone_at is null
            and (m.merged_id = s.participant_id or s.participant_id = any(m.moved_ids))
            order by m.merged_at desc limit 1
        ) m on true
        where s.agency_id = :agency and s.service_date between :first and :last
        and s.started_at >= cast(:first - 2 as timestamp) at time zone 'UTC'
        and s.started_at < cast(:last + 3 as timestamp) at time zone 'UTC'
        and s.status <> 'voided' and s.outcome = any(:delivered)
        and (cast(:program as uuid) is null or s.program_id = :program)
    ), named as (
        select 'total' as kind, '' as code, id, person from served
        union all select 'mechanisms', unnest(mechanisms), id, person from served
        union all select 'competencies', unnest(competencies), id, person from served
        union all select 'activities', unnest(activities), id, person from served
        union all select 'modalities', modality, id, person from served
    )
    select kind, code, count(distinct id) as sessions, count(distinct person) as people
    from named group by kind, code order by kind, sessions desc, code
    """
).bindparams(
    bindparam("first", type_=Date), bindparam("last", type_=Date), bindparam("program", type_=Uuid),
)  # fmt: skip


async def helped(db: Db, first: date, last: date, program_id: UUID | None) -> HelpedRead:
    """Return what was at work. Raises `Unprocessable` for a period that ends before it begins, or of over a year."""
    if last < first:
        raise Unprocessable("ends-before-it-starts", "The last day comes before the first.", "/to")
    if last - first >= LONGEST:
        raise Unprocessable("period-too-long", "Ask for at most 366 days at once.", "/to")
    found = await db.execute(
        COUNTS,
        {
            "agency": db.scope.agency_id, "first": first, "last": last, "program": program_id,
            "delivered": sorted(DELIVERED),
        },
    )  # fmt: skip
    counts: dict[str, list[Helped]] = {}
    for row in found:
        counts.setdefault(row.kind, []).append(Helped(code=row.code, sessions=row.sessions, people=row.people))
    total = counts.pop("total", [Helped(code="", sessions=0, people=0)])[0]
    kinds: dict[str, Any] = {name: counts.get(name, []) for name in KINDS}
    return HelpedRead(
        first=first, last=last, program_id=program_id, sessions=total.sessions, people=total.people, **kinds
    )


KINDS = ("mechanisms", "competencies", "activities", "modalities")
