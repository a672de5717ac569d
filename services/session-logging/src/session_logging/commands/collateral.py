"""Speaking with somebody outside about a person: only on a consent of theirs that names them and still stands."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts.codes import ConsentStatus
from common.contracts.session_logging import COLLATERAL_CONTACTED, CollateralFacts
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import local_day
from session_logging.commands.lookups import hold_consents, require_care, zone_of
from session_logging.commands.requests import RecordContact
from session_logging.models import CONTACT, CollateralContact, Consent, Participant
from session_logging.queries.people import family_of
from session_logging.rules.consents import HeardConsent, require_cover
from session_logging.rules.times import instant


async def record_contact(db: Db, keys: KeyRing, actor: Actor, request: RecordContact) -> Created:
    """Record a contact that took place. Raises `Refused`, each ground under its own code, unless a consent covered it.

    The consent's state stays as it was read until the commit: no contact is recorded after a revocation was applied.
    """
    zone = await zone_of(db)
    contacted_at = instant(request.contacted_at, zone, "/contacted_at")
    if contacted_at > db.now:
        raise Unprocessable("in-the-future", "A contact is recorded after it took place.", "/contacted_at")
    day = local_day(contacted_at, zone)
    family = await family_of(db, request.participant_id)
    await _require_known(db, request.participant_id)
    await require_care(db, actor, family, day)
    await hold_consents(db, [request.consent_id])
    require_cover(await _consent(db, request.consent_id, family), request.recipient_place, contacted_at, day)
    await _require_new(db, request.id)
    return await _written(db, keys, actor, request, contacted_at)


async def _require_known(db: Db, participant_id: UUID) -> None:
    if await db.scalar(select(Participant.id).where(Participant.id == participant_id)) is None:
        raise NotThere


async def _consent(db: Db, consent_id: UUID, family: list[UUID]) -> HeardConsent:
    """Return a consent of this person; somebody else's answers like one that was never heard of."""
    found = select(Consent).where(Consent.id == consent_id, Consent.participant_id.in_(family))
    row = await db.scalar(found)
    if row is None:
        sentence = "No consent of this person has that id. If it was signed just now, try again in a moment."
        raise Refused("no-such-consent", sentence)
    return HeardConsent(
        status=ConsentStatus(row.status),
        signed_at=row.signed_at,
        starts_on=row.starts_on,
        expires_on=row.expires_on,
        recipients=row.recipients,
        revoked_recipients=frozenset(row.revoked_recipients),
        ended=row.ended,
        revoked_at=row.revoked_at,
    )


async def _require_new(db: Db, contact_id: UUID | None) -> None:
    known = select(CollateralContact.id).where(CollateralContact.id == contact_id)
    if contact_id is not None and await db.scalar(known) is not None:
        raise Refused("id-already-used", "A contact with this id was recorded before. Reload the list.")


async def _written(db: Db, keys: KeyRing, actor: Actor, request: RecordContact, contacted_at: datetime) -> Created:
    sealer = await keys.sealer(db, db.scope.agency_id, request.participant_id)
    said = request.model_dump(include={"participant_id", "consent_id", "recipient_place", "role"})
    shared = said | {"staff_id": actor.staff_id, "contacted_at": contacted_at}
    contact_id = request.id or uuid7()
    db.add(
        CollateralContact(
            agency_id=db.scope.agency_id,
            id=contact_id,
            method=request.method,
            minutes=request.minutes,
            note=sealer.seal(CONTACT, request.note),
            recorded_at=db.now,
            **shared,
        )
    )
    db.publish(COLLATERAL_CONTACTED, CollateralFacts(contact_id=contact_id, **shared), about=contact_id, seq=1)
    audited = {"participant_id": request.participant_id, "consent_id": request.consent_id}
    db.audit("collateral-contact.record", contact_id, **audited)
    return Created(id=contact_id, version=1)
