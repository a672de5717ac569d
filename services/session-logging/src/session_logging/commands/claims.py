"""Making claim lines of a period's sessions, once each; saying what stopped the rest; taking back what was voided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, insert, select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Unprocessable
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Distinct
from session_logging.commands.claim_details import claimed_details
from session_logging.commands.claimable import Standing, allowed, parts_of, standing_lines
from session_logging.commands.lookups import unknown
from session_logging.models import ClaimedSession, ClaimLine, ClaimRun, ClaimStop, PayerContract
from session_logging.rules.claims import Bill, Key, Line, Stop, bill
from session_logging.rules.contracts import Contract

LONGEST_RUN = timedelta(days=366)
RUN: Any = ClaimRun.__table__
LINE: Any = ClaimLine.__table__
SESSION: Any = ClaimedSession.__table__
STOP: Any = ClaimStop.__table__


class MakeClaims(Asked):
    """A run over local days of service, both included."""

    contract_id: UUID
    first: Day
    last: Day
    take_back: Annotated[list[UUID], Field(max_length=1000), Distinct] = Field(
        default=[], description="lines that the payer should not have: their sessions are looked at anew"
    )


class Made(BaseModel):
    id: UUID
    lines: int
    reversals: int
    stops: int


@dataclass(frozen=True, slots=True)
class _Run:
    id: UUID
    agency_id: UUID
    contract_id: UUID


async def make_claims(db: Db, keys: KeyRing, actor: Actor, request: MakeClaims) -> Made:
    """Claim what may be claimed of a period and was not claimed before; runs of one agency follow each other."""
    _require_period(request)
    contract = await db.get(PayerContract, (db.scope.agency_id, request.contract_id))
    if contract is None:
        raise unknown("contract", "/contract_id")
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{db.scope.agency_id}claims", 0))))
    terms = Contract.model_validate(contract.terms)
    _require_whole_months(request, terms)
    run = await _begin(db, actor, request, contract)
    standing = await standing_lines(db, contract.id, request.first)
    taken_back = _taken_back(standing, set(request.take_back))
    reopened = {session_id for line in taken_back for session_id in line.session_ids}
    kept = [line for line in standing if line not in taken_back]
    parts = await parts_of(db, contract, request.first, request.last, reopened, {line.id for line in taken_back})
    made = bill(terms, parts, [line.claimed for line in kept], await allowed(db, contract.id, kept), request.last)
    await _write(db, keys, run, taken_back, made)
    db.audit("claims.make", run.id, lines=len(made.lines), reversals=len(taken_back), stops=len(made.stops))
    return Made(id=run.id, lines=len(made.lines), reversals=len(taken_back), stops=len(made.stops))


def _require_period(request: MakeClaims) -> None:
    if request.last < request.first:
        raise Unprocessable("ends-before-it-starts", "The last day comes before the first.", "/last")
    if request.last - request.first >= LONGEST_RUN:
        raise Unprocessable("period-too-long", "Make claims for at most 366 days at once.", "/last")


def _require_whole_months(request: MakeClaims, terms: Contract) -> None:
    if request.first.day != 1 and any(line.monthly for line in terms.lines):
        detail = "This payer counts calendar months. Begin with the first of a month."
        raise Unprocessable("begins-mid-month", detail, "/first")


async def _begin(db: Db, actor: Actor, request: MakeClaims, contract: PayerContract) -> _Run:
    run = _Run(uuid7(), db.scope.agency_id, contract.id)
    values = {
        "agency_id": run.agency_id, "id": run.id, "contract_id": contract.id, "payer": contract.payer,
        "party_id": contract.party_id,
        "first": request.first, "last": request.last, "terms": contract.terms,
        "made_by": actor.staff_id, "made_at": db.now,
    }  # fmt: skip
    await db.execute(insert(RUN), [values])
    return run


def _taken_back(standing: Sequence[Standing], wanted: set[UUID]) -> list[Standing]:
    """Return the lines that no longer hold: those of a voided session or `wanted` back, and what was summed with them.

    Raises `Unprocessable` for a wanted line that does not stand under this contract.
    """
    if wanted - {line.id for line in standing}:
        raise unknown("standing-line", "/take_back")
    wrong = {_sum_of(line.claimed.key) for line in standing if line.voided or line.id in wanted}
    return [line for line in standing if _sum_of(line.claimed.key) in wrong]


def _sum_of(key: Key) -> tuple[Any, ...]:
    """Return what a line was summed over: its day, or its month if it is nobody's in particular."""
    if key.staff_id is None:
        return key.person_id, key.day.replace(day=1)
    return key.person_id, key.staff_id, key.day, key.code, key.modifiers


async def _write(db: Db, keys: KeyRing, run: _Run, taken_back: Sequence[Standing], made: Bill) -> None:
    rows = [line.reversal(run.id, uuid7()) for line in taken_back]
    served: list[dict[str, Any]] = []
    details = await claimed_details(db, keys, made.lines)
    for line in made.lines:
        row = _line_row(run, line) | details[line.key.coverage_id, line.authorisation_id]
        rows.append(row)
        served += _served_rows(row, line)
    for position, row in enumerate(rows):
        row["position"] = position
    stops = [stop for told in made.stops for stop in _stop_rows(run, told)]
    for position, row in enumerate(stops):
        row["position"] = position
    for table, values in ((LINE, rows), (SESSION, served), (STOP, stops)):
        if values:
            await db.execute(insert(table), values)


def _line_row(run: _Run, line: Line) -> dict[str, Any]:
    key = line.key
    return {
        "agency_id": run.agency_id,
        "id": uuid7(),
        "run_id": run.id,
        "contract_id": run.contract_id,
        "participant_id": key.person_id,
        "coverage_id": key.coverage_id,
        "staff_id": key.staff_id,
        "service_date": key.day,
        "code": key.code,
        "modifiers": list(key.modifiers),
        "place": key.place,
        "minutes": line.minutes,
        "units": line.units,
        "stopped_units": line.stopped,
        "charge": line.charge,
        "authorisation_id": line.authorisation_id,
        "reverses": None,
    }


def _served_rows(row: dict[str, Any], line: Line) -> Iterable[dict[str, Any]]:
    for session_id, day in line.served:
        yield {
            "agency_id": row["agency_id"], "line_id": row["id"], "session_id": session_id, "service_date": day,
        }  # fmt: skip


def _stop_rows(run: _Run, stop: Stop) -> Iterable[dict[str, Any]]:
    """Return one row for each session; minutes and units stand on the first, so that they add up."""
    for place, (session_id, day) in enumerate(stop.served):
        yield {
            "agency_id": run.agency_id, "run_id": run.id, "session_id": session_id, "service_date": day,
            "reason": stop.reason,
            "minutes": 0 if place else stop.minutes, "units": Decimal(0) if place else stop.units,
        }  # fmt: skip
