"""Which packs there are, what they ask for on a day, and what a program and its people stand under."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere
from common.packs import PACKS, Authority, Parameter, plain_value
from common.packs.model import Confidence
from workforce.models import Placement, Program, ProgramPack, Staff


class PackEntry(BaseModel):
    id: str
    title: str
    jurisdiction: str
    summary: str


class Packs(BaseModel):
    items: list[PackEntry]


class RuleInForce(BaseModel):
    """One rule. `confidence`: `recheck` wants to be compared with the text in force; see `note`."""

    parameter: Parameter
    value: Any
    authority: Authority
    confidence: Confidence
    citation: str
    guideline_id: str
    effective_from: date | None
    effective_to: date | None
    note: str | None


class PackRecord(PackEntry):
    on: date
    rules: list[RuleInForce]


class Choice(BaseModel):
    id: UUID
    pack_id: str
    valid_from: date
    valid_to: date | None
    version: int


class Choices(BaseModel):
    items: list[Choice]


class Placed(BaseModel):
    id: UUID
    staff_id: UUID
    program_id: UUID
    role: Role
    fte: Decimal
    valid_from: date
    valid_to: date | None
    version: int


class Placements(BaseModel):
    items: list[Placed]


def packs() -> Packs:
    return Packs(items=[PackEntry.model_validate(pack, from_attributes=True) for pack in PACKS.values()])


def pack(pack_id: str, on: date) -> PackRecord:
    """Return a pack with the rules that are in force on a day. Raises `NotThere`."""
    found = PACKS.get(pack_id)
    if found is None:
        raise NotThere
    rules = [
        RuleInForce(**rule.model_dump(exclude={"value"}), value=plain_value(rule))
        for rule in found.rules
        if rule.in_force(on)
    ]
    return PackRecord(**found.model_dump(exclude={"rules"}), on=on, rules=rules)


async def choices_of(db: Db, program_id: UUID) -> Choices:
    """Return every pack that a program chose, the newest first; there are few."""
    if await db.get(Program, (db.scope.agency_id, program_id)) is None:
        raise NotThere
    question = select(ProgramPack).where(
        ProgramPack.agency_id == db.scope.agency_id, ProgramPack.program_id == program_id
    )
    rows = await db.scalars(question.order_by(ProgramPack.valid_from.desc(), ProgramPack.id))
    return Choices(items=[Choice.model_validate(row, from_attributes=True) for row in rows])


async def placements_of(db: Db, staff_id: UUID) -> Placements:
    """Return where somebody works and worked, the newest first."""
    if await db.get(Staff, (db.scope.agency_id, staff_id)) is None:
        raise NotThere
    question = select(Placement).where(Placement.agency_id == db.scope.agency_id, Placement.staff_id == staff_id)
    rows = await db.scalars(question.order_by(Placement.valid_from.desc(), Placement.id))
    return Placements(items=[Placed.model_validate(row, from_attributes=True) for row in rows])
