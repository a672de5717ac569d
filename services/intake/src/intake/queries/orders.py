"""One person's court orders, with what each lacks, and the restrictions that they asked for."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.http import PAGE_MOST
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import family_of, reach, reach_participant
from intake.commands.court_orders import OrderDetails, OrderEnd, open_details, order_at_hand
from intake.commands.recording import recording
from intake.commands.restrictions import open_words
from intake.models import CourtOrder, Restriction
from intake.rules.bases import CourtSection, Finding, OrderLack, order_lacks
from intake.rules.consents import InformationCategory, Purpose, SignerCapacity
from intake.rules.restrictions import DeclineReason, RestrictionEnd, RestrictionState, must_be_agreed


class OrderRecord(OrderDetails):
    id: UUID
    participant_id: UUID
    section: CourtSection
    party_id: UUID | None
    findings: list[Finding]
    notice_given: bool
    categories: list[InformationCategory]
    names_counseling_notes: bool
    confidential_communications: bool
    against_patient: bool
    issued_on: date
    expires_on: date | None = Field(description="last day")
    subpoena_on: date | None
    counsel_signed_at: AwareDatetime | None
    counsel_signed_by: UUID | None
    ended_on: date | None
    end_reason: OrderEnd | None
    usable: bool = Field(description="today, within its limits")
    lacking: list[OrderLack]
    version: int


class Orders(BaseModel):
    """The newest first, at most a hundred; a survivor's hold those of all records merged into it."""

    items: list[OrderRecord]


class RestrictionRecord(BaseModel):
    id: UUID
    participant_id: UUID
    state: RestrictionState
    words: str
    categories: list[InformationCategory] = Field(description="none means all")
    purposes: list[Purpose] = Field(description="none means all")
    party_id: UUID | None = Field(description="none means anybody")
    to_health_plan: bool
    paid_in_full: bool
    must_be_agreed: bool
    capacity: SignerCapacity
    asked_at: AwareDatetime
    decided_at: AwareDatetime | None
    decided_by: UUID | None
    reason: DeclineReason | None
    decision_words: str | None
    ended_at: AwareDatetime | None
    end_kind: RestrictionEnd | None
    end_note: str | None
    version: int


class Restrictions(BaseModel):
    """The newest first, at most a hundred; a survivor's hold those of all records merged into it."""

    items: list[RestrictionRecord]


async def order(db: Db, keys: KeyRing, actor: Actor, order_id: UUID) -> OrderRecord:
    now = await recording(db)
    found = await reach(db, actor, CourtOrder, order_id, now)
    return _order(await keys.sealer(db, db.scope.agency_id, found.participant_id), found, now.today)


async def orders(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> Orders:
    now = await recording(db)
    family = await family_of(db, await reach_participant(db, actor, participant_id, now))
    question = select(CourtOrder).where(
        CourtOrder.agency_id == db.scope.agency_id, CourtOrder.participant_id.in_(family)
    )
    rows = (await db.scalars(question.order_by(CourtOrder.id.desc()).limit(PAGE_MOST))).all()
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in rows})
    return Orders(items=[_order(sealers[row.participant_id], row, now.today) for row in rows])


def _order(sealer: Sealer, row: CourtOrder, today: date) -> OrderRecord:
    plain = {name: getattr(row, name) for name in OrderRecord.model_fields if hasattr(row, name)}
    lacking = order_lacks(order_at_hand(row), on=today)
    sealed = open_details(sealer, row).model_dump()
    return OrderRecord.model_validate(plain | sealed | {"usable": not lacking, "lacking": lacking})


async def restriction(db: Db, keys: KeyRing, actor: Actor, restriction_id: UUID) -> RestrictionRecord:
    found = await reach(db, actor, Restriction, restriction_id, await recording(db))
    return _restriction(await keys.sealer(db, db.scope.agency_id, found.participant_id), found)


async def restrictions(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> Restrictions:
    now = await recording(db)
    family = await family_of(db, await reach_participant(db, actor, participant_id, now))
    question = select(Restriction).where(
        Restriction.agency_id == db.scope.agency_id, Restriction.participant_id.in_(family)
    )
    rows = (await db.scalars(question.order_by(Restriction.id.desc()).limit(PAGE_MOST))).all()
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in rows})
    return Restrictions(items=[_restriction(sealers[row.participant_id], row) for row in rows])


def _restriction(sealer: Sealer, row: Restriction) -> RestrictionRecord:
    words = open_words(sealer, row)
    known = {name: getattr(row, name) for name in RestrictionRecord.model_fields if hasattr(row, name)}
    purposes = [Purpose(one) for one in row.purposes]
    said = {
        "words": words.asked,
        "decision_words": words.decided,
        "end_note": words.ended,
        "capacity": row.asked_by_capacity,
        "must_be_agreed": must_be_agreed(
            to_health_plan=row.to_health_plan, paid_in_full=row.paid_in_full, purposes=purposes
        ),
    }
    return RestrictionRecord.model_validate(known | said)
