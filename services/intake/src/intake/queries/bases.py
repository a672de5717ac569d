"""Parties, relations and agreements as they stand today, and the demands that wait for counsel."""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from common.contracts.codes import AgreementKind
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, normalized
from common.text import Asked, Line
from intake.commands.access import family_of, reach_participant
from intake.commands.legal_demands import open_demand
from intake.commands.recording import recording
from intake.models import Agreement, CareRelation, LegalDemand, Party
from intake.rules.agreements import ENDS_SOON, AgreementEnd, Promise, agreement_is_live, ends_soon
from intake.rules.bases import PartyKind, RelationKind, relation_holds
from intake.rules.consents import InformationCategory
from intake.rules.legal_demands import DemandKind, DemandOutcome, DemandState

ACCENTED, PLAIN = "áéíóúüñàèìòùâêîôûäëïöç\u2019", "aeiouunaeiouaeiouaeioc'"
Row = TypeVar("Row", Party, Agreement, LegalDemand)


class PartyRecord(BaseModel):
    id: UUID
    name: str
    kind: PartyKind
    address: str | None
    covered_entity: bool
    part2_program: bool
    medical_personnel: bool
    ended_on: date | None
    version: int


class PartyPage(BaseModel):
    items: list[PartyRecord]
    next: str | None = None


class SearchParties(Asked):
    """Every word is found in the name, in any case and without accents; nothing given finds all."""

    words: Line | None = None
    kind: PartyKind | None = None
    ended: bool = Field(default=False, description="also those that have ended")
    next: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=PAGE_MOST)


class RelationRecord(BaseModel):
    id: UUID
    participant_id: UUID
    party_id: UUID
    party_name: str
    relation: RelationKind
    valid_from: date
    valid_to: date | None = Field(description="last day")
    holds: bool = Field(description="today; only then does a class in a consent mean this party")
    version: int


class Relations(BaseModel):
    """The newest first, at most a hundred; a survivor's hold those of all records merged into it."""

    items: list[RelationRecord]


class AgreementRecord(BaseModel):
    id: UUID
    party_id: UUID
    kind: AgreementKind
    services: str
    categories: list[InformationCategory]
    valid_from: date
    valid_to: date = Field(description="last day")
    promises: list[Promise]
    copies_allowed: bool
    destroy_by: date | None
    agreed_by: str | None
    approving_body: str | None
    evidence_sha256: str
    ended_on: date | None = Field(description="from this day on it is not live")
    end_reason: AgreementEnd | None
    live: bool
    ends_within_60_days: bool
    version: int


class AgreementPage(BaseModel):
    items: list[AgreementRecord]
    next: str | None = None


class DemandEntry(BaseModel):
    id: UUID
    kind: DemandKind
    state: DemandState
    received_at: AwareDatetime
    answer_due_on: date | None
    outcome: DemandOutcome | None
    version: int


class DemandRecord(DemandEntry):
    words: str
    received_from: str | None
    closing_words: str | None


class DemandPage(BaseModel):
    items: list[DemandEntry]
    next: str | None = None


async def party(db: Db, party_id: UUID) -> PartyRecord:
    return PartyRecord.model_validate(await _one(db, Party, party_id), from_attributes=True)


async def _one(db: Db, kind: type[Row], row_id: UUID) -> Row:
    found = await db.get(kind, (db.scope.agency_id, row_id))
    if found is None:
        raise NotThere
    return found


async def parties(db: Db, search: SearchParties, after: Cursor | None) -> PartyPage:
    question = select(Party).where(Party.agency_id == db.scope.agency_id)
    if search.kind is not None:
        question = question.where(Party.kind == search.kind)
    if not search.ended:
        question = question.where(Party.ended_on.is_(None))
    name = func.translate(func.lower(Party.name), ACCENTED, PLAIN)
    for word in normalized(search.words or "").split():
        question = question.where(name.contains(word, autoescape=True))
    rows, more = await _page(db, question, Party, after, search.limit)
    return PartyPage(items=[PartyRecord.model_validate(row, from_attributes=True) for row in rows], next=more)


async def _page(
    db: Db, question: Select[Row], kind: type[Row], after: Cursor | None, limit: int
) -> tuple[Sequence[Row], str | None]:
    """Return one page in the order of recording, and where the next one starts."""
    if after:
        question = question.where(kind.id > after.id)
    rows = (await db.scalars(question.order_by(kind.id).limit(limit + 1))).all()
    return rows[:limit], encode_cursor("", rows[limit - 1].id) if len(rows) > limit else None


async def relations(db: Db, actor: Actor, participant_id: UUID) -> Relations:
    now = await recording(db)
    family = await family_of(db, await reach_participant(db, actor, participant_id, now))
    question = (
        select(CareRelation, Party)
        .join(Party, (Party.agency_id == CareRelation.agency_id) & (Party.id == CareRelation.party_id))
        .where(CareRelation.agency_id == db.scope.agency_id, CareRelation.participant_id.in_(family))
    )
    rows = (await db.execute(question.order_by(CareRelation.id.desc()).limit(PAGE_MOST))).all()
    return Relations(items=[_relation(relation, party, now.today) for relation, party in rows])


def _relation(relation: CareRelation, party: Party, today: date) -> RelationRecord:
    return RelationRecord(
        id=relation.id,
        participant_id=relation.participant_id,
        party_id=party.id,
        party_name=party.name,
        relation=RelationKind(relation.relation),
        valid_from=relation.valid_from,
        valid_to=relation.valid_to,
        holds=relation_holds(relation.valid_from, relation.valid_to, party.ended_on, on=today),
        version=relation.version,
    )


async def agreement(db: Db, agreement_id: UUID) -> AgreementRecord:
    now = await recording(db)
    return _agreement(await _one(db, Agreement, agreement_id), now.today)


def _agreement(row: Agreement, today: date) -> AgreementRecord:
    plain = {name: getattr(row, name) for name in AgreementRecord.model_fields if hasattr(row, name)}
    days = (row.valid_from, row.valid_to, row.ended_on)
    computed = {"live": agreement_is_live(*days, on=today), "ends_within_60_days": ends_soon(*days, on=today)}
    return AgreementRecord.model_validate(plain | computed)


async def agreements(
    db: Db,
    *,
    party_id: UUID | None,
    kind: AgreementKind | None,
    live: bool | None,
    ending: bool,
    after: Cursor | None,
    limit: int,
) -> AgreementPage:
    """Return agreements in the order of recording. `ending`: only live ones whose last day is at most 60 days away."""
    today = (await recording(db)).today
    question = select(Agreement).where(Agreement.agency_id == db.scope.agency_id)
    if party_id is not None:
        question = question.where(Agreement.party_id == party_id)
    if kind is not None:
        question = question.where(Agreement.kind == kind)
    if live is not None:
        question = question.where(_live_on(today) if live else ~_live_on(today))
    if ending:
        question = question.where(_live_on(today), Agreement.valid_to <= today + ENDS_SOON)
    rows, more = await _page(db, question, Agreement, after, limit)
    return AgreementPage(items=[_agreement(row, today) for row in rows], next=more)


def _live_on(day: date) -> ColumnElement[bool]:
    """Return `agreement_is_live` as a condition."""
    unended = or_(Agreement.ended_on.is_(None), Agreement.ended_on > day)
    return and_(Agreement.valid_from <= day, Agreement.valid_to >= day, unended)


async def demands(db: Db, *, state: DemandState, after: Cursor | None, limit: int) -> DemandPage:
    """Return the demands in one state, the oldest first."""
    question = select(LegalDemand).where(LegalDemand.agency_id == db.scope.agency_id, LegalDemand.state == state)
    rows, more = await _page(db, question, LegalDemand, after, limit)
    return DemandPage(items=[DemandEntry.model_validate(row, from_attributes=True) for row in rows], next=more)


async def demand(db: Db, keys: KeyRing, demand_id: UUID) -> DemandRecord:
    found = await _one(db, LegalDemand, demand_id)
    said = open_demand(await keys.sealer(db, db.scope.agency_id, found.id), found)
    entry = DemandEntry.model_validate(found, from_attributes=True)
    return DemandRecord.model_validate(entry.model_dump() | said.model_dump())
