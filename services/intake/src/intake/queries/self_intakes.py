"""What those who serve a person see of the codes they made and of what the person said of themselves."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, JsonValue
from sqlalchemy import select

from common.database import Db
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import family_of, reach_participant, within_reach
from intake.commands.own import is_good
from intake.commands.participants import known_of
from intake.commands.recording import recording
from intake.commands.self_intakes import ANSWERS, OwnAnswers
from intake.models import OwnCode, Participant, SelfIntake
from intake.rules.own import OWN_FIELDS, DismissalReason, OwnLanguage, OwnPurpose, SelfIntakeStatus
from intake.rules.people import AskedFor, IdentityField


class OwnCodeEntry(BaseModel):
    """A code's state; the code itself is shown to its maker alone."""

    id: UUID
    purpose: OwnPurpose
    language: OwnLanguage
    made_at: AwareDatetime
    made_by: UUID | None
    expires_at: AwareDatetime
    opened_at: AwareDatetime | None
    used_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    good: bool
    version: int


class OwnCodes(BaseModel):
    items: list[OwnCodeEntry] = Field(description="the newest hundred")


class SaidField(BaseModel):
    field: IdentityField
    known: JsonValue = Field(description="as it stands now")
    said: JsonValue = Field(description="null asks for it to be known no more")


class SelfIntakeEntry(BaseModel):
    id: UUID
    participant_id: UUID
    status: SelfIntakeStatus
    language: OwnLanguage
    received_at: AwareDatetime
    said: list[SaidField]
    declined: list[AskedFor]
    decided_at: AwareDatetime | None
    decided_by: UUID | None
    taken: list[IdentityField]
    reason: DismissalReason | None
    version: int


class SelfIntakes(BaseModel):
    items: list[SelfIntakeEntry] = Field(description="the newest hundred")


class WaitingEntry(BaseModel):
    id: UUID
    participant_id: UUID
    received_at: AwareDatetime
    version: int


class WaitingPage(BaseModel):
    items: list[WaitingEntry] = Field(description="the oldest first")
    next: str | None = None


async def own_codes(db: Db, actor: Actor, participant_id: UUID) -> OwnCodes:
    family = await family_of(db, await reach_participant(db, actor, participant_id, await recording(db)))
    question = select(OwnCode).where(OwnCode.agency_id == db.scope.agency_id, OwnCode.participant_id.in_(family))
    rows = (await db.scalars(question.order_by(OwnCode.id.desc()).limit(PAGE_MOST))).all()
    return OwnCodes(items=[_entry(row, good=is_good(row, db.now)) for row in rows])


def _entry(row: OwnCode, *, good: bool) -> OwnCodeEntry:
    plain = {name: getattr(row, name) for name in OwnCodeEntry.model_fields if name != "good"}
    return OwnCodeEntry.model_validate(plain | {"good": good})


async def self_intakes(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> SelfIntakes:
    """Return what a person said of themselves beside what is known now."""
    family = await family_of(db, await reach_participant(db, actor, participant_id, await recording(db)))
    row = SelfIntake
    question = select(row).where(row.agency_id == db.scope.agency_id, row.participant_id.in_(family))
    rows = (await db.scalars(question.order_by(row.id.desc()).limit(PAGE_MOST))).all()
    people = await _people(db, {one.participant_id for one in rows})
    sealers = await keys.sealers(db, db.scope.agency_id, people.keys())
    items = []
    for one in rows:
        sealer = sealers[one.participant_id]
        answers = OwnAnswers.model_validate(sealer.open(ANSWERS, one.answers))
        items.append(_self_intake(one, answers, known_of(sealer, people[one.participant_id])))
    return SelfIntakes(items=items)


async def _people(db: Db, ids: set[UUID]) -> dict[UUID, Participant]:
    question = select(Participant).where(Participant.agency_id == db.scope.agency_id, Participant.id.in_(ids))
    return {one.id: one for one in await db.scalars(question)}


def _self_intake(row: SelfIntake, answers: OwnAnswers, known: dict[str, Any]) -> SelfIntakeEntry:
    said: dict[str, Any] = answers.given | dict.fromkeys(answers.removed)
    plain = {name: getattr(row, name) for name in SelfIntakeEntry.model_fields if name not in ("said", "declined")}
    return SelfIntakeEntry.model_validate(
        plain
        | {
            "said": [{"field": name, "known": known.get(name), "said": said[name]} for name in _in_order(said)],
            "declined": answers.declined,
        }
    )


def _in_order(said: dict[str, Any]) -> Sequence[IdentityField]:
    return [name for name in OWN_FIELDS if name in said]


async def waiting(db: Db, actor: Actor, after: Cursor | None, limit: int) -> WaitingPage:
    """Return what waits for somebody, of everybody within reach; ids only."""
    now, row = await recording(db), SelfIntake
    question = select(row).where(
        row.agency_id == db.scope.agency_id,
        row.status == SelfIntakeStatus.WAITING,
        within_reach(actor, now.today, row.participant_id),
    )
    if after:
        question = question.where(row.id > after.id)
    rows = (await db.scalars(question.order_by(row.id).limit(limit + 1))).all()
    more = encode_cursor(rows[limit - 1].id, rows[limit - 1].id) if len(rows) > limit else None
    return WaitingPage(
        items=[WaitingEntry.model_validate(one, from_attributes=True) for one in rows[:limit]], next=more
    )
