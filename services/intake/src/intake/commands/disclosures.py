"""Disclosing outside the program, each with a row in the accounting (42 CFR 2.25) written in the same transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import DisclosureBasis, RecordOrigin
from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Instant
from intake.commands.consents import open_terms
from intake.commands.decision_facts import Decided, decide_on, require_allowed
from intake.commands.recording import Recording
from intake.models import Consent, Disclosure
from intake.rules.consents import consent_standing
from intake.rules.decision_facts import Obligation
from intake.rules.disclosures import (
    IN_WORDS,
    ConsentAtHand,
    DisclosureTerms,
    OutboundPath,
    OwnAccess,
    RecipientKind,
    past_faults,
)

DETAILS = "disclosure.details"
# What the ledger keeps of a wish in plain columns: ids, codes and amounts.
PLAIN = frozenset(
    {
        *("basis", "consent_id", "agreement_id", "court_order_id", "purpose", "categories", "view", "channel"),
        *("for_proceeding", "notice_statement", "scope_attached", "reason_code", "reference", "subpoena_reference"),
        "ehr",
    }
)


class MakeDisclosure(DisclosureTerms):
    participant_id: UUID


class PastDisclosure(DisclosureTerms):
    """A disclosure that another system accounts for; with basis `consent` it rests on the row's own consent."""

    basis: DisclosureBasis
    made_at: Instant


@dataclass(frozen=True, slots=True)
class Told:
    """How another service or a link tells of a disclosure: whose fact it was, and which, so that it counts once."""

    by: str
    id: UUID


async def disclose(db: Db, keys: KeyRing, actor: Actor, request: MakeDisclosure) -> Created:
    """Record what is told at this instant. Raises `NotDisclosed` with a pointer for each ground against it."""
    wish = DisclosureTerms.model_construct(**{name: getattr(request, name) for name in DisclosureTerms.model_fields})
    disclosure = await disclose_now(db, keys, actor, request.participant_id, wish, path=OutboundPath.RECORDED)
    return Created(id=disclosure.id, version=1)


async def disclose_now(
    db: Db,
    keys: KeyRing,
    actor: Actor | None,
    participant_id: UUID,
    wish: DisclosureTerms,
    *,
    path: OutboundPath,
    told_by: str | None = None,
    told_id: UUID | None = None,
) -> Disclosure:
    """Decide and account for what leaves the program by `path`, all in the caller's transaction.

    Without an actor the caller answers for the reach. Raises `NotThere`, `NotDisclosed`, and `Refused` for what is
    no disclosure at all.
    """
    decided = await decide_on(db, keys, actor, participant_id, wish)
    require_allowed(decided)
    require_disclosure(decided)
    told = Told(told_by, told_id) if told_by and told_id else None
    return place_disclosure(db, decided, path=path, told=told)


def require_disclosure(decided: Decided) -> None:
    """Raise `Refused` where nothing leaves the program: there is nothing to account for."""
    inside = decided.wish.recipient.kind is not RecipientKind.OUTSIDE
    if inside or decided.wish.basis is None:
        detail = "This is no disclosure about a person outside the program, so it is not recorded as one."
        raise Refused("no-disclosure", detail)


def place_disclosure(
    db: Db, decided: Decided, *, path: OutboundPath, package_id: UUID | None = None, told: Told | None = None
) -> Disclosure:
    """Write the ledger's row of what was decided, with its fact and its audit entry."""
    wish, decision = decided.wish, decided.decision
    happened_at = wish.emergency.happened_at if wish.emergency else None
    disclosure = _row(db, decided.sealer, decided.participant.id, wish, path=path, made_at=happened_at or decided.at)
    if wish.recipient.kind is RecipientKind.PERSON:
        disclosure.basis = OwnAccess.ACCESS_BY_PERSON
    disclosure.decision_row = decision.row
    disclosure.consent_version = decided.consent.version if decided.consent else None
    disclosure.recipient_place = decision.recipient_place
    disclosure.do_not_pass_on = Obligation.ASK_NOT_TO_PASS_ON in decision.obligations
    disclosure.origin = decided.facts.origin
    disclosure.package_id = package_id
    disclosure.told_by, disclosure.told_id = (told.by, told.id) if told else (None, None)
    disclosure.recorded_at = decided.at
    if disclosure.made_at > decided.at:
        raise Unprocessable("in-the-future", "This time is yet to come.", "/emergency/happened_at")
    _keep(db, disclosure)
    db.audit(
        "disclosure.make",
        disclosure.participant_id,
        disclosure_id=disclosure.id,
        basis=disclosure.basis,
        row=decision.row,
        path=path,
    )
    return disclosure


def _row(
    db: Db, sealer: Sealer, participant_id: UUID, wish: DisclosureTerms, *, path: OutboundPath, made_at: datetime
) -> Disclosure:
    party_id = wish.recipient.party_id
    return Disclosure(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        details=sealer.seal(DETAILS, wish.model_dump(mode="json", include=set(IN_WORDS), exclude_none=True)),
        basis_valid=True,
        made_at=made_at,
        made_by=db.scope.actor_id,
        path=path,
        party_id=party_id,
        **wish.model_dump(include=set(PLAIN)),
    )


def _keep(db: Db, disclosure: Disclosure) -> None:
    """Write the row and tell of it; the person's own copy is no disclosure, so no service counts it as one."""
    db.add(disclosure)
    if disclosure.basis == OwnAccess.ACCESS_BY_PERSON:
        return
    state = facts.DisclosureFacts(
        disclosure_id=disclosure.id,
        participant_id=disclosure.participant_id,
        basis=DisclosureBasis(disclosure.basis),
        consent_id=disclosure.consent_id,
        basis_valid=disclosure.basis_valid,
        made_at=disclosure.made_at,
        origin=RecordOrigin(disclosure.origin) if disclosure.origin else None,
    )
    db.publish(facts.DISCLOSURE_MADE, state, about=disclosure.id, seq=1)


def row_told(
    db: Db, sealer: Sealer, participant_id: UUID, wish: DisclosureTerms, *, path: OutboundPath, made_at: datetime
) -> Disclosure:
    """Return a row for what was already told elsewhere; `keep_told` writes it once it is complete."""
    return _row(db, sealer, participant_id, wish, path=path, made_at=made_at)


def keep_told(db: Db, disclosure: Disclosure, told: Told) -> None:
    """Write a disclosure that happened elsewhere, with its fact and its audit entry."""
    disclosure.told_by, disclosure.told_id, disclosure.recorded_at = told.by, told.id, db.now
    _keep(db, disclosure)
    db.audit("disclosure.told", disclosure.participant_id, disclosure_id=disclosure.id, basis=disclosure.basis)


def place_past_disclosure(
    db: Db, now: Recording, sealer: Sealer, participant_id: UUID, past: PastDisclosure, rests_on: Consent | None
) -> None:
    """Record another system's disclosure with its original time, valid or not: history is not made better."""
    made_at = now.stated(past.made_at, "/made_at")
    by_consent = past.basis is DisclosureBasis.CONSENT
    if by_consent and rests_on is None:
        raise Unprocessable("consent-missing", "The row holds no consent that this could rest on.", "/basis")
    own = {"agreement_id", "court_order_id"}  # of this system, so nothing that another one could name
    wish = past.model_copy(update=dict.fromkeys(own) | {"consent_id": rests_on.id if by_consent and rests_on else None})
    at_hand = _past_consent(sealer, rests_on, made_at, now.day(made_at)) if rests_on else None
    disclosure = _row(db, sealer, participant_id, wish, path=OutboundPath.IMPORT, made_at=made_at)
    disclosure.basis_valid = not past_faults(wish, at_hand)
    disclosure.made_by, disclosure.party_id = None, None
    disclosure.source_system, disclosure.recorded_at = now.source_system, now.now
    _keep(db, disclosure)


def _past_consent(sealer: Sealer, consent: Consent, made_at: datetime, on: date) -> ConsentAtHand | None:
    """Return the consent as it stood at a past instant; nothing if it was signed only later."""
    if consent.signed_at is None or consent.signed_at > made_at:
        return None
    terms = open_terms(sealer, consent)
    standing = consent_standing(terms.expiry, revoked_at=None, treatment_ended=False, on=on)
    return ConsentAtHand(terms, standing)
