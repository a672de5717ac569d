"""Disclosing outside the program, each with a row in the accounting (42 CFR 2.25)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.database import Db
from common.errors import NotThere
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import reach_participant
from intake.commands.consents import faulty, open_terms
from intake.commands.recording import clock, recording
from intake.models import Consent, Disclosure, Episode
from intake.rules.consents import consent_standing
from intake.rules.disclosures import ConsentAtHand, DisclosureTerms, disclosure_faults

DETAILS = "disclosure.details"


class MakeDisclosure(DisclosureTerms):
    participant_id: UUID


async def disclose(db: Db, keys: KeyRing, actor: Actor, request: MakeDisclosure) -> Created:
    """Record a disclosure that may happen. Raises `Refused` (409) with a pointer per reason why it may not.

    The consent's row stays locked to the end, and the clock is read after the lock: a revocation comes wholly before
    this disclosure, which then is refused, or wholly after it.
    """
    now = await recording(db)
    await reach_participant(db, actor, request.participant_id, now)
    sealer = await keys.sealer(db, db.scope.agency_id, request.participant_id)
    consent = await _locked_consent(db, request)
    made_at = await clock(db)
    at_hand = await _at_hand(db, sealer, consent, now.day(made_at)) if consent else None
    if faults := disclosure_faults(request, at_hand):
        raise faulty("disclosure-not-allowed", "This may not be disclosed. See `errors`.", faults, status=409)
    return _write(db, sealer, request, made_at)


async def _locked_consent(db: Db, request: MakeDisclosure) -> Consent | None:
    if request.consent_id is None:
        return None
    consent = await db.scalar(
        select(Consent)
        .where(
            Consent.agency_id == db.scope.agency_id,
            Consent.id == request.consent_id,
            Consent.participant_id == request.participant_id,
        )
        .with_for_update(read=True)
    )
    if consent is None:
        raise NotThere
    return consent


async def _at_hand(db: Db, sealer: Sealer, consent: Consent, on: date) -> ConsentAtHand:
    terms = open_terms(sealer, consent)
    ended = await treatment_ended(db, consent.participant_id)
    standing = consent_standing(terms.expiry, revoked_at=consent.revoked_at, treatment_ended=ended, on=on)
    return ConsentAtHand(terms, standing)


async def treatment_ended(db: Db, participant_id: UUID) -> bool:
    """Tell whether the person had episodes and every one of them is closed."""
    question = select(func.count(), func.count(Episode.closed_on)).where(
        Episode.agency_id == db.scope.agency_id, Episode.participant_id == participant_id
    )
    opened, closed = (await db.execute(question)).one()
    return bool(opened) and opened == closed


def _write(db: Db, sealer: Sealer, request: MakeDisclosure, made_at: datetime) -> Created:
    details = request.model_dump(mode="json", include={"recipient", "description"})
    disclosure = Disclosure(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        details=sealer.seal(DETAILS, details),
        made_at=made_at,
        made_by=db.scope.actor_id,
        **request.model_dump(exclude={"recipient", "description"}),
    )
    db.add(disclosure)
    db.publish(
        facts.DISCLOSURE_MADE,
        facts.DisclosureFacts(
            disclosure_id=disclosure.id,
            participant_id=request.participant_id,
            basis=request.basis,
            consent_id=request.consent_id,
            basis_valid=True,
            made_at=made_at,
        ),
        about=disclosure.id,
        seq=1,
    )
    db.audit("disclosure.make", request.participant_id, disclosure_id=disclosure.id, basis=request.basis)
    return Created(id=disclosure.id, version=1)
