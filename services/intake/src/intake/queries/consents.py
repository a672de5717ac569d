"""What is read of consents: one with all that became of it, its words, a person's list, and what waits for somebody."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Select, func, select

from common.contracts.codes import ConsentType
from common.database import Db
from common.errors import Refused
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import family_of, reach, reach_participant, within_reach
from intake.commands.consent_holding import MOVE_WORDS
from intake.commands.consents import WORDS, open_terms, recipients_of, standing_at
from intake.commands.recording import Recording, recording
from intake.models import Consent, ConsentApplied, ConsentMove, ConsentRecipient, Disclosure
from intake.rules.consent_states import TOLD, ConsentEvent, ConsentStanding, ConsentState, RecipientState
from intake.rules.consents import ConsentTerms, Recipient, SignatureMethod
from intake.rules.statements import Language

APPLYING = ("compliance-reporting", "notification", "session-logging")
SOON = timedelta(days=30)


class Waiting(StrEnum):
    """What a privacy officer has to see to: to get in writing, or to renew within 30 days."""

    SUSPENDED = "suspended"
    EXPIRING = "expiring"


class RecipientRecord(BaseModel):
    place: int
    recipient: Recipient
    party_id: UUID | None
    state: RecipientState
    changed_at: AwareDatetime | None


class MoveRecord(BaseModel):
    """One thing that happened. `words`: what was said about it."""

    version: int
    event: ConsentEvent
    from_state: ConsentState | None
    to_state: ConsentState
    recipient_place: int | None
    capacity: str | None
    reason: str | None
    words: str | None
    evidence_sha256: str | None
    at: AwareDatetime
    by: UUID | None


class AppliedRecord(BaseModel):
    """Whether a service refuses by the newest state that it was told of."""

    service: str
    applied: bool
    applied_at: AwareDatetime | None


class ConsentRecord(BaseModel):
    id: UUID
    participant_id: UUID
    status: ConsentStanding
    terms: ConsentTerms
    language: Language
    words_sha256: str | None
    presented_at: AwareDatetime | None
    presented_by: UUID | None
    signature_method: SignatureMethod | None
    signed_at: AwareDatetime | None
    starts_on: date | None
    expires_on: date | None
    revocable_from: date | None
    revoked_at: AwareDatetime | None
    found_false_at: AwareDatetime | None
    replaces_id: UUID | None
    replaced_by_id: UUID | None
    recipients: list[RecipientRecord] = Field(max_length=50)
    moves: list[MoveRecord] = Field(max_length=100, description="the newest hundred, the newest first")
    applied: list[AppliedRecord]
    recorded_by: UUID | None
    recorded_at: AwareDatetime
    source_system: str | None
    version: int


class ConsentWords(BaseModel):
    """The consent as the person reads it, word for word as it was presented."""

    language: Language
    words: str
    words_sha256: str
    presented_at: AwareDatetime | None
    version: int


class ConsentEntry(BaseModel):
    id: UUID
    participant_id: UUID
    consent_type: ConsentType
    status: ConsentStanding
    signed_at: AwareDatetime | None
    starts_on: date | None
    expires_on: date | None
    version: int


class ConsentPage(BaseModel):
    items: list[ConsentEntry]
    next: str | None = None


class IncidentCandidate(BaseModel):
    """A disclosure that rested on a consent which was found false: somebody has to look at it."""

    disclosure_id: UUID
    made_at: AwareDatetime


class IncidentCandidates(BaseModel):
    items: list[IncidentCandidate]
    next: str | None = None


async def consent(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID) -> ConsentRecord:
    """Return a consent as it stands at this moment: `expired` follows from the database's clock."""
    now = await recording(db)
    found = await reach(db, actor, Consent, consent_id, now)
    sealer = await keys.sealer(db, db.scope.agency_id, found.participant_id)
    terms, moves = open_terms(sealer, found), await _moves(db, found)
    same = {name: getattr(found, name) for name in ConsentRecord.model_fields if hasattr(found, name)}
    return ConsentRecord.model_validate(
        same
        | {
            "status": await standing_at(db, found, terms, now.today),
            "terms": terms,
            "replaced_by_id": await _replacement(db, found),
            "recipients": _recipients(found, terms, await recipients_of(db, found)),
            "moves": [_move(sealer, move) for move in moves],
            "applied": await _applied(db, found),
        }
    )


async def _moves(db: Db, found: Consent) -> Sequence[ConsentMove]:
    question = select(ConsentMove).where(ConsentMove.agency_id == found.agency_id, ConsentMove.consent_id == found.id)
    return (await db.scalars(question.order_by(ConsentMove.version.desc()).limit(PAGE_MOST))).all()


def _move(sealer: Sealer, move: ConsentMove) -> dict[str, Any]:
    same = {name: getattr(move, name) for name in MoveRecord.model_fields}
    return same | {"words": sealer.open(MOVE_WORDS, move.words) if move.words else None}


async def _replacement(db: Db, found: Consent) -> UUID | None:
    """Return the signed consent that took this one's place."""
    newer: UUID | None = await db.scalar(
        select(Consent.id)
        .where(Consent.agency_id == found.agency_id, Consent.replaces_id == found.id, Consent.signed_at.is_not(None))
        .order_by(Consent.signed_at)
        .limit(1)
    )
    return newer


def _recipients(found: Consent, terms: ConsentTerms, rows: Sequence[ConsentRecipient]) -> list[dict[str, Any]]:
    """Return the recipients of the terms with how each stands; what is not signed permits nobody anything."""
    stand = {row.place: row for row in rows}
    return [
        {
            "place": place,
            "recipient": recipient,
            "party_id": recipient.party_id,
            "state": stand[place].state if place in stand else RecipientState.ACTIVE,
            "changed_at": stand[place].changed_at if place in stand else None,
        }
        for place, recipient in enumerate(terms.recipients)
    ]


async def _applied(db: Db, found: Consent) -> list[AppliedRecord]:
    """Return how far each service is, measured by the newest move that was told."""
    told: int | None = await db.scalar(
        select(func.max(ConsentMove.version)).where(
            ConsentMove.agency_id == found.agency_id, ConsentMove.consent_id == found.id, ConsentMove.event.in_(TOLD)
        )
    )
    if found.signed_at is None:
        return []
    rows = await db.scalars(
        select(ConsentApplied).where(ConsentApplied.agency_id == found.agency_id, ConsentApplied.id == found.id)
    )
    heard = {row.service: row for row in rows}
    newest = told or found.version  # of an earlier release, every version was told
    return [
        AppliedRecord(
            service=service,
            applied=service in heard and heard[service].seq >= newest,
            applied_at=heard[service].applied_at if service in heard else None,
        )
        for service in sorted({*APPLYING, *heard})
    ]


async def consent_words_of(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID) -> ConsentWords:
    """Return the words as they were presented, or as they were rendered for a consent recorded in one call."""
    found = await reach(db, actor, Consent, consent_id, await recording(db))
    if found.words is None or found.words_sha256 is None:
        raise Refused("consent-not-presented", "This consent has no words yet. Present it first.")
    sealer = await keys.sealer(db, db.scope.agency_id, found.participant_id)
    same = {name: getattr(found, name) for name in ConsentWords.model_fields}
    return ConsentWords.model_validate(same | {"words": sealer.open(WORDS, found.words)})


async def consents_of(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> ConsentPage:
    """Return a page of a person's consents, the newest first, under every record merged with theirs."""
    now = await recording(db)
    family = await family_of(db, await reach_participant(db, actor, participant_id, now))
    question = _question().where(Consent.agency_id == db.scope.agency_id, Consent.participant_id.in_(family))
    return await _page(db, keys, now, question, after, limit)


async def consents_waiting(
    db: Db, keys: KeyRing, actor: Actor, waiting: Waiting, after: Cursor | None, limit: int
) -> ConsentPage:
    """Return a page of the consents within reach that somebody has to see to, the newest first."""
    now = await recording(db)
    question = _question().where(
        Consent.agency_id == db.scope.agency_id, within_reach(actor, now.today, Consent.participant_id)
    )
    if waiting is Waiting.SUSPENDED:
        question = question.where(Consent.state == ConsentState.SUSPENDED.value)
    else:
        question = question.where(
            Consent.state == ConsentState.SIGNED.value, Consent.expires_on.between(now.today, now.today + SOON)
        )
    return await _page(db, keys, now, question, after, limit)


def _question() -> Select[Consent]:
    return select(Consent).order_by(Consent.id.desc())


async def _page(
    db: Db, keys: KeyRing, now: Recording, question: Select[Consent], after: Cursor | None, limit: int
) -> ConsentPage:
    if after is not None:
        question = question.where(Consent.id < after.id)
    rows = (await db.scalars(question.limit(limit + 1))).all()
    items = await entries(db, keys, now, rows[:limit])
    return ConsentPage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


async def entries(db: Db, keys: KeyRing, now: Recording, rows: Sequence[Consent]) -> list[ConsentEntry]:
    """Return consents as they stand today, in the order given."""
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in rows})
    shown = []
    for row in rows:
        stands = await standing_at(db, row, open_terms(sealers[row.participant_id], row), now.today)
        same = {name: getattr(row, name) for name in ConsentEntry.model_fields if name != "status"}
        shown.append(ConsentEntry.model_validate(same | {"status": stands}))
    return shown


async def incident_candidates(
    db: Db, actor: Actor, consent_id: UUID, after: Cursor | None, limit: int
) -> IncidentCandidates:
    """Return the disclosures that rested on a consent which was found false; none while it was not."""
    found = await reach(db, actor, Consent, consent_id, await recording(db))
    if found.found_false_at is None:
        return IncidentCandidates(items=[])
    question = select(Disclosure.id, Disclosure.made_at).where(
        Disclosure.agency_id == db.scope.agency_id, Disclosure.consent_id == consent_id
    )
    if after is not None:
        question = question.where(Disclosure.id < after.id)
    rows = (await db.execute(question.order_by(Disclosure.id.desc()).limit(limit + 1))).all()
    items = [IncidentCandidate(disclosure_id=row.id, made_at=row.made_at) for row in rows[:limit]]
    return IncidentCandidates(
        items=items, next=encode_cursor("", items[-1].disclosure_id) if len(rows) > limit else None
    )
