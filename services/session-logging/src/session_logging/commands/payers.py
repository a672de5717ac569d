"""What payers pay for, whom they cover, and what they authorised."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, or_, select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.privacy import KeyRing
from common.text import Asked, Code, Day, Distinct, Line
from session_logging.commands.lookups import is_one_of, unknown
from session_logging.models import (
    AUTHORISATION,
    COVERAGE,
    Authorisation,
    Consent,
    Coverage,
    Participant,
    PayerContract,
    Program,
)
from session_logging.queries.people import family_of
from session_logging.rules.contracts import Amount, Contract, ServiceCode


class SetContract(Asked):
    """A payer's whole terms; a change counts from the next run on, and earlier runs keep theirs."""

    payer: Line
    party_id: UUID | None = Field(default=None, description="the payer among intake's parties, for the accounting")
    program_ids: Annotated[list[UUID], Field(max_length=100), Distinct] = Field(default=[], description="none: all")
    valid_from: Day
    valid_to: Day | None = None
    terms: Contract


class Cover(Asked):
    """Somebody is covered by a contract; the member number and any diagnosis codes are sealed under their key."""

    contract_id: UUID
    valid_from: Day
    valid_to: Day | None = None
    member_number: Code
    diagnosis_codes: Annotated[list[Code], Field(max_length=12), Distinct] = []
    agreed_on: Day | None = Field(default=None, description="consent to illness navigation, verbal or written")
    visited_on: Day | None = Field(default=None, description="the visit that began illness navigation")
    consent_id: UUID | None = Field(default=None, description="on which this payer may know; none: one to all payment")


class Authorise(Asked):
    contract_id: UUID
    code: ServiceCode
    units: Amount
    valid_from: Day
    valid_to: Day
    number: Code


async def set_contract(db: Db, request: SetContract) -> Created:
    await _require_fit(db, request)
    values = request.model_dump(exclude={"terms"}) | {"terms": request.terms.model_dump(mode="json")}
    contract = PayerContract(agency_id=db.scope.agency_id, id=uuid7(), version=1, **values)
    db.add(contract)
    db.audit("payer-contract.set", contract.id)
    return Created(id=contract.id, version=1)


async def change_contract(db: Db, contract_id: UUID, expected: int, request: SetContract) -> Created:
    await _require_fit(db, request)
    contract = await db.get(PayerContract, (db.scope.agency_id, contract_id), with_for_update=True)
    if contract is None:
        raise NotThere
    require_version(contract.version, expected)
    for name, value in request.model_dump(exclude={"terms"}).items():
        setattr(contract, name, value)
    contract.terms = request.terms.model_dump(mode="json")
    contract.version += 1
    db.audit("payer-contract.change", contract.id)
    return Created(id=contract.id, version=contract.version)


async def _require_fit(db: Db, request: SetContract) -> None:
    _require_order(request.valid_from, request.valid_to)
    known = set(await db.scalars(select(Program.id).where(is_one_of(Program.id, request.program_ids))))
    if known != set(request.program_ids):
        raise unknown("program", "/program_ids")


def _require_order(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise Unprocessable("ends-before-it-starts", "The last day comes before the first.", "/valid_to")


async def cover(db: Db, keys: KeyRing, participant_id: UUID, request: Cover) -> Created:
    """Record who pays for somebody. Raises `Refused` if another coverage holds on one of its days."""
    family = await _require_person(db, participant_id)
    await _require_contract(db, request.contract_id)
    await _require_alone(db, family, request, None)
    coverage = Coverage(
        agency_id=db.scope.agency_id, id=uuid7(), participant_id=participant_id, version=1,
        **await _covered(db, keys, participant_id, request),
    )  # fmt: skip
    db.add(coverage)
    db.audit("coverage.record", coverage.id, participant_id=participant_id)
    return Created(id=coverage.id, version=1)


async def change_coverage(db: Db, keys: KeyRing, coverage_id: UUID, expected: int, request: Cover) -> Created:
    coverage = await db.get(Coverage, (db.scope.agency_id, coverage_id), with_for_update=True)
    if coverage is None or coverage.withdrawn_at is not None:
        raise NotThere
    require_version(coverage.version, expected)
    await _require_contract(db, request.contract_id)
    await _require_alone(db, await family_of(db, coverage.participant_id), request, coverage.id)
    for name, value in (await _covered(db, keys, coverage.participant_id, request)).items():
        setattr(coverage, name, value)
    coverage.version += 1
    db.audit("coverage.change", coverage.id, participant_id=coverage.participant_id)
    return Created(id=coverage.id, version=coverage.version)


async def withdraw_coverage(db: Db, coverage_id: UUID, expected: int) -> Created:
    """Take back a coverage that was entered by mistake; lines that were made on it stand until they are taken back."""
    coverage = await db.get(Coverage, (db.scope.agency_id, coverage_id), with_for_update=True)
    if coverage is None:
        raise NotThere
    require_version(coverage.version, expected)
    if coverage.withdrawn_at is not None:
        raise Refused("already-withdrawn", "This coverage was withdrawn before. Record a new one.")
    coverage.withdrawn_at = db.now
    coverage.version += 1
    db.audit("coverage.withdraw", coverage.id, participant_id=coverage.participant_id)
    return Created(id=coverage.id, version=coverage.version)


async def _covered(db: Db, keys: KeyRing, participant_id: UUID, request: Cover) -> dict[str, object]:
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    details = {"member_number": request.member_number, "diagnosis_codes": request.diagnosis_codes}
    plain = request.model_dump(exclude={"member_number", "diagnosis_codes"})
    return plain | {"details": sealer.seal(COVERAGE, details)}


async def _require_person(db: Db, participant_id: UUID) -> list[UUID]:
    if await db.get(Participant, (db.scope.agency_id, participant_id)) is None:
        raise NotThere
    return await family_of(db, participant_id)


async def _require_contract(db: Db, contract_id: UUID) -> None:
    if await db.get(PayerContract, (db.scope.agency_id, contract_id)) is None:
        raise unknown("contract", "/contract_id")


async def _require_alone(db: Db, family: list[UUID], request: Cover, own: UUID | None) -> None:
    """Raise `Refused` if two coverages would hold on one day: the same minutes would be asked of two payers.

    Who covers the same person meanwhile waits.
    """
    _require_order(request.valid_from, request.valid_to)
    await db.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"{db.scope.agency_id}cover{family[0]}", 0)))
    )
    if request.consent_id is not None:
        consent = await db.get(Consent, (db.scope.agency_id, request.consent_id))
        if consent is None or consent.participant_id not in family:
            raise unknown("consent", "/consent_id")
    overlapping = (
        select(Coverage.id)
        .where(is_one_of(Coverage.participant_id, family), Coverage.id.is_distinct_from(own))
        .where(Coverage.withdrawn_at.is_(None))
        .where(or_(Coverage.valid_to.is_(None), Coverage.valid_to >= request.valid_from))
        .limit(1)
    )
    if request.valid_to is not None:
        overlapping = overlapping.where(Coverage.valid_from <= request.valid_to)
    if await db.scalar(overlapping) is not None:
        detail = "Another payer covers this person on one of these days. End that coverage first."
        raise Refused("covered-twice", detail)


async def authorise(db: Db, keys: KeyRing, participant_id: UUID, request: Authorise) -> Created:
    await _require_person(db, participant_id)
    await _require_contract(db, request.contract_id)
    _require_order(request.valid_from, request.valid_to)
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    allowed = Authorisation(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        number=sealer.seal(AUTHORISATION, request.number),
        units=Decimal(request.units),
        version=1,
        **request.model_dump(exclude={"number", "units"}),
    )
    db.add(allowed)
    db.audit("authorisation.record", allowed.id, participant_id=participant_id)
    return Created(id=allowed.id, version=1)


async def withdraw_authorisation(db: Db, authorisation_id: UUID, expected: int) -> Created:
    """Take back an authorisation that was entered by mistake; lines that were made on it stand."""
    allowed = await db.get(Authorisation, (db.scope.agency_id, authorisation_id), with_for_update=True)
    if allowed is None:
        raise NotThere
    require_version(allowed.version, expected)
    if allowed.withdrawn_at is not None:
        raise Refused("already-withdrawn", "This authorisation was withdrawn before. Record a new one.")
    allowed.withdrawn_at = db.now
    allowed.version += 1
    db.audit("authorisation.withdraw", allowed.id, participant_id=allowed.participant_id)
    return Created(id=allowed.id, version=allowed.version)
