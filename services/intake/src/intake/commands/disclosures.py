"""Disclosing outside the program, each with a row in the accounting (42 CFR 2.25)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import DisclosureBasis
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Instant
from intake.commands.access import reach_participant
from intake.commands.consents import faulty, open_terms
from intake.commands.recording import Recording, clock, recording
from intake.models import Consent, Disclosure, Episode
from intake.rules.consents import consent_standing
from intake.rules.disclosures import ConsentAtHand, DisclosureTerms, disclosure_faults

DETAILS = "disclosure.details"


class MakeDisclosure(DisclosureTerms):
    participant_id: UUID


class PastDisclosure(DisclosureTerms):
    """A disclosure that another system accounts for; with basis `consent` it rests on the row's own consent."""

    made_at: Instant


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
    disclosure = _place(db, sealer, request.participant_id, request, made_at=made_at)
    return Created(id=disclosure.id, version=1)


def place_past_disclosure(
    db: Db, now: Recording, sealer: Sealer, participant_id: UUID, past: PastDisclosure, rests_on: Consent | None
) -> None:
    """Record another system's disclosure with its original time, valid or not: history is not made better."""
    made_at = now.stated(past.made_at, "/made_at")
    by_consent = past.basis is DisclosureBasis.CONSENT
    if by_consent and rests_on is None:
        raise Unprocessable("consent-missing", "The row holds no consent that this could rest on.", "/basis")
    terms = DisclosureTerms.model_construct(
        **past.model_dump(exclude={"made_at", "consent_id", "recipient"}),
        recipient=past.recipient,
        consent_id=rests_on.id if by_consent and rests_on else None,
    )
    at_hand = _past_consent(sealer, rests_on, made_at, now.day(made_at)) if rests_on else None
    valid = not disclosure_faults(terms, at_hand)
    _place(db, sealer, participant_id, terms, made_at=made_at, basis_valid=valid, source_system=now.source_system)


def _past_consent(sealer: Sealer, consent: Consent, made_at: datetime, on: date) -> ConsentAtHand | None:
    """Return the consent as it stood at a past instant; nothing if it was signed only later."""
    if consent.signed_at > made_at:
        return None
    terms = open_terms(sealer, consent)
    standing = consent_standing(terms.expiry, revoked_at=None, treatment_ended=False, on=on)
    return ConsentAtHand(terms, standing)


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


def _place(
    db: Db,
    sealer: Sealer,
    participant_id: UUID,
    terms: DisclosureTerms,
    *,
    made_at: datetime,
    basis_valid: bool = True,
    source_system: str | None = None,
) -> Disclosure:
    details = terms.model_dump(mode="json", include={"recipient", "description"})
    disclosure = Disclosure(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        details=sealer.seal(DETAILS, details),
        basis_valid=basis_valid,
        made_at=made_at,
        made_by=None if source_system else db.scope.actor_id,
        source_system=source_system,
        **terms.model_dump(exclude={"participant_id", "recipient", "description"}),
    )
    db.add(disclosure)
    db.publish(
        facts.DISCLOSURE_MADE,
        facts.DisclosureFacts(
            disclosure_id=disclosure.id,
            participant_id=participant_id,
            basis=terms.basis,
            consent_id=terms.consent_id,
            basis_valid=basis_valid,
            made_at=made_at,
        ),
        about=disclosure.id,
        seq=1,
    )
    if source_system is None:
        db.audit("disclosure.make", participant_id, disclosure_id=disclosure.id, basis=terms.basis)
    return disclosure
