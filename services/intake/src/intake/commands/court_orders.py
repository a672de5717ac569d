"""Recording what a court permits and what a subpoena compels, and counsel's signature under both together."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Day, Distinct, Line
from intake.commands.access import reach, reach_unmerged
from intake.commands.parties import standing_party
from intake.commands.recording import Recording, clock, recording, require_order
from intake.models import CourtOrder
from intake.rules.bases import (
    AGAINST_PATIENT,
    CourtSection,
    Finding,
    OrderAtHand,
    findings_of,
    lacks_but_signature,
)
from intake.rules.consents import InformationCategory

DETAILS = "court_order.details"
SEALED = {"court", "order_reference", "recipient_name"}


class OrderEnd(StrEnum):
    COMPLIED_WITH = "complied_with"
    WITHDRAWN = "withdrawn"
    SET_ASIDE = "set_aside"
    REPLACED = "replaced"
    RECORDED_IN_ERROR = "recorded_in_error"


class RecordOrder(Asked):
    """An order as it reads, complete or not; what it lacks is answered when it is read, and stops every disclosure."""

    section: CourtSection
    court: Line
    order_reference: Line
    party_id: UUID | None = Field(default=None, description="to whom it permits to disclose, or `recipient_name`")
    recipient_name: Line | None = None
    findings: Annotated[list[Finding], Distinct] = Field(default=[], max_length=20)
    notice_given: bool = Field(description="whoever the section asks to be told was told")
    categories: Annotated[list[InformationCategory], Distinct] = Field(default=[], max_length=20)
    names_counseling_notes: bool = False
    confidential_communications: bool = Field(
        default=False, description="it reaches what the person said in confidence (42 CFR 2.63)"
    )
    against_patient: bool = Field(description="for use in a proceeding against the person")
    issued_on: Day
    expires_on: Day | None = Field(default=None, description="last day")


class OrderDetails(BaseModel):
    """What is sealed of an order and its subpoena."""

    court: str
    order_reference: str
    recipient_name: str | None = None
    subpoena_reference: str | None = None


class RecordNotice(Asked):
    """Whoever the order's section asks to be told has been told by now."""


class RecordSubpoena(Asked):
    reference: Line
    issued_on: Day


class SignOrder(Asked):
    """Counsel has read the order and the subpoena and finds both sufficient."""


class EndOrder(Asked):
    reason: OrderEnd


async def record_order(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: RecordOrder) -> Created:
    now = await recording(db)
    await reach_unmerged(db, actor, participant_id, now)
    _require_sense(now, request)
    if request.party_id is not None:
        await standing_party(db, request.party_id)
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    order = CourtOrder(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        details=sealer.seal(DETAILS, request.model_dump(mode="json", include=SEALED)),
        recorded_at=now.now,
        recorded_by=actor.staff_id,
        version=1,
        **request.model_dump(mode="python", exclude=SEALED),
    )
    db.add(order)
    db.audit("court-order.record", participant_id, court_order_id=order.id)
    return Created(id=order.id, version=1)


def _require_sense(now: Recording, request: RecordOrder) -> None:
    now.require_past(request.issued_on, "/issued_on")
    require_order(request.issued_on, request.expires_on, "/expires_on")
    if (request.party_id is None) == (request.recipient_name is None):
        raise Unprocessable("one-recipient", "Give the recipient's party or name: one of them.", "/party_id")
    if not findings_of(request.section).issuperset(request.findings):
        raise Unprocessable(
            "finding-not-of-its-section", "An order under this section makes no such finding. Read it.", "/findings"
        )
    if request.against_patient and request.section not in AGAINST_PATIENT:
        raise Unprocessable(
            "not-against-the-person",
            "An order under this section opens nothing for use against the person. Ask counsel.",
            "/against_patient",
        )


async def record_notice(db: Db, actor: Actor, order_id: UUID, expected: int) -> Created:
    order, _ = await _running(db, actor, order_id, expected)
    if order.notice_given:
        raise Refused("notice-recorded-already", "The notice is recorded already; nothing needs to be done.")
    order.notice_given = True
    return _changed(db, order, "court-order.notice")


async def record_subpoena(
    db: Db, keys: KeyRing, actor: Actor, order_id: UUID, request: RecordSubpoena, *, expected: int
) -> Created:
    """Record the subpoena beside an order; counsel signs both, so a signature from before another one falls away."""
    order, now = await _running(db, actor, order_id, expected)
    now.require_past(request.issued_on, "/issued_on")
    sealer = await keys.sealer(db, db.scope.agency_id, order.participant_id)
    details = open_details(sealer, order).model_copy(update={"subpoena_reference": request.reference})
    order.details = sealer.seal(DETAILS, details.model_dump(mode="json"))
    order.subpoena_on, order.subpoena_by = request.issued_on, actor.staff_id
    order.counsel_signed_at = order.counsel_signed_by = None
    return _changed(db, order, "court-order.subpoena")


async def sign_order(db: Db, actor: Actor, order_id: UUID, expected: int) -> Created:
    """Sign for counsel. Raises `Refused` for whoever recorded the order or the subpoena, and while anything lacks."""
    order, now = await _running(db, actor, order_id, expected)
    if actor.staff_id in (order.recorded_by, order.subpoena_by):
        raise Refused("signed-by-recorder", "Somebody else than who recorded the order or the subpoena has to sign it.")
    if order.counsel_signed_at is not None:
        raise Refused("order-signed-already", "Counsel's signature is recorded already; nothing needs to be done.")
    if lacks := lacks_but_signature(order_at_hand(order), on=now.today):
        fields = [{"pointer": f"/lacking/{place}", "detail": lack.value} for place, lack in enumerate(lacks)]
        raise Refused("order-incomplete", "There is not enough to sign yet. See `errors`.", fields=fields)
    at = await clock(db)
    order.counsel_signed_at, order.counsel_signed_by = at, actor.staff_id
    return _changed(db, order, "court-order.sign")


async def end_order(db: Db, actor: Actor, order_id: UUID, request: EndOrder, expected: int) -> Created:
    order, now = await _running(db, actor, order_id, expected)
    order.ended_on, order.end_reason = now.today, request.reason
    return _changed(db, order, "court-order.end")


async def _running(db: Db, actor: Actor, order_id: UUID, expected: int) -> tuple[CourtOrder, Recording]:
    """Return an order that has not been ended, locked."""
    now = await recording(db)
    order = await reach(db, actor, CourtOrder, order_id, now, lock=True)
    require_version(order.version, expected)
    if order.ended_on is not None:
        raise Refused("order-ended", "This order was ended. Record the new one, if there is one.")
    return order, now


def _changed(db: Db, order: CourtOrder, action: str) -> Created:
    order.version += 1
    db.audit(action, order.participant_id, court_order_id=order.id)
    return Created(id=order.id, version=order.version)


def open_details(sealer: Sealer, order: CourtOrder) -> OrderDetails:
    return OrderDetails.model_validate(sealer.open(DETAILS, order.details))


def order_at_hand(order: CourtOrder) -> OrderAtHand:
    """Return what the rules ask about a recorded order."""
    return OrderAtHand(
        section=CourtSection(order.section),
        findings=[Finding(one) for one in order.findings],
        notice_given=order.notice_given,
        categories=[InformationCategory(one) for one in order.categories],
        names_counseling_notes=order.names_counseling_notes,
        confidential_communications=order.confidential_communications,
        against_patient=order.against_patient,
        issued_on=order.issued_on,
        expires_on=order.expires_on,
        subpoena_on=order.subpoena_on,
        counsel_signed=order.counsel_signed_at is not None,
        ended_on=order.ended_on,
    )
