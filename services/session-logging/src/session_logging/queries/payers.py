"""Payers' contracts, somebody's coverages, and what is left of their authorisations."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere
from common.identity import Actor
from common.packs import PACKS, Parameter
from common.privacy import KeyRing, Sealer
from common.text import local_day
from session_logging.commands.lookups import is_one_of, require_care, zone_of
from session_logging.models import (
    AUTHORISATION,
    COVERAGE,
    Authorisation,
    ClaimLine,
    Coverage,
    Participant,
    PayerContract,
)
from session_logging.queries.people import family_of
from session_logging.rules.contracts import Contract

CONTRACTS_MOST = 200


class ContractRead(BaseModel):
    id: UUID
    version: int
    payer: str
    party_id: UUID | None
    program_ids: list[UUID]
    valid_from: date
    valid_to: date | None
    terms: Contract


class PackLimit(BaseModel):
    """A unit limit of a state's pack, to start from. `required`: it binds and was confirmed; else ask the payer."""

    pack_id: str
    citation: str
    confidence: str
    required: bool
    value: Any


class ContractList(BaseModel):
    items: list[ContractRead]
    pack_limits: list[PackLimit]


class CoverageRead(BaseModel):
    id: UUID
    version: int
    contract_id: UUID
    valid_from: date
    valid_to: date | None
    member_number: str
    diagnosis_codes: list[str]
    agreed_on: date | None
    visited_on: date | None
    consent_id: UUID | None
    withdrawn: bool


class AuthorisationRead(BaseModel):
    """`number` only for administrators; how many units are left helps whoever serves the person."""

    id: UUID
    version: int
    contract_id: UUID
    code: str
    units: Decimal
    left: Decimal
    valid_from: date
    valid_to: date
    withdrawn: bool
    number: str | None = None


async def contracts(db: Db) -> ContractList:
    """Return all contracts of the agency, and the limits that packs know of."""
    question = select(PayerContract).where(PayerContract.agency_id == db.scope.agency_id)
    rows = await db.scalars(question.order_by(PayerContract.payer, PayerContract.id).limit(CONTRACTS_MOST))
    return ContractList(items=[_contract(row) for row in rows], pack_limits=_pack_limits())


def _contract(row: PayerContract) -> ContractRead:
    return ContractRead(
        id=row.id,
        version=row.version,
        payer=row.payer,
        party_id=row.party_id,
        program_ids=row.program_ids,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        terms=Contract.model_validate(row.terms),
    )


def _pack_limits() -> list[PackLimit]:
    return [
        PackLimit(
            pack_id=pack.id,
            citation=rule.citation,
            confidence=rule.confidence,
            required=rule.is_required,
            value=rule.model_dump(mode="json")["value"],
        )
        for pack in PACKS.values()
        for rule in pack.rules
        if rule.parameter is Parameter.UNIT_LIMITS
    ]


async def contract(db: Db, contract_id: UUID) -> ContractRead:
    row = await db.get(PayerContract, (db.scope.agency_id, contract_id))
    if row is None:
        raise NotThere
    return _contract(row)


async def coverages(db: Db, keys: KeyRing, participant_id: UUID) -> list[CoverageRead]:
    """Return who pays for a person, the newest first. Raises `NotThere`."""
    family = await _family(db, participant_id)
    rows: Sequence[Coverage] = (
        await db.scalars(
            select(Coverage).where(is_one_of(Coverage.participant_id, family)).order_by(Coverage.valid_from.desc())
        )
    ).all()
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in rows})
    return [
        CoverageRead(
            id=row.id,
            version=row.version,
            contract_id=row.contract_id,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            agreed_on=row.agreed_on,
            visited_on=row.visited_on,
            consent_id=row.consent_id,
            withdrawn=row.withdrawn_at is not None,
            **_opened(sealers[row.participant_id], row.details),
        )
        for row in rows
    ]


def _opened(sealer: Sealer, details: bytes) -> dict[str, Any]:
    opened: Any = sealer.open(COVERAGE, details)
    return dict(opened)


async def _family(db: Db, participant_id: UUID) -> list[UUID]:
    if await db.get(Participant, (db.scope.agency_id, participant_id)) is None:
        raise NotThere
    return await family_of(db, participant_id)


async def authorisations(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> list[AuthorisationRead]:
    """Return what was authorised for a person and what is left, the last to end first.

    Raises `NotThere` unless the actor serves them, or administers.
    """
    family = await _family(db, participant_id)
    if not actor.may(Role.ADMINISTRATOR):
        await require_care(db, actor, family, local_day(db.now, await zone_of(db)))
    rows = (
        await db.scalars(
            select(Authorisation)
            .where(is_one_of(Authorisation.participant_id, family))
            .order_by(Authorisation.valid_to.desc(), Authorisation.id)
        )
    ).all()
    used = await _used(db, [row.id for row in rows])
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in rows})
    return [
        AuthorisationRead(
            id=row.id,
            version=row.version,
            contract_id=row.contract_id,
            code=row.code,
            units=row.units,
            left=max(Decimal("0.00"), row.units - used.get(row.id, Decimal(0))),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            withdrawn=row.withdrawn_at is not None,
            number=_number(sealers[row.participant_id], row) if actor.may(Role.ADMINISTRATOR) else None,
        )
        for row in rows
    ]


def _number(sealer: Sealer, row: Authorisation) -> str:
    return str(sealer.open(AUTHORISATION, row.number))


async def _used(db: Db, ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """Return the units of the lines that stand on each authorisation."""
    back = aliased(ClaimLine)
    found = await db.execute(
        select(ClaimLine.authorisation_id, func.sum(ClaimLine.units))
        .outerjoin(back, (back.agency_id == ClaimLine.agency_id) & (back.reverses == ClaimLine.id))
        .where(ClaimLine.agency_id == db.scope.agency_id, is_one_of(ClaimLine.authorisation_id, ids))
        .where(ClaimLine.reverses.is_(None), back.id.is_(None))
        .group_by(ClaimLine.authorisation_id)
    )
    return {row[0]: row[1] for row in found if row[0] is not None}
