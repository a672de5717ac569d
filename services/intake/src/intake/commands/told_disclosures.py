"""Disclosures that other services tell of: somebody was spoken with, an auditor or a payer was shown who is served.

They happened; so they are accounted for whether or not their basis held at that instant, and the row says which.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from common.contracts.codes import DisclosureBasis, RecordOrigin
from common.contracts.envelope import IdentityReleaseFacts
from common.contracts.session_logging import ClaimReleaseFacts, CollateralFacts
from common.database import Db
from common.errors import NotThere
from common.privacy import KeyRing
from intake.commands.consents import is_over, open_terms, recipients_of
from intake.commands.disclosures import Told, keep_told, row_told
from intake.commands.recording import Recording, recording
from intake.models import Agreement, Consent, ConsentMove, ConsentRecipient, Disclosure, Participant, Party
from intake.rules.agreements import agreement_is_live
from intake.rules.consent_states import ConsentEvent, ConsentState, RecipientState, standing
from intake.rules.consents import ConsentStanding, ConsentTerms, InformationCategory, Purpose, Recipient
from intake.rules.disclosures import Channel, DisclosedTo, DisclosureTerms, OutboundPath

SESSIONS = "session-logging"


@dataclass(frozen=True, slots=True)
class ToldDisclosure:
    """What left the program elsewhere, at the instant and on the basis that were stated."""

    participant_id: UUID
    wish: DisclosureTerms
    path: OutboundPath
    basis_valid: bool
    made_at: datetime
    made_by: UUID
    consent: Consent | None = None
    recipient_place: int | None = None


async def on_collateral_contact(db: Db, keys: KeyRing, contact: CollateralFacts) -> None:
    """Account for a conversation outside about a person, on the consent that names whom with."""
    told = Told(SESSIONS, contact.contact_id)
    if await _accounted(db, told, contact.participant_id):
        return
    consent = await db.get(Consent, (db.scope.agency_id, contact.consent_id))
    if consent is None:
        raise NotThere
    terms = open_terms(await keys.sealer(db, db.scope.agency_id, consent.participant_id), consent)
    now = await recording(db)
    recipient = next(iter(terms.recipients[contact.recipient_place :]), None)
    spoken = ToldDisclosure(
        participant_id=contact.participant_id,
        wish=_spoken(contact, terms, recipient),
        path=OutboundPath.COLLATERAL_CONTACT,
        basis_valid=recipient is not None and await _held(db, consent, terms, contact, now),
        made_at=contact.contacted_at,
        made_by=contact.staff_id,
        consent=consent,
        recipient_place=contact.recipient_place,
    )
    await _place(db, keys, spoken, told)


def _spoken(contact: CollateralFacts, terms: ConsentTerms, recipient: Recipient | None) -> DisclosureTerms:
    """Return what a contact told at least: that the person is served here, to whom the consent names."""
    named = DisclosedTo.model_construct(
        name=recipient.name if recipient else None,
        recipient_class=recipient.recipient_class if recipient else None,
        party_id=recipient.party_id if recipient else None,
    )
    status = InformationCategory.SUBSTANCE_USE_DISORDER
    return DisclosureTerms.model_construct(
        basis=DisclosureBasis.CONSENT,
        consent_id=contact.consent_id,
        recipient=named,
        purpose=next(iter(terms.purposes), Purpose.CARE_COORDINATION),
        categories=[status] if status in terms.categories else terms.categories[:1],
        description=f"Spoken with: {contact.role.value.replace('_', ' ')}.",
    )


async def _held(db: Db, consent: Consent, terms: ConsentTerms, contact: CollateralFacts, now: Recording) -> bool:
    """Tell whether the consent held for the recipient at the instant of the contact."""
    at = contact.contacted_at
    if not await _stood(db, consent, terms, at, now):
        return False
    return not any(_closed_at(one, contact.recipient_place, at) for one in await recipients_of(db, consent))


async def _stood(db: Db, consent: Consent, terms: ConsentTerms, at: datetime, now: Recording) -> bool:
    """Tell whether a consent was in force at an instant."""
    if consent.signed_at is None or consent.signed_at > at:
        return False
    state = await _state_at(db, consent, at)
    stood = standing(
        state,
        starts_on=consent.starts_on,
        expires_on=consent.expires_on,
        over=await is_over(db, consent, terms),
        on=now.day(at),
    )
    return stood is ConsentStanding.ACTIVE


async def _state_at(db: Db, consent: Consent, at: datetime) -> ConsentState:
    """Return the state that was in force at an instant: what the newest move until then led to."""
    question = (
        select(ConsentMove.to_state)
        .where(
            ConsentMove.agency_id == consent.agency_id,
            ConsentMove.consent_id == consent.id,
            ConsentMove.at <= at,
            ConsentMove.event != ConsentEvent.FIND_FALSE,
        )
        .order_by(ConsentMove.version.desc())
        .limit(1)
    )
    if (moved := await db.scalar(question)) is not None:
        return ConsentState(moved) if moved in set(ConsentState) else ConsentState.SIGNED
    ended = consent.revoked_at is not None and consent.revoked_at <= at
    return ConsentState.REVOKED if ended else ConsentState.SIGNED


def _closed_at(one: ConsentRecipient, place: int, at: datetime) -> bool:
    return one.place == place and one.state != RecipientState.ACTIVE and one.changed_at <= at


async def on_identities_released(db: Db, keys: KeyRing, release: IdentityReleaseFacts, *, told_by: str) -> None:
    """Account, for each person, for what an auditor from outside was shown on an agreement (42 CFR 2.53)."""
    agreement = await db.get(Agreement, (db.scope.agency_id, release.agreement_id))
    if agreement is None:
        raise NotThere
    party = await db.get(Party, (db.scope.agency_id, agreement.party_id))
    now, told = await recording(db), Told(told_by, release.release_id)
    day = now.day(release.released_at)
    live = agreement_is_live(agreement.valid_from, agreement.valid_to, agreement.ended_on, on=day)
    wish = _released(agreement, party, told_by)
    for participant_id in release.participant_ids:
        if not await _accounted(db, told, participant_id):
            shown = ToldDisclosure(
                participant_id=participant_id,
                wish=wish,
                path=OutboundPath.IDENTITY_RELEASE,
                basis_valid=live,
                made_at=release.released_at,
                made_by=release.staff_id,
            )
            await _place(db, keys, shown, told)


def _released(agreement: Agreement, party: Party | None, told_by: str) -> DisclosureTerms:
    """Return what an auditor saw: who stands behind a figure, or when somebody came and for what."""
    looked_at_records = told_by == SESSIONS
    attendance = [InformationCategory.SUBSTANCE_USE_DISORDER, InformationCategory.ATTENDANCE]
    named = DisclosedTo.model_construct(
        party_id=agreement.party_id, name=party.name if party else None, address=party.address if party else None
    )
    return DisclosureTerms.model_construct(
        basis=DisclosureBasis.AUDIT_EVALUATION,
        agreement_id=agreement.id,
        recipient=named,
        purpose=Purpose.OVERSIGHT,
        categories=attendance if looked_at_records else [InformationCategory.DEMOGRAPHICS],
        channel=Channel.PORTAL,
        description="Sessions or contacts of theirs." if looked_at_records else "Who is behind a figure of a report.",
    )


async def on_claims_released(db: Db, keys: KeyRing, release: ClaimReleaseFacts) -> None:
    """Account, for each person, for what a payer was told in a run of claims; taken out again it is told once."""
    told = Told(SESSIONS, release.run_id)
    party = None if release.party_id is None else await db.get(Party, (db.scope.agency_id, release.party_id))
    now = await recording(db)
    for one in release.people:
        if await _accounted(db, told, one.participant_id):
            continue
        consent = None if one.consent_id is None else await db.get(Consent, (db.scope.agency_id, one.consent_id))
        terms = None
        if consent is not None:
            terms = open_terms(await keys.sealer(db, db.scope.agency_id, consent.participant_id), consent)
        claimed = ToldDisclosure(
            participant_id=one.participant_id,
            wish=_claimed(consent, terms, party),
            path=OutboundPath.CLAIM,
            basis_valid=consent is None or terms is None or await _stood(db, consent, terms, release.released_at, now),
            made_at=release.released_at,
            made_by=release.staff_id,
            consent=consent,
        )
        await _place(db, keys, claimed, told)


def _claimed(consent: Consent | None, terms: ConsentTerms | None, party: Party | None) -> DisclosureTerms:
    """Return what a payer was told: that somebody is served, on which days, and for what."""
    named = DisclosedTo.model_construct(
        party_id=party.id if party else None,
        name=party.name if party else None,
        address=party.address if party else None,
        recipient_class=next((one.recipient_class for one in terms.recipients), None) if terms and not party else None,
    )
    return DisclosureTerms.model_construct(
        basis=DisclosureBasis.CONSENT if consent else DisclosureBasis.HIPAA_PERMITTED,
        consent_id=consent.id if consent else None,
        recipient=named,
        purpose=Purpose.PAYMENT,
        categories=[InformationCategory.SUBSTANCE_USE_DISORDER, InformationCategory.ATTENDANCE],
        description="Claim lines for the payer of these services.",
    )


async def _accounted(db: Db, told: Told, participant_id: UUID) -> bool:
    question = select(func.count()).where(
        Disclosure.agency_id == db.scope.agency_id,
        Disclosure.told_by == told.by,
        Disclosure.told_id == told.id,
        Disclosure.participant_id == participant_id,
    )
    return bool(await db.scalar(question))


async def _place(db: Db, keys: KeyRing, disclosed: ToldDisclosure, told: Told) -> None:
    """Write the row. Raises `NotThere` for somebody unknown here."""
    person = await db.get(Participant, (db.scope.agency_id, disclosed.participant_id))
    if person is None:
        raise NotThere
    sealer = await keys.sealer(db, db.scope.agency_id, person.id)
    row = row_told(db, sealer, person.id, disclosed.wish, path=disclosed.path, made_at=disclosed.made_at)
    row.basis_valid, row.made_by = disclosed.basis_valid, disclosed.made_by
    row.origin = RecordOrigin(person.origin)
    if disclosed.consent is not None:
        row.consent_version, row.recipient_place = disclosed.consent.version, disclosed.recipient_place
    keep_told(db, row, told)
