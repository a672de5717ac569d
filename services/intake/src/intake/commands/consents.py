"""Recording a signed consent in one call (42 CFR 2.31), how consents stand, and what is told of them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, func, or_, select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import ConsentStatus, ConsentType
from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import reach_unmerged
from intake.commands.consent_signers import require_own_name
from intake.commands.recording import Recording, recording
from intake.models import Consent, ConsentMove, ConsentRecipient, Episode, Participant
from intake.rules.consent_faults import ConsentFault, consent_faults
from intake.rules.consent_states import (
    ConsentEvent,
    ConsentStanding,
    ConsentState,
    RecipientState,
    standing,
)
from intake.rules.consent_words import consent_words, unknown_statements, words_sha256
from intake.rules.consents import ConsentTerms, Digest, ExpiryKind, Fault
from intake.rules.statements import Language

TERMS = "consent.terms"
WORDS = "consent.words"
SIGNATURE = "consent.signature"
ENDED_BY_EVENT = (ExpiryKind.EVENT, ExpiryKind.END_OF_STUDY)
FACT = {ConsentEvent.SIGN: facts.CONSENT_SIGNED, ConsentEvent.REVOKE_WRITTEN: facts.CONSENT_REVOKED}


class SignConsent(ConsentTerms):
    participant_id: UUID
    language: Language = "en"
    words_sha256: Digest | None = Field(default=None, description="of the words that the person read, if they did")


def place_consent(
    db: Db,
    recording: Recording,
    sealer: Sealer,
    participant_id: UUID,
    terms: ConsentTerms,
    *,
    language: Language = "en",
    deceased_on: date | None = None,
) -> Consent:
    """Record a signed consent with its words. Raises `Refused` (422), one pointer per missing element."""
    faults = consent_faults(terms, now=recording.now, zone=recording.zone, deceased_on=deceased_on)
    if faults or terms.signed_at is None or terms.signature is None:
        raise incomplete(faults)
    words = consent_words(terms, language)
    consent = Consent(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        state=ConsentState.SIGNED,
        language=language,
        words=sealer.seal(WORDS, words),
        words_sha256=words_sha256(words),
        signature=sealer.seal(SIGNATURE, terms.signature.model_dump(mode="json")),
        signature_method=terms.signature.method,
        source_system=recording.source_system,
        recorded_by=None if recording.imported else db.scope.actor_id,
        recorded_at=recording.now,
        version=1,
        **columns_of(sealer, terms),
    )
    db.add(consent)
    place_recipients(db, consent, terms, recording.now)
    note(db, consent, ConsentEvent.SIGN, None, at=recording.now)
    tell(db, consent, ConsentEvent.SIGN, recipients=len(terms.recipients))
    return consent


def columns_of(sealer: Sealer, terms: ConsentTerms) -> dict[str, object]:
    """Return the columns that follow from the terms: sealed as a whole, days and codes beside them."""
    return {
        "consent_type": terms.consent_type,
        "terms": sealer.seal(TERMS, terms.model_dump(mode="json", include=set(ConsentTerms.model_fields))),
        "starts_on": terms.starts_on,
        "expires_on": terms.expiry.on if terms.expiry else None,
        "revocable_from": terms.revocable_from.on if terms.revocable_from else None,
        "signed_at": terms.signed_at,
    }


def faulty(code: str, detail: str, faults: Iterable[Fault], *, status: int = 422) -> Refused:
    """Return the refusal that points to each fault."""
    fields = [{"pointer": f"/{where}", "detail": sentence} for where, sentence in faults]
    return Refused(code, detail, status=status, fields=fields)


def incomplete(faults: Sequence[ConsentFault]) -> Refused:
    """Return the refusal of what a consent lacks: under its own code if it is one thing."""
    fields = [{"pointer": f"/{one.where}", "detail": one.sentence, "code": one.code} for one in faults]
    if len(faults) == 1:
        return Refused(faults[0].code, faults[0].sentence, status=422, fields=fields)
    detail = "A consent needs every element of 42 CFR 2.31. See `errors`."
    return Refused("consent-incomplete", detail, status=422, fields=fields)


def place_recipients(db: Db, consent: Consent, terms: ConsentTerms, at: datetime) -> list[ConsentRecipient]:
    """Write how each recipient of a consent that is signed stands."""
    rows = [
        ConsentRecipient(
            agency_id=consent.agency_id,
            id=uuid7(),
            participant_id=consent.participant_id,
            consent_id=consent.id,
            place=place,
            party_id=recipient.party_id,
            state=RecipientState.ACTIVE,
            changed_at=at,
        )
        for place, recipient in enumerate(terms.recipients)
    ]
    db.add_all(rows)
    return rows


def note(
    db: Db,
    consent: Consent,
    event: ConsentEvent,
    from_state: str | None,
    *,
    at: datetime,
    place: int | None = None,
    capacity: str | None = None,
    reason: str | None = None,
    words: bytes | None = None,
    evidence: str | None = None,
) -> None:
    """Write what happened to a consent, beside the version that it has now."""
    db.add(
        ConsentMove(
            agency_id=consent.agency_id,
            id=uuid7(),
            participant_id=consent.participant_id,
            consent_id=consent.id,
            version=consent.version,
            event=event,
            from_state=from_state,
            to_state=consent.state,
            recipient_place=place,
            capacity=capacity,
            reason=reason,
            words=words,
            evidence_sha256=evidence,
            at=at,
            by=db.scope.actor_id,
        )
    )


def tell(
    db: Db,
    consent: Consent,
    event: ConsentEvent,
    *,
    recipients: int,
    closed: Sequence[int] = (),
    ended: bool = False,
) -> None:
    """Publish how a signed consent stands. `closed`: the places of recipients that are revoked or suspended."""
    assert consent.signed_at is not None  # nothing is told before the signature
    state = facts.ConsentFacts(
        consent_id=consent.id,
        participant_id=consent.participant_id,
        consent_type=ConsentType(consent.consent_type),
        status=ConsentStatus.ACTIVE if consent.state == ConsentState.SIGNED else ConsentStatus(consent.state),
        signed_at=consent.signed_at,
        starts_on=consent.starts_on,
        expires_on=consent.expires_on,
        revoked_at=consent.revoked_at,
        recipients=recipients,
        revoked_recipients=list(closed),
        ended=ended,
    )
    db.publish(FACT.get(event, facts.CONSENT_CHANGED), state, about=consent.id, seq=consent.version)


async def sign_consent(db: Db, keys: KeyRing, actor: Actor, request: SignConsent) -> Created:
    now = await recording(db)
    await reach_unmerged(db, actor, request.participant_id, now)
    if unknown := statement_faults(request):
        raise incomplete(unknown)
    sealer = await keys.sealer(db, db.scope.agency_id, request.participant_id)
    died = await deceased_on(db, request.participant_id)
    await require_own_name(db, sealer, request.participant_id, request)
    consent = place_consent(
        db, now, sealer, request.participant_id, request, language=request.language, deceased_on=died
    )
    if request.words_sha256 not in (None, consent.words_sha256):
        raise words_differ()
    db.audit("consent.sign", request.participant_id, consent_id=consent.id)
    return Created(id=consent.id, version=1)


def statement_faults(terms: ConsentTerms) -> list[ConsentFault]:
    """Return a fault for each statement that is named and was never shown to anybody: there is no such text."""
    sentence = "Take one of GET /v1/statements, of the kind that this element needs."
    return [ConsentFault("consent-statement-unknown", name, sentence) for name in unknown_statements(terms)]


def words_differ() -> Refused:
    detail = "These are not the words that the person is to sign. Read them again, and have them read."
    return Unprocessable("consent-words-differ", detail, "/words_sha256")


def open_terms(sealer: Sealer, consent: Consent) -> ConsentTerms:
    return ConsentTerms.model_validate(sealer.open(TERMS, consent.terms))


async def standing_at(db: Db, consent: Consent, terms: ConsentTerms, on: date) -> ConsentStanding:
    """Return how a consent stands on a day of the agency's zone."""
    return standing(
        ConsentState(consent.state),
        starts_on=consent.starts_on,
        expires_on=consent.expires_on,
        over=await is_over(db, consent, terms),
        on=on,
    )


async def is_over(db: Db, consent: Consent, terms: ConsentTerms) -> bool:
    """Tell whether what a consent was to end with has happened."""
    if terms.expiry and terms.expiry.kind is ExpiryKind.END_OF_TREATMENT:
        return await treatment_ended(db, consent.participant_id)
    return event_happened(consent, terms)


def event_happened(consent: Consent, terms: ConsentTerms) -> bool:
    """Tell whether the event, or the study, that a consent ends with is recorded as over."""
    return terms.expiry is not None and terms.expiry.kind in ENDED_BY_EVENT and consent.expires_on is not None


async def recipients_of(db: Db, consent: Consent) -> Sequence[ConsentRecipient]:
    """Return how each recipient stands, by place; none for a consent of an earlier release: all stand as it does."""
    question = select(ConsentRecipient).where(
        ConsentRecipient.agency_id == db.scope.agency_id, ConsentRecipient.consent_id == consent.id
    )
    return (await db.scalars(question.order_by(ConsentRecipient.place))).all()


async def treatment_ended(db: Db, participant_id: UUID) -> bool:
    """Tell whether the person had episodes, under any record of theirs, and every one of them is closed."""
    question = select(func.count(), func.count(Episode.closed_on)).where(
        Episode.agency_id == db.scope.agency_id, Episode.participant_id.in_(_records_of(db, participant_id))
    )
    opened, closed = (await db.execute(question)).one()
    return bool(opened) and opened == closed


async def deceased_on(db: Db, participant_id: UUID) -> date | None:
    """Return the day that somebody is recorded to have died on, under any record of theirs."""
    question = select(func.min(Episode.deceased_on)).where(
        Episode.agency_id == db.scope.agency_id, Episode.participant_id.in_(_records_of(db, participant_id))
    )
    died: date | None = await db.scalar(question)
    return died


def _records_of(db: Db, participant_id: UUID) -> Select[UUID]:
    """Return the ids of the records that were merged into one with this one, itself too."""
    survivor = (
        select(func.coalesce(Participant.merged_into, Participant.id))
        .where(Participant.agency_id == db.scope.agency_id, Participant.id == participant_id)
        .scalar_subquery()
    )
    return select(Participant.id).where(
        Participant.agency_id == db.scope.agency_id,
        or_(Participant.id == survivor, Participant.merged_into == survivor),
    )
