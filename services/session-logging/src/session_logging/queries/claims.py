"""Claim runs: their totals, their lines, what they stopped, and the sheet for a clearing house."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import Date, bindparam, func, select, text

from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.privacy import KeyRing, Sealer
from common.sheets import table
from common.text import local_day
from session_logging.commands.claimable import CONSENTING, MAY_KNOW, PEOPLE
from session_logging.commands.lookups import is_one_of, zone_of
from session_logging.models import CLAIM, ClaimLine, ClaimRun, ClaimStop
from session_logging.queries.sessions import instant_of
from session_logging.rules.contracts import Contract
from session_logging.rules.payable import Stopped

ORIGINAL, VOID = "1", "8"  # claim frequency codes of the X12 and paper forms
COLUMNS = (
    "payer", "claim_frequency", "line_id", "reverses_line_id", "participant_id", "member_number", "diagnosis_codes",
    "authorisation_number", "service_date", "place_of_service", "procedure_code", "modifier_1", "modifier_2",
    "modifier_3", "modifier_4", "minutes", "units", "charge", "rendering_staff_id",
)  # fmt: skip


KNOWN = text(
    f"""
    with {PEOPLE}, {CONSENTING}
    select l.participant_id, {MAY_KNOW} as may_know, (
        select k.id from consenting k where k.person = c.person and (k.consent_type = 'tpo' or k.id = c.consent_id)
        order by k.id = c.consent_id desc, k.id limit 1
    ) as consent_id
    from (
        select distinct on (l.participant_id) l.participant_id, coalesce(w.person, l.participant_id) as person,
            v.consent_id
        from session_logging.claim_line l
        left join who w on w.record = l.participant_id
        left join session_logging.coverage v on v.agency_id = l.agency_id and v.id = l.coverage_id
        where l.agency_id = :agency and l.run_id = :run order by l.participant_id, v.consent_id is null
    ) c
    join lateral (select c.participant_id) l on true
    """
).bindparams(bindparam("today", type_=Date))


class RunEntry(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    contract_id: UUID
    first: date
    last: date
    made_by: UUID
    made_at: AwareDatetime


class RunPage(BaseModel):
    items: list[RunEntry]
    next: str | None = None


class CodeTotal(BaseModel):
    """Of one code: what the run claims, and what it takes back of earlier runs."""

    code: str
    lines: int
    units: Decimal
    charge: Decimal | None
    reversed_units: Decimal


class StopTotal(BaseModel):
    reason: Stopped
    sessions: int
    minutes: int
    units: Decimal


class RunRead(RunEntry):
    """`withheld`: lines of people of whom the payer may know nothing today; the sheet leaves them out."""

    payer: str
    withheld: int
    terms: Contract
    claimed: list[CodeTotal]
    stopped: list[StopTotal]


class LineRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    position: int
    participant_id: UUID
    staff_id: UUID | None
    service_date: date
    code: str
    modifiers: list[str]
    place: str
    minutes: int
    units: Decimal
    charge: Decimal | None
    authorisation_id: UUID | None
    reverses: UUID | None


class LinePage(BaseModel):
    items: list[LineRead]
    next: int | None = None


class StopRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    position: int
    session_id: UUID
    service_date: date
    reason: Stopped
    minutes: int
    units: Decimal


class StopPage(BaseModel):
    items: list[StopRead]
    next: int | None = None


async def run_page(db: Db, after: Cursor | None, limit: int) -> RunPage:
    """Return runs, the newest first."""
    limit = min(limit, PAGE_MOST)
    question = (
        select(ClaimRun)
        .where(ClaimRun.agency_id == db.scope.agency_id)
        .order_by(ClaimRun.made_at.desc(), ClaimRun.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        older = (ClaimRun.made_at < instant_of(after)) | (
            (ClaimRun.made_at == instant_of(after)) & (ClaimRun.id < after.id)
        )
        question = question.where(older)
    rows = (await db.scalars(question)).all()
    items = [RunEntry.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    return RunPage(items=items, next=encode_cursor(items[-1].made_at, items[-1].id) if more else None)


async def run(db: Db, run_id: UUID) -> RunRead:
    """Return a run with its totals and the terms that it was made with. Raises `NotThere`."""
    row = await _run(db, run_id)
    return RunRead(
        **RunEntry.model_validate(row).model_dump(),
        payer=row.payer,
        withheld=await _withheld(db, run_id),
        terms=Contract.model_validate(row.terms),
        claimed=await _claimed(db, run_id),
        stopped=await _stopped(db, run_id),
    )


async def _run(db: Db, run_id: UUID) -> ClaimRun:
    row = await db.get(ClaimRun, (db.scope.agency_id, run_id))
    if row is None:
        raise NotThere
    return row


async def _withheld(db: Db, run_id: UUID) -> int:
    known = await _known(db, run_id)
    question = select(func.count()).where(ClaimLine.agency_id == db.scope.agency_id, ClaimLine.run_id == run_id)
    return await db.scalar(question.where(~is_one_of(ClaimLine.participant_id, known))) or 0


async def _claimed(db: Db, run_id: UUID) -> list[CodeTotal]:
    new = ClaimLine.reverses.is_(None)
    zero = Decimal(0)
    found = await db.execute(
        select(
            ClaimLine.code,
            func.count().filter(new).label("lines"),
            func.coalesce(func.sum(ClaimLine.units).filter(new), zero).label("units"),
            func.sum(ClaimLine.charge).filter(new).label("charge"),
            func.coalesce(func.sum(ClaimLine.units).filter(~new), zero).label("reversed_units"),
        )
        .where(ClaimLine.agency_id == db.scope.agency_id, ClaimLine.run_id == run_id)
        .group_by(ClaimLine.code)
        .order_by(ClaimLine.code)
    )
    return [CodeTotal(**row._mapping) for row in found]


async def _stopped(db: Db, run_id: UUID) -> list[StopTotal]:
    sessions = func.count(func.distinct(ClaimStop.session_id)).label("sessions")
    found = await db.execute(
        select(
            ClaimStop.reason,
            sessions,
            func.sum(ClaimStop.minutes).label("minutes"),
            func.sum(ClaimStop.units).label("units"),
        )
        .where(ClaimStop.agency_id == db.scope.agency_id, ClaimStop.run_id == run_id)
        .group_by(ClaimStop.reason)
        .order_by(sessions.desc(), ClaimStop.reason)
    )
    return [StopTotal(**row._mapping) for row in found]


async def line_page(db: Db, run_id: UUID, after: int, limit: int) -> LinePage:
    """Return lines in order, those that take something back first; `after`: the last position seen, -1 at first."""
    rows = await _after(db, ClaimLine, run_id, after, limit)
    items = [LineRead.model_validate(row) for row in rows[:limit]]
    return LinePage(items=items, next=items[-1].position if len(rows) > limit else None)


async def stop_page(db: Db, run_id: UUID, after: int, limit: int) -> StopPage:
    rows = await _after(db, ClaimStop, run_id, after, limit)
    items = [StopRead.model_validate(row) for row in rows[:limit]]
    return StopPage(items=items, next=items[-1].position if len(rows) > limit else None)


async def _after(db: Db, of: Any, run_id: UUID, after: int, limit: int) -> Sequence[Any]:
    await _run(db, run_id)
    question = select(of).where(of.agency_id == db.scope.agency_id, of.run_id == run_id, of.position > after)
    return (await db.scalars(question.order_by(of.position).limit(limit + 1))).all()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A run as CSV, whom it names on which consent, and how many lines were left out for want of one."""

    text: str
    people: dict[UUID, UUID | None]
    party_id: UUID | None
    withheld: int


async def sheet(db: Db, keys: KeyRing, run_id: UUID) -> Sheet:
    """Return a run as CSV, one row a line, with what a clearing house needs to know of whom, as it was then."""
    row = await _run(db, run_id)
    question = select(ClaimLine).where(ClaimLine.agency_id == db.scope.agency_id, ClaimLine.run_id == run_id)
    lines = (await db.scalars(question.order_by(ClaimLine.position))).all()
    known = await _known(db, run_id)
    told = [line for line in lines if line.participant_id in known]
    sealers = await keys.sealers(db, db.scope.agency_id, {line.sealed_for for line in told})
    made = table(COLUMNS, ({"payer": row.payer} | _cells(line) | _opened(sealers, line) for line in told))
    return Sheet(made, known, row.party_id, len(lines) - len(told))


async def _known(db: Db, run_id: UUID) -> dict[UUID, UUID | None]:
    """Return of whom in a run the payer may know today, and on which consent; none where no Part 2 program tells."""
    asked = {"agency": db.scope.agency_id, "run": run_id, "today": local_day(db.now, await zone_of(db))}
    return {row.participant_id: row.consent_id for row in await db.execute(KNOWN, asked) if row.may_know}


def _cells(line: ClaimLine) -> dict[str, str]:
    modifiers = {f"modifier_{place}": modifier for place, modifier in enumerate(line.modifiers, start=1)}
    return modifiers | {
        "claim_frequency": VOID if line.reverses else ORIGINAL,
        "line_id": str(line.id),
        "reverses_line_id": str(line.reverses or ""),
        "participant_id": str(line.participant_id),
        "service_date": line.service_date.isoformat(),
        "place_of_service": line.place,
        "procedure_code": line.code,
        "minutes": str(line.minutes),
        "units": f"{line.units:f}",
        "charge": "" if line.charge is None else f"{line.charge:f}",
        "rendering_staff_id": str(line.staff_id or ""),
    }


def _opened(sealers: dict[UUID, Sealer], line: ClaimLine) -> dict[str, str]:
    details: Any = sealers[line.sealed_for].open(CLAIM, line.details)
    return {
        "member_number": details["member_number"],
        "diagnosis_codes": " ".join(details["diagnosis_codes"]),
        "authorisation_number": details["authorisation_number"] or "",
    }
