"""The person's own written wish to stop a consent, sent with a code: whole, or for one who receives something."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from common.contracts.codes import ConsentType
from common.database import Db
from common.errors import NotThere
from common.privacy import KeyRing
from common.text import Asked
from intake.commands.access import family_of
from intake.commands.consent_holding import Held, held, move
from intake.commands.consent_moves import RevocationMethod, WrittenWish, revoke, revoke_one
from intake.commands.own import TypedCode
from intake.commands.recording import recording
from intake.models import Consent, OwnCode, Participant
from intake.rules.consent_states import ConsentEvent, ConsentStanding, RecipientState
from intake.rules.consents import SignerCapacity
from intake.rules.own_papers import REVOCABLE, SHOWN, OwnOutcome

BEGUN_OR_NOT = (ConsentStanding.ACTIVE, ConsentStanding.NOT_YET)
WRITTEN = WrittenWish(capacity=SignerCapacity.PATIENT, method=RevocationMethod.OWN)


class RevokeOwnConsent(Asked):
    """`recipient_place`: of the one who shall receive nothing more, from 0; left out, nobody shall."""

    code: TypedCode
    consent_id: UUID
    recipient_place: int | None = Field(default=None, ge=0, le=49)


@dataclass(frozen=True, slots=True)
class OwnRevocation:
    """What became of the wish. `revocable_on`, `revocable_event`: from when, where it is too early (42 CFR 2.35)."""

    outcome: OwnOutcome
    revocable_on: date | None = None
    revocable_event: str | None = None


async def own_family(db: Db, code: OwnCode) -> list[UUID]:
    """Return the ids of all records of the person whose code it is."""
    return await family_of(db, await own_survivor(db, code))


async def own_survivor(db: Db, code: OwnCode) -> Participant:
    """Return the record under which the person goes on, if the one that the code was made for was merged."""
    person = await db.get_one(Participant, (code.agency_id, code.participant_id))
    return await db.get_one(Participant, (code.agency_id, person.merged_into or person.id))


async def revoke_own(db: Db, keys: KeyRing, code: OwnCode, request: RevokeOwnConsent) -> OwnRevocation:
    """Do what the person asks, at once. Raises `NotThere` for what is no consent of theirs."""
    it = await _held(db, keys, code, request.consent_id)
    db.audit("own-consent.revoke", code.participant_id, own_code_id=code.id, consent_id=it.consent.id)
    if it.standing not in REVOCABLE or _is_out(it, request.recipient_place):
        return OwnRevocation(OwnOutcome.NOTHING_TO_DO)
    if _too_early(it):
        return await _written_down(db, it)
    if request.recipient_place is None:
        await revoke(db, it, WRITTEN)
        return OwnRevocation(OwnOutcome.REVOKED)
    return await _revoke_one(db, it, request.recipient_place)


async def _held(db: Db, keys: KeyRing, code: OwnCode, consent_id: UUID) -> Held:
    """Return the consent, locked, if it was signed and is theirs."""
    question = select(Consent).where(
        Consent.agency_id == code.agency_id,
        Consent.id == consent_id,
        Consent.participant_id.in_(await own_family(db, code)),
    )
    consent = await db.scalar(question.with_for_update())
    if consent is None:
        raise NotThere
    it = await held(db, keys, await recording(db), consent)
    if it.standing not in SHOWN:
        raise NotThere
    return it


def _is_out(it: Held, place: int | None) -> bool:
    return any(one.place == place and one.state == RecipientState.REVOKED for one in it.recipients)


def _too_early(it: Held) -> bool:
    since = it.consent.revocable_from
    return it.terms.consent_type is ConsentType.CRIMINAL_JUSTICE and (since is None or it.today < since)


async def _written_down(db: Db, it: Held) -> OwnRevocation:
    await move(db, it, ConsentEvent.REQUEST_REVOCATION, capacity=SignerCapacity.PATIENT, reason=RevocationMethod.OWN)
    named = it.terms.revocable_from
    return OwnRevocation(OwnOutcome.REQUESTED, it.consent.revocable_from, named.event if named else None)


async def _revoke_one(db: Db, it: Held, place: int) -> OwnRevocation:
    """Take one recipient out; with the last one the whole consent ends."""
    if it.standing in BEGUN_OR_NOT:
        await revoke_one(db, it, place, WRITTEN)
    else:
        await _take_out(db, it, place)
    whole = it.consent.revoked_at is not None
    return OwnRevocation(OwnOutcome.REVOKED if whole else OwnOutcome.RECIPIENT_REVOKED)


async def _take_out(db: Db, it: Held, place: int) -> None:
    """Take one recipient out of a consent that permits nothing now, so that they stay out if it is let go on."""
    recipient = next((one for one in it.recipients if one.place == place), None)
    if recipient is None:
        raise NotThere
    recipient.state, recipient.changed_at = RecipientState.REVOKED, it.at
    if all(one.state == RecipientState.REVOKED for one in it.recipients):
        await revoke(db, it, WRITTEN)
        return
    await move(
        db,
        it,
        ConsentEvent.REQUEST_REVOCATION,
        place=place,
        capacity=SignerCapacity.PATIENT,
        reason=RevocationMethod.OWN,
    )
