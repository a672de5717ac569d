"""A consent under its lock, and the one way in which it moves: state, note, fact, and the packages that end with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from common.contracts import intake as facts
from common.contracts.codes import ConsentType
from common.database import Db
from common.errors import Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import reach
from intake.commands.consents import (
    event_happened,
    note,
    open_terms,
    place_recipients,
    recipients_of,
    standing_at,
    tell,
)
from intake.commands.recording import Recording, clock, recording
from intake.models import Consent, ConsentRecipient, Package
from intake.rules.consent_states import TOLD, ConsentEvent, ConsentStanding, ConsentState, RecipientState, may
from intake.rules.consents import ConsentTerms
from intake.rules.disclosures import same_places

MOVE_WORDS = "consent_move.words"
BLOCKED = frozenset({ConsentState.REVOKED, ConsentState.SUSPENDED, ConsentState.VOID, ConsentState.SUPERSEDED})
CLOSED_BY = frozenset({ConsentEvent.REVOKE_RECIPIENT, ConsentEvent.SUSPEND_RECIPIENT})
STANDS = {
    ConsentStanding.DRAFT: "This consent is a draft; it has to be presented and signed first.",
    ConsentStanding.PRESENTED: "This consent was presented and waits for a signature or a no.",
    ConsentStanding.DISCARDED: "This draft was discarded.",
    ConsentStanding.DECLINED: "The person said no to this consent.",
    ConsentStanding.NOT_YET: "This consent is signed and has not begun.",
    ConsentStanding.ACTIVE: "This consent is active.",
    ConsentStanding.EXPIRED: "This consent has run out.",
    ConsentStanding.SUSPENDED: "This consent is suspended.",
    ConsentStanding.REVOKED: "This consent was revoked.",
    ConsentStanding.SUPERSEDED: "A newer consent took the place of this one.",
    ConsentStanding.VOID: "This consent is void.",
}


@dataclass
class Held:
    """A consent whose row is locked, as it stands at `at`, the clock read after the lock."""

    consent: Consent
    terms: ConsentTerms
    standing: ConsentStanding
    recipients: Sequence[ConsentRecipient]
    sealer: Sealer
    at: datetime
    today: date
    zone: str

    @property
    def is_irrevocable(self) -> bool:
        """Whether 42 CFR 2.35 holds the person to it: a justice consent before the day or event that it names."""
        since = self.consent.revocable_from
        return self.terms.consent_type is ConsentType.CRIMINAL_JUSTICE and (since is None or self.today < since)

    @property
    def closed(self) -> list[int]:
        return [one.place for one in self.recipients if one.state != RecipientState.ACTIVE]


async def hold(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, expected: int) -> Held:
    """Lock a consent within reach. Raises `NotThere`, `Refused` (412) if it is not the version that was seen."""
    now = await recording(db)
    consent = await reach(db, actor, Consent, consent_id, now, lock=True)
    require_version(consent.version, expected)
    return await held(db, keys, now, consent)


async def held(db: Db, keys: KeyRing, now: Recording, consent: Consent) -> Held:
    """Return a consent that the caller has locked, as it stands now."""
    sealer = await keys.sealer(db, db.scope.agency_id, consent.participant_id)
    terms, at = open_terms(sealer, consent), await clock(db)
    today = now.day(at)
    stands = await standing_at(db, consent, terms, today)
    recipients = await recipients_of(db, consent)
    if consent.signed_at is not None and not recipients:  # signed under an earlier release
        recipients = place_recipients(db, consent, terms, at)
    return Held(consent, terms, stands, recipients, sealer, at, today, now.zone)


def require_move(it: Held, event: ConsentEvent) -> ConsentState:
    """Return the state that follows. Raises `Refused` (409), one code for each pair, if it may not happen."""
    target = may(it.standing, event)
    if target is None:
        there, what = it.standing.value.replace("_", "-"), event.value.replace("_", "-")
        raise Refused(f"consent-{there}-no-{what}", f"{STANDS[it.standing]} Reload it to see what can be done with it.")
    return target


async def move(
    db: Db,
    it: Held,
    event: ConsentEvent,
    *,
    target: ConsentState | None = None,
    place: int | None = None,
    capacity: str | None = None,
    reason: str | None = None,
    words: str | None = None,
    evidence: str | None = None,
) -> Created:
    """Make a move that was found allowed: state, version, its note, what is told, and what it stops on its way."""
    consent, from_state = it.consent, it.consent.state
    consent.state = target or require_move(it, event)
    consent.version += 1
    sealed = it.sealer.seal(MOVE_WORDS, words) if words else None
    note(
        db,
        consent,
        event,
        from_state,
        at=it.at,
        place=place,
        capacity=capacity,
        reason=reason,
        words=sealed,
        evidence=evidence,
    )
    if event in TOLD:
        over, places = event_happened(consent, it.terms), len(it.terms.recipients)
        tell(db, consent, event, recipients=places, closed=it.closed, ended=over)
    if consent.state in BLOCKED and consent.state != from_state:
        await _cancel_packages(db, it)
    elif event in CLOSED_BY:
        await _cancel_packages(db, it, place)
    db.audit(f"consent.{event.value}", consent.participant_id, consent_id=consent.id, place=place)
    return Created(id=consent.id, version=consent.version)


async def _cancel_packages(db: Db, it: Held, place: int | None = None) -> None:
    """End what was put together under the consent and not handed over yet: all, or what goes to one recipient."""
    question = select(Package).where(
        Package.agency_id == db.scope.agency_id, Package.consent_id == it.consent.id, Package.state == "prepared"
    )
    reason = f"consent-{it.consent.state}"
    if place is not None:
        question = question.where(Package.recipient_place.in_(same_places(it.terms.recipients, place)))
        reason = next(f"recipient-{one.state}" for one in it.recipients if one.place == place)
    for package in await db.scalars(question.order_by(Package.id).with_for_update()):
        package.state, package.end_reason = "cancelled", reason
        package.ended_at, package.ended_by = it.at, db.scope.actor_id
        package.version += 1
        told = facts.PackageFacts(
            package_id=package.id,
            participant_id=package.participant_id,
            consent_id=package.consent_id,
            prepared_by=package.prepared_by,
            prepared_at=package.prepared_at,
            open=False,
        )
        db.publish(facts.PACKAGE_CLOSED, told, about=package.id, seq=package.version)
