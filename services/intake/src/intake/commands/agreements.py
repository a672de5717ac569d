"""Recording written agreements with parties outside, and their end."""

from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import AgreementKind
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day
from intake.commands.parties import standing_party
from intake.commands.recording import recording
from intake.models import Agreement
from intake.rules.agreements import AgreementEnd, AgreementTerms, agreement_lacks


class RecordAgreement(AgreementTerms):
    party_id: UUID


class EndAgreement(Asked):
    reason: AgreementEnd
    ended_on: Day | None = Field(default=None, description="from this day on it is not live; today if not given")


async def record_agreement(db: Db, actor: Actor, request: RecordAgreement) -> Created:
    """Record an agreement. Raises `Refused` (422) by the first element that its kind lacks, with a pointer for each."""
    now = await recording(db)
    party = await standing_party(db, request.party_id)
    if lacks := agreement_lacks(request):
        fields = [{"pointer": f"/{lack.where}", "detail": lack.sentence} for lack in lacks]
        raise Refused(lacks[0].code, lacks[0].sentence, status=422, fields=fields)
    agreement = Agreement(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        recorded_at=now.now,
        recorded_by=actor.staff_id,
        version=1,
        **request.model_dump(mode="python"),
    )
    db.add(agreement)
    _tell(db, facts.AGREEMENT_RECORDED, agreement)
    db.audit("agreement.record", None, agreement_id=agreement.id, party_id=party.id)
    return Created(id=agreement.id, version=1)


async def end_agreement(db: Db, agreement_id: UUID, request: EndAgreement, expected: int) -> Created:
    """End an agreement before its last day; nothing rests on it from that day on, the day itself included."""
    now = await recording(db)
    question = select(Agreement).where(Agreement.agency_id == db.scope.agency_id, Agreement.id == agreement_id)
    agreement: Agreement | None = await db.scalar(question.with_for_update())
    if agreement is None:
        raise NotThere
    require_version(agreement.version, expected)
    if agreement.ended_on is not None:
        raise Refused("agreement-ended-already", "This agreement has ended already; nothing needs to be done.")
    ended_on = request.ended_on or now.today
    now.require_past(ended_on, "/ended_on")
    if ended_on < min(agreement.valid_from, now.today):
        raise Unprocessable("ends-before-it-starts", "The agreement had not begun on this day.", "/ended_on")
    agreement.ended_on = ended_on
    agreement.end_reason = request.reason
    agreement.version += 1
    _tell(db, facts.AGREEMENT_CHANGED, agreement)
    db.audit("agreement.end", None, agreement_id=agreement.id, party_id=agreement.party_id)
    return Created(id=agreement.id, version=agreement.version)


def _tell(db: Db, fact: Fact, agreement: Agreement) -> None:
    state = facts.AgreementFacts(
        agreement_id=agreement.id,
        kind=AgreementKind(agreement.kind),
        valid_from=agreement.valid_from,
        valid_to=agreement.valid_to,
        ended_on=agreement.ended_on,
    )
    db.publish(fact, state, about=agreement.id, seq=agreement.version)
