"""Signing and revoking a consent (42 CFR 2.31)."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import Field
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import ConsentStatus, ConsentType
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked
from intake.commands.access import reach, reach_unmerged
from intake.commands.recording import Recording, clock, recording
from intake.models import Consent
from intake.rules.consents import ConsentTerms, Digest, Fault, SignerCapacity, consent_faults

TERMS = "consent.terms"


class SignConsent(ConsentTerms):
    participant_id: UUID


class RevokeConsent(Asked):
    """Who asked in writing that a consent ends."""

    capacity: SignerCapacity = SignerCapacity.PATIENT
    evidence_sha256: Digest | None = Field(default=None, description="of the written request")


def place_consent(db: Db, recording: Recording, sealer: Sealer, participant_id: UUID, terms: ConsentTerms) -> Consent:
    """Record a signed consent. Raises `Refused` (422), one pointer per missing element."""
    faults = consent_faults(terms, now=recording.now, zone=recording.zone)
    if faults or terms.signed_at is None:
        raise faulty("consent-incomplete", "A consent needs every element of 42 CFR 2.31. See `errors`.", faults)
    consent = Consent(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        consent_type=terms.consent_type,
        terms=sealer.seal(TERMS, terms.model_dump(mode="json", include=set(ConsentTerms.model_fields))),
        expires_on=terms.expiry.on if terms.expiry else None,
        signed_at=terms.signed_at,
        source_system=recording.source_system,
        recorded_at=recording.now,
        version=1,
    )
    db.add(consent)
    _tell(db, facts.CONSENT_SIGNED, consent)
    return consent


def faulty(code: str, detail: str, faults: Iterable[Fault], *, status: int = 422) -> Refused:
    """Return the refusal that points to each fault."""
    fields = [{"pointer": f"/{where}", "detail": sentence} for where, sentence in faults]
    return Refused(code, detail, status=status, fields=fields)


def _tell(db: Db, fact: Fact, consent: Consent) -> None:
    state = facts.ConsentFacts(
        consent_id=consent.id,
        participant_id=consent.participant_id,
        consent_type=ConsentType(consent.consent_type),
        status=ConsentStatus.REVOKED if consent.revoked_at else ConsentStatus.ACTIVE,
        signed_at=consent.signed_at,
        expires_on=consent.expires_on,
        revoked_at=consent.revoked_at,
    )
    db.publish(fact, state, about=consent.id, seq=consent.version)


async def sign_consent(db: Db, keys: KeyRing, actor: Actor, request: SignConsent) -> Created:
    now = await recording(db)
    await reach_unmerged(db, actor, request.participant_id, now)
    sealer = await keys.sealer(db, db.scope.agency_id, request.participant_id)
    consent = place_consent(db, now, sealer, request.participant_id, request)
    db.audit("consent.sign", request.participant_id, consent_id=consent.id)
    return Created(id=consent.id, version=1)


async def revoke_consent(db: Db, actor: Actor, consent_id: UUID, request: RevokeConsent, expected: int) -> Created:
    """End a consent, an expired one too. The clock is read under the row's lock: no disclosure is later than it."""
    consent = await reach(db, actor, Consent, consent_id, await recording(db), lock=True)
    require_version(consent.version, expected)
    if consent.revoked_at is not None:
        raise Refused("revoked-already", "This consent is revoked already; nothing needs to be done.")
    consent.revoked_at = await clock(db)
    consent.revoker_capacity = request.capacity
    consent.revocation_evidence = request.evidence_sha256
    consent.version += 1
    _tell(db, facts.CONSENT_REVOKED, consent)
    db.audit("consent.revoke", consent.participant_id, consent_id=consent.id)
    return Created(id=consent.id, version=consent.version)


def open_terms(sealer: Sealer, consent: Consent) -> ConsentTerms:
    return ConsentTerms.model_validate(sealer.open(TERMS, consent.terms))
