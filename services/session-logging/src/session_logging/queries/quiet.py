"""Whom nobody has been in touch with: who is served today, and when somebody last spoke with them.

A contact is a session that took place and was not voided, or a check-in that reached the person and was not withdrawn;
whoever held it. The records of one person count as that person.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from common.contracts.codes import DELIVERED, Role, SessionStatus
from common.contracts.session_codes import SPOKEN_WITH
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.text import local_day
from session_logging.commands.lookups import zone_of
from session_logging.models import Assignment, CheckIn, Episode, Merge, PeerSession, Staff
from session_logging.queries.sessions import instant_of
from session_logging.rules.days import quiet_before

NEVER = "never"


class QuietPerson(BaseModel):
    """Somebody who is served and was not in touch. `last_contact_at`: null if never, since they came."""

    participant_id: UUID = Field(description="of merged records the one that stands")
    staff_ids: list[UUID] = Field(description="who serves them today")
    assigned_from: date = Field(description="since when the first of these does")
    last_contact_at: AwareDatetime | None
    days_since: int | None = Field(description="calendar days in the agency's zone; null if never")


class QuietPage(BaseModel):
    total: int = Field(description="how many there are on all pages")
    items: list[QuietPerson]
    next: str | None = None


async def quiet_page(
    db: Db, actor: Actor, staff_id: UUID | None, days: int, after: Cursor | None, limit: int
) -> QuietPage:
    """Return who had no contact for `days`, the longest first: of a peer's own, or of whom a supervisor asks for."""
    limit = min(limit, PAGE_MOST)
    if not actor.may(Role.SUPERVISOR):
        staff_id = await reach_day(db, actor, staff_id)
    elif staff_id is not None:
        await reach_day(db, actor, staff_id)
    zone = await zone_of(db)
    rows = (await db.execute(quiet_people(db, staff_id, days, zone, after).limit(limit + 1))).all()
    items = people_of(rows[:limit], db.now, zone)
    following = encode_cursor(items[-1].last_contact_at or NEVER, items[-1].participant_id) if rows[limit:] else None
    return QuietPage(total=rows[0].total if rows else 0, items=items, next=following)


async def reach_day(db: Db, actor: Actor, staff_id: UUID | None) -> UUID:
    """Return whose days the actor may look at: their own, or a peer's to a supervisor. Raises `NotThere`."""
    if staff_id is None or staff_id == actor.staff_id:
        return actor.staff_id
    staff = await db.get(Staff, (db.scope.agency_id, staff_id)) if actor.may(Role.SUPERVISOR) else None
    if staff is None or Role.PEER not in staff.roles:
        raise NotThere
    return staff.id


def people_of(rows: Sequence[Any], now: datetime, zone: str) -> list[QuietPerson]:
    today = local_day(now, zone)
    return [
        QuietPerson(
            participant_id=row.person,
            staff_ids=row.staff_ids,
            assigned_from=row.assigned_from,
            last_contact_at=row.last_contact_at,
            days_since=(today - local_day(row.last_contact_at, zone)).days if row.last_contact_at else None,
        )
        for row in rows
    ]


def quiet_people(db: Db, staff_id: UUID | None, days: int, zone: str, after: Cursor | None = None) -> Any:
    """Return the question: rows = people, the longest without contact first, with how many there are in all (`total`).

    One probe of an index for each record of those who are served, however long their history is.
    """
    agency_id, today = db.scope.agency_id, local_day(db.now, zone)
    merged = _merged(agency_id)
    people = _people(agency_id, staff_id, today, merged)
    last = _last_contacts(agency_id, people, merged)
    quiet = (
        select(people, last.c.last_contact_at, func.count().over().label("total"))
        .join(last, last.c.person == people.c.person)
        .where(or_(last.c.last_contact_at.is_(None), last.c.last_contact_at < quiet_before(today, days, zone)))
        .subquery("quiet")
    )
    question = select(quiet).order_by(quiet.c.last_contact_at.asc().nulls_first(), quiet.c.person)
    return question if after is None else question.where(_follows(quiet.c.last_contact_at, quiet.c.person, after))


def _follows(last_contact_at: Any, person: Any, after: Cursor) -> Any:
    if after.at == NEVER:
        return or_(last_contact_at.is_not(None), person > after.id)
    at = instant_of(after)
    return or_(last_contact_at > at, and_(last_contact_at == at, person > after.id))


def _merged(agency_id: UUID) -> Any:
    """Return every record that a standing merge took in, with the one that stands for it and since when."""
    record = func.unnest(func.array_append(Merge.moved_ids, Merge.merged_id)).label("record")
    return (
        select(record, Merge.survivor_id, Merge.merged_at)
        .where(Merge.agency_id == agency_id, Merge.undone_at.is_(None))
        .cte("merged")
    )


def _people(agency_id: UUID, staff_id: UUID | None, today: date, merged: Any) -> Any:
    """Return the people who are served today in an open episode, each once, by the record that stands for them."""
    stands = (
        select(merged.c.record, merged.c.survivor_id)
        .ext(distinct_on(merged.c.record))
        .order_by(merged.c.record, merged.c.merged_at.desc())
        .cte("stands")
    )
    person = func.coalesce(stands.c.survivor_id, Assignment.participant_id)
    served = (
        select(
            person.label("person"),
            func.array_agg(Assignment.staff_id.distinct()).label("staff_ids"),
            func.min(Assignment.valid_from).label("assigned_from"),
        )
        .join(Episode, and_(Episode.agency_id == Assignment.agency_id, Episode.id == Assignment.episode_id))
        .outerjoin(stands, stands.c.record == Assignment.participant_id)
        .where(Assignment.agency_id == agency_id, Assignment.valid_from <= today)
        .where(or_(Assignment.valid_to.is_(None), Assignment.valid_to >= today))
        .where(or_(Episode.closed_on.is_(None), Episode.closed_on >= today))
        .group_by(person)
    )
    return (served if staff_id is None else served.where(Assignment.staff_id == staff_id)).cte("people")


def _last_contacts(agency_id: UUID, people: Any, merged: Any) -> Any:
    """Return each person's newest contact; materialized, or whoever filters by it would look it up thrice."""
    own = select(people.c.person, people.c.person.label("record"))
    taken_in = select(people.c.person, merged.c.record).join(merged, merged.c.survivor_id == people.c.person)
    records = own.union(taken_in).cte("records")
    newest = func.greatest(_last_session(agency_id, records), _last_check_in(agency_id, records))
    last = select(records.c.person, func.max(newest).label("last_contact_at")).group_by(records.c.person)
    return last.cte("last_contact").prefix_with("MATERIALIZED")


def _last_session(agency_id: UUID, records: Any) -> Any:
    return (
        select(PeerSession.started_at)
        .where(PeerSession.agency_id == agency_id, PeerSession.participant_id == records.c.record)
        .where(PeerSession.outcome.in_(sorted(DELIVERED)), PeerSession.status != SessionStatus.VOIDED)
        .order_by(PeerSession.started_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _last_check_in(agency_id: UUID, records: Any) -> Any:
    return (
        select(CheckIn.contacted_at)
        .where(CheckIn.agency_id == agency_id, CheckIn.participant_id == records.c.record)
        .where(CheckIn.outcome.in_(sorted(SPOKEN_WITH)), CheckIn.withdrawn_at.is_(None))
        .order_by(CheckIn.contacted_at.desc())
        .limit(1)
        .scalar_subquery()
    )
