"""Taking down what is demanded by subpoena, warrant or word, for counsel; nothing is ever disclosed on it."""

from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Day, Instant, Line, Prose
from intake.commands.recording import recording
from intake.models import LegalDemand
from intake.rules.legal_demands import NEUTRAL_REPLY, DemandKind, DemandOutcome, DemandState

WORDS = "legal_demand.words"


class RecordDemand(Asked):
    """What was demanded, in the words of whoever took it down. It names no record here, known or not."""

    kind: DemandKind
    words: Prose = Field(description="who demands what about whom, with every reference")
    received_from: Line | None = None
    received_at: Instant | None = None
    answer_due_on: Day | None = None


class DemandWords(BaseModel):
    """What is sealed of a demand."""

    words: str
    received_from: str | None = None
    closing_words: str | None = None


class NeutralReply(BaseModel):
    """What anybody who asks about anybody is told; it neither confirms nor denies."""

    en: str = NEUTRAL_REPLY["en"]
    es: str = NEUTRAL_REPLY["es"]


class DemandTaken(Created):
    """A demand for counsel, and what to answer meanwhile."""

    reply: NeutralReply


class CloseDemand(Asked):
    outcome: DemandOutcome
    words: Prose | None = None


async def record_demand(db: Db, keys: KeyRing, actor: Actor, request: RecordDemand) -> DemandTaken:
    """Take a demand down for counsel. What is answered depends on nothing but the demand."""
    now = await recording(db)
    demand_id = uuid7()
    sealer = await keys.sealer(db, db.scope.agency_id, demand_id)
    words = DemandWords(words=request.words, received_from=request.received_from)
    demand = LegalDemand(
        agency_id=db.scope.agency_id,
        id=demand_id,
        kind=request.kind,
        state=DemandState.OPEN,
        words=sealer.seal(WORDS, words.model_dump(mode="json")),
        received_at=now.stated(request.received_at, "/received_at"),
        received_by=actor.staff_id,
        answer_due_on=request.answer_due_on,
        recorded_at=now.now,
        version=1,
    )
    db.add(demand)
    db.audit("legal-demand.record", None, legal_demand_id=demand.id, kind=request.kind)
    return DemandTaken(id=demand.id, version=1, reply=NeutralReply())


async def close_demand(
    db: Db, keys: KeyRing, actor: Actor, demand_id: UUID, request: CloseDemand, *, expected: int
) -> Created:
    now = await recording(db)
    question = select(LegalDemand).where(LegalDemand.agency_id == db.scope.agency_id, LegalDemand.id == demand_id)
    demand: LegalDemand | None = await db.scalar(question.with_for_update())
    if demand is None:
        raise NotThere
    require_version(demand.version, expected)
    if demand.state == DemandState.CLOSED:
        raise Refused("demand-closed-already", "This demand is closed already; nothing needs to be done.")
    sealer = await keys.sealer(db, db.scope.agency_id, demand.id)
    said = open_demand(sealer, demand).model_copy(update={"closing_words": request.words})
    demand.words = sealer.seal(WORDS, said.model_dump(mode="json"))
    demand.state, demand.outcome = DemandState.CLOSED, request.outcome
    demand.closed_at, demand.closed_by = now.now, actor.staff_id
    demand.version += 1
    db.audit("legal-demand.close", None, legal_demand_id=demand.id, outcome=request.outcome)
    return Created(id=demand.id, version=demand.version)


def open_demand(sealer: Sealer, demand: LegalDemand) -> DemandWords:
    return DemandWords.model_validate(sealer.open(WORDS, demand.words))
