"""What becomes of a signed consent: revoked, suspended, lifted, void, ended by its event; whole or for one recipient.

Each is one local transaction under the consent's lock, with the clock read after it: nothing remote can hold it up.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Code, Day, Prose, local_day
from intake.commands.access import reach
from intake.commands.consent_holding import Held, held, hold, move, require_move
from intake.commands.consents import deceased_on
from intake.commands.recording import recording
from intake.models import Consent, ConsentMove, ConsentRecipient
from intake.rules.consent_faults import signer_faults
from intake.rules.consent_states import ConsentEvent, RecipientState, may, may_recipient
from intake.rules.consents import Digest, ExpiryKind, Signature, SignerCapacity


class RevocationMethod(StrEnum):
    """How the written wish arrived; `own`: the person sent it themselves, through their own link."""

    PAPER = "paper"
    ELECTRONIC = "electronic"
    OWN = "own"


class SuspensionReason(StrEnum):
    ORAL_REVOCATION = "oral_revocation"
    DOUBT = "doubt"
    CAPACITY_QUESTION = "capacity_question"


class EndingEvent(StrEnum):
    """Which of a consent's events has happened."""

    EXPIRY = "expiry"
    REVOCABLE_FROM = "revocable_from"


class WrittenWish(Asked):
    """Who asked in writing that a consent ends. A revocation is never held up for want of its paper's digest."""

    capacity: SignerCapacity = SignerCapacity.PATIENT
    method: RevocationMethod = RevocationMethod.PAPER
    authority: Code | None = Field(default=None, description="what makes a representative one")
    evidence_sha256: Digest | None = Field(default=None, description="of the written request")
    words: Prose | None = None


class RevokeConsent(WrittenWish):
    """A wish that a member of staff writes down, so not one that the person sent themselves."""

    method: Literal[RevocationMethod.PAPER, RevocationMethod.ELECTRONIC] = RevocationMethod.PAPER


class SuspendConsent(Asked):
    """What stops a consent at once, whole or for the recipient at a place in its list, from 0."""

    reason: SuspensionReason
    words: Prose | None = None
    recipient_place: int | None = Field(default=None, ge=0, le=49)


class LiftSuspension(Asked):
    words: Prose
    recipient_place: int | None = Field(default=None, ge=0, le=49)


class VoidConsent(Asked):
    """Found to be deficient or materially false (42 CFR 2.31(c))."""

    words: Prose


class EventHappened(Asked):
    which: EndingEvent = EndingEvent.EXPIRY
    happened_on: Day


async def revoke_consent(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: RevokeConsent, expected: int
) -> Created:
    """End a consent, an expired one too, by a written request of the person or of who may sign for them."""
    return await revoke(db, await hold(db, keys, actor, consent_id, expected), request)


async def revoke(db: Db, it: Held, request: WrittenWish) -> Created:
    """End a consent that is held. Raises `Refused` (409) while 42 CFR 2.35 does not let it be revoked."""
    target = require_move(it, ConsentEvent.REVOKE_WRITTEN)
    _require_revocable(it)
    await _require_revoker(db, it, request)
    it.consent.revoked_at = it.at
    it.consent.revoker_capacity = request.capacity
    it.consent.revocation_evidence = request.evidence_sha256
    return await move(
        db,
        it,
        ConsentEvent.REVOKE_WRITTEN,
        target=target,
        capacity=request.capacity,
        reason=request.method,
        words=request.words,
        evidence=request.evidence_sha256,
    )


def _require_revocable(it: Held) -> None:
    if it.is_irrevocable:
        detail = (
            "Under 42 CFR 2.35 this consent cannot be revoked before the day or event that it names. Write the wish "
            "down with POST revocation-requests, explain that to the person, and revoke it then."
        )
        raise Refused("consent-not-revocable-yet", detail)


async def _require_revoker(db: Db, it: Held, request: WrittenWish) -> None:
    """A parent may always end what they signed; for the others, the same holds as for signing."""
    parent = request.capacity is SignerCapacity.PARENT_OR_GUARDIAN
    asked = Signature(
        capacity=request.capacity, authority=request.authority, minor_consents_alone=False if parent else None
    )
    died = await deceased_on(db, it.consent.participant_id)
    if faults := signer_faults(asked, day=it.today, deceased_on=died):
        where = faults[0].where.removeprefix("signature")
        raise Unprocessable(faults[0].code.replace("consent-", "revocation-", 1), faults[0].sentence, where)


async def request_revocation(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: RevokeConsent) -> Created:
    """Write down that somebody asked to revoke a consent that 42 CFR 2.35 does not let them revoke yet."""
    now = await recording(db)
    consent = await reach(db, actor, Consent, consent_id, now, lock=True)
    it = await held(db, keys, now, consent)
    event = ConsentEvent.REQUEST_REVOCATION
    require_move(it, event)
    if not it.is_irrevocable:
        raise Refused("consent-revocable-now", "This consent can be revoked now. Revoke it with PUT revocation.")
    return await move(
        db,
        it,
        event,
        capacity=request.capacity,
        reason=request.method,
        words=request.words,
        evidence=request.evidence_sha256,
    )


async def revoke_recipient(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, place: int, request: RevokeConsent, expected: int
) -> Created:
    """Take one recipient out of a consent by a written request; with the last one the whole consent ends."""
    return await revoke_one(db, await hold(db, keys, actor, consent_id, expected), place, request)


async def revoke_one(db: Db, it: Held, place: int, request: WrittenWish) -> Created:
    """Take one recipient out of a consent that is held."""
    event = ConsentEvent.REVOKE_RECIPIENT
    require_move(it, event)
    _require_revocable(it)
    recipient = _recipient_at(it, place, event)
    if all(one.state == RecipientState.REVOKED for one in it.recipients if one is not recipient):
        _set(recipient, RecipientState.REVOKED, it.at)
        return await revoke(db, it, request)
    await _require_revoker(db, it, request)
    _set(recipient, RecipientState.REVOKED, it.at)
    return await move(
        db,
        it,
        event,
        place=place,
        capacity=request.capacity,
        reason=request.method,
        words=request.words,
        evidence=request.evidence_sha256,
    )


def _recipient_at(it: Held, place: int, event: ConsentEvent) -> ConsentRecipient:
    """Return the recipient at a place that the event may happen to."""
    for one in it.recipients:
        if one.place == place:
            if may_recipient(RecipientState(one.state), event) is None:
                there, what = one.state, event.value.replace("_", "-")
                detail = f"This recipient is {there}. Reload the consent to see what can be done."
                raise Refused(f"recipient-{there}-no-{what}", detail)
            return one
    raise Refused("consent-no-such-recipient", "The consent has no recipient at this place. Count from 0.", status=404)


def _set(recipient: ConsentRecipient, state: RecipientState, at: datetime) -> None:
    recipient.state, recipient.changed_at = state, at


async def suspend_consent(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: SuspendConsent, expected: int
) -> Created:
    """Stop a consent at once, whole or for one recipient, until it is in writing or the doubt is settled."""
    return await suspend(db, await hold(db, keys, actor, consent_id, expected), request)


async def suspend(db: Db, it: Held, request: SuspendConsent) -> Created:
    """Stop a consent that is held. An oral wish is no way round 42 CFR 2.35 either."""
    place = request.recipient_place
    event = ConsentEvent.SUSPEND if place is None else ConsentEvent.SUSPEND_RECIPIENT
    require_move(it, event)
    if request.reason is SuspensionReason.ORAL_REVOCATION:
        _require_revocable(it)
    if place is not None:
        _set(_recipient_at(it, place, event), RecipientState.SUSPENDED, it.at)
    return await move(db, it, event, place=place, reason=request.reason, words=request.words)


async def lift_suspension(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: LiftSuspension, expected: int
) -> Created:
    """Let a suspended consent go on: a privacy officer's decision, never of who suspended it."""
    it, place = await hold(db, keys, actor, consent_id, expected), request.recipient_place
    event = ConsentEvent.LIFT if place is None else ConsentEvent.LIFT_RECIPIENT
    require_move(it, event)
    recipient = None if place is None else _recipient_at(it, place, event)
    stopped = ConsentEvent.SUSPEND if place is None else ConsentEvent.SUSPEND_RECIPIENT
    if await _last_by(db, it.consent, stopped, place) == actor.staff_id:
        raise Refused("consent-lift-by-another", "You suspended this yourself. Ask another privacy officer to lift it.")
    if recipient is not None:
        _set(recipient, RecipientState.ACTIVE, it.at)
    return await move(db, it, event, place=place, words=request.words)


async def _last_by(db: Db, consent: Consent, event: ConsentEvent, place: int | None = None) -> UUID | None:
    """Return who last made a move of this kind."""
    question = select(ConsentMove.by).where(
        ConsentMove.agency_id == db.scope.agency_id,
        ConsentMove.consent_id == consent.id,
        ConsentMove.event == event,
        ConsentMove.recipient_place.is_not_distinct_from(place),
    )
    by: UUID | None = await db.scalar(question.order_by(ConsentMove.version.desc()).limit(1))
    return by


async def void_consent(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: VoidConsent, expected: int
) -> Created:
    """Find a consent false or deficient; one that had ended already keeps its state and gets the mark."""
    it = await hold(db, keys, actor, consent_id, expected)
    consent = it.consent
    ended = may(it.standing, ConsentEvent.FIND_FALSE) is not None
    event = ConsentEvent.FIND_FALSE if ended else ConsentEvent.VOID
    target = require_move(it, event)
    if consent.found_false_at is not None:
        raise Refused("consent-found-false-already", "This consent is marked as false already.")
    takers = {consent.recorded_by, consent.presented_by, await _last_by(db, consent, ConsentEvent.SIGN)}
    if actor.staff_id in takers:
        raise Refused("consent-void-by-another", "You took this consent yourself. Ask another privacy officer.")
    consent.found_false_at = it.at
    return await move(db, it, event, target=target, words=request.words)


async def note_event(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: EventHappened, expected: int
) -> Created:
    """Record that the event happened which a consent ends with, or from which it may be revoked."""
    it = await hold(db, keys, actor, consent_id, expected)
    if request.which is EndingEvent.REVOCABLE_FROM:
        require_move(it, ConsentEvent.BECOME_REVOCABLE)
        _require_day(it, request.happened_on)
        _require_waited_for(waits=it.consent.revocable_from is None and it.terms.revocable_from is not None)
        it.consent.revocable_from = request.happened_on
        return await move(db, it, ConsentEvent.BECOME_REVOCABLE)
    require_move(it, ConsentEvent.EXPIRE)
    _require_day(it, request.happened_on)
    kind = it.terms.expiry.kind if it.terms.expiry else None
    _require_waited_for(waits=kind in (ExpiryKind.EVENT, ExpiryKind.END_OF_STUDY) and it.consent.expires_on is None)
    it.consent.expires_on = request.happened_on
    return await move(db, it, ConsentEvent.EXPIRE)


def _require_day(it: Held, happened_on: date) -> None:
    if happened_on > it.today:
        raise Unprocessable("in-the-future", "This day is yet to come.", "/happened_on")
    if it.consent.signed_at is not None and happened_on < local_day(it.consent.signed_at, it.zone):
        detail = "The consent was signed after this day. Correct the day."
        raise Unprocessable("event-before-signature", detail, "/happened_on")


def _require_waited_for(*, waits: bool) -> None:
    if not waits:
        raise Refused("consent-waits-for-no-event", "This consent does not wait for such an event. Check which one.")
