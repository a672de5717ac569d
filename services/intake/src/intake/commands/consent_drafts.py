"""A consent on its way to a signature: drawn up, shown to the person word for word, then signed, declined or discarded.

What was shown is what is signed: the words and their digest stay as they were presented (42 CFR 2.31(a)(8)).
"""

import re
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import orjson
from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer, normalized
from common.text import Asked, Code, Instant, Line, Prose
from intake.commands.access import reach, reach_unmerged
from intake.commands.consent_holding import Held, held, hold, move, require_move
from intake.commands.consent_signers import require_own_name
from intake.commands.consents import (
    SIGNATURE,
    WORDS,
    columns_of,
    deceased_on,
    incomplete,
    note,
    place_recipients,
    words_differ,
)
from intake.commands.recording import Recording, recording
from intake.models import Consent, Staff
from intake.rules.consent_faults import ConsentFault, consent_faults, element_faults
from intake.rules.consent_states import ConsentEvent, ConsentStanding, ConsentState, may
from intake.rules.consent_words import consent_words, unknown_statements, with_statements, words_sha256
from intake.rules.consents import ConsentTerms, Digest, Signature, SignatureMethod, SignerCapacity
from intake.rules.statements import Language, digest

POINTS_FEWEST = 3
NUMBER = re.compile(r"[+-]?\d*\.?\d+")
Coordinate = Annotated[float, Field(ge=-10_000, le=10_000, allow_inf_nan=False)]
Stroke = Annotated[list[tuple[Coordinate, Coordinate]], Field(min_length=1, max_length=500)]
PathData = Annotated[str, StringConstraints(pattern=r"^[MmLlHhVvCcSsQqTtAaZz0-9 ,.eE+-]+$", max_length=20_000)]


class DraftTerms(ConsentTerms):
    """What is known so far; anything but the kind of consent may be missing. It is signed by another call."""

    @model_validator(mode="after")
    def _unsigned(self) -> Self:
        if self.signature is not None or self.signed_at is not None:
            raise ValueError("a draft is not signed; leave signature and signed_at out")
        return self


class DrawUpConsent(DraftTerms):
    participant_id: UUID


class PresentConsent(Asked):
    language: Language


class Presented(BaseModel):
    """What is to be signed: the digest of the words as they are shown from now on."""

    id: UUID
    version: int
    words_sha256: str


class SignPresented(Asked):
    """How somebody signed what they were shown. Which fields belong to it follows from the method."""

    words_sha256: Digest = Field(description="of the words that were presented")
    signer: Line
    capacity: SignerCapacity = SignerCapacity.PATIENT
    method: SignatureMethod
    authority: Code | None = None
    minor_consents_alone: bool | None = None
    co_signer: Line | None = None
    strokes: list[Stroke] = Field(default=[], max_length=200, description="drawn: points of each stroke, in order")
    path_data: PathData | None = Field(default=None, description="drawn: as the data of an SVG path")
    typed_name: Line | None = None
    witness_name: Line | None = None
    witness_staff_id: UUID | None = None
    evidence_sha256: Digest | None = Field(default=None, description="paper: of the signed document")
    signed_at: Instant | None = Field(default=None, description="paper: when it was signed")


class DeclineConsent(Asked):
    """The person says no. That is a full answer: no service is denied for it."""

    words: Prose | None = None


class DiscardDraft(Asked):
    """Nothing needs to be said."""


async def draw_up(db: Db, keys: KeyRing, actor: Actor, request: DrawUpConsent) -> Created:
    """Begin a consent. It is usable for nothing until it is signed."""
    now = await recording(db)
    await reach_unmerged(db, actor, request.participant_id, now)
    sealer = await keys.sealer(db, db.scope.agency_id, request.participant_id)
    consent = place_draft(db, now, sealer, request.participant_id, request)
    return Created(id=consent.id, version=consent.version)


def place_draft(
    db: Db,
    recording: Recording,
    sealer: Sealer,
    participant_id: UUID,
    terms: ConsentTerms,
    *,
    replaces_id: UUID | None = None,
) -> Consent:
    """Write a draft, whatever it lacks."""
    consent = Consent(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        state=ConsentState.DRAFT,
        language="en",
        replaces_id=replaces_id,
        source_system=recording.source_system,
        recorded_by=None if recording.imported else db.scope.actor_id,
        recorded_at=recording.now,
        version=1,
        **columns_of(sealer, terms) | {"signed_at": None},
    )
    db.add(consent)
    note(db, consent, ConsentEvent.DRAW_UP, None, at=recording.now)
    db.audit("consent.draw_up", participant_id, consent_id=consent.id)
    return consent


async def replace(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: DraftTerms) -> Created:
    """Begin a new version of a consent; the old one stands until the new one is signed."""
    now = await recording(db)
    old = await reach(db, actor, Consent, consent_id, now)
    await reach_unmerged(db, actor, old.participant_id, now)
    if old.signed_at is None:
        raise Refused("consent-not-signed-yet", "Change the draft itself; only a signed consent is replaced.")
    sealer = await keys.sealer(db, db.scope.agency_id, old.participant_id)
    consent = place_draft(db, now, sealer, old.participant_id, request, replaces_id=old.id)
    return Created(id=consent.id, version=consent.version)


async def rewrite(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: DraftTerms, expected: int) -> Created:
    it = await hold(db, keys, actor, consent_id, expected)
    require_move(it, ConsentEvent.REWRITE)
    _set_terms(it, ConsentTerms.model_validate(request.model_dump()))
    return await move(db, it, ConsentEvent.REWRITE)


def _set_terms(it: Held, terms: ConsentTerms) -> None:
    it.terms = terms
    for name, value in columns_of(it.sealer, terms).items():
        setattr(it.consent, name, value)


async def present(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: PresentConsent, expected: int
) -> Presented:
    """Freeze the words that the person is shown. Raises `Refused` (422) if an element is missing."""
    it = await hold(db, keys, actor, consent_id, expected)
    require_move(it, ConsentEvent.PRESENT)
    terms = with_statements(it.terms)
    if faults := _presentation_faults(terms, it):
        raise incomplete(faults)
    words, consent = consent_words(terms, request.language), it.consent
    _set_terms(it, terms)
    consent.language, consent.words, consent.words_sha256 = request.language, it.sealer.seal(WORDS, words), None
    consent.words_sha256 = words_sha256(words)
    consent.presented_at, consent.presented_by = it.at, db.scope.actor_id
    done = await move(db, it, ConsentEvent.PRESENT)
    return Presented(id=done.id, version=done.version, words_sha256=consent.words_sha256)


def _presentation_faults(terms: ConsentTerms, it: Held) -> list[ConsentFault]:
    sentence = "Take one of GET /v1/statements, or leave it out to take the newest."
    unknown = [ConsentFault("consent-statement-unknown", name, sentence) for name in unknown_statements(terms)]
    return [*element_faults(terms, day=it.today), *unknown]


async def sign_presented(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: SignPresented, expected: int
) -> Created:
    """Record the signature under what was presented; from now on nothing of it changes."""
    it = await hold(db, keys, actor, consent_id, expected)
    require_move(it, ConsentEvent.SIGN)
    if request.words_sha256 != it.consent.words_sha256:
        raise words_differ()
    await _require_method(db, it, request)
    signed_at = _signing_time(it, request)
    terms = it.terms.model_copy(update={"signature": _signature(request), "signed_at": signed_at})
    died = await deceased_on(db, it.consent.participant_id)
    if faults := consent_faults(terms, now=it.at, zone=it.zone, deceased_on=died):
        raise incomplete(faults)
    await require_own_name(db, it.sealer, it.consent.participant_id, terms)
    await _supersede(db, keys, it)  # before anything is written: what it asks would flush half a signature
    _set_terms(it, terms)
    it.consent.signature = it.sealer.seal(SIGNATURE, request.model_dump(mode="json"))
    it.consent.signature_method = request.method
    it.recipients = place_recipients(db, it.consent, terms, it.at)
    evidence = terms.signature.evidence_sha256 if terms.signature else None
    return await move(db, it, ConsentEvent.SIGN, capacity=request.capacity, reason=request.method, evidence=evidence)


def _signature(request: SignPresented) -> Signature:
    """Return the signature as the terms keep it, with the digest of all that was given for it."""
    record = orjson.dumps(request.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS).decode()
    return Signature(
        signer=request.signer,
        capacity=request.capacity,
        method=request.method,
        evidence_sha256=request.evidence_sha256 or digest(record),
        authority=request.authority,
        minor_consents_alone=request.minor_consents_alone,
        co_signer=request.co_signer,
    )


def _signing_time(it: Held, request: SignPresented) -> datetime:
    """Return when it was signed: by our clock, or on paper as somebody claims, never before it was shown."""
    claimed, shown = request.signed_at, it.consent.presented_at
    if claimed is None:
        return it.at
    if request.method is not SignatureMethod.PAPER:
        detail = "Only a signature on paper has a time of its own. Leave signed_at out."
        raise Unprocessable("signature-time-not-claimed", detail, "/signed_at")
    if shown is not None and claimed < shown:
        detail = "It was presented only later. Correct the time, or record a paper consent in one call."
        raise Unprocessable("signed-before-presented", detail, "/signed_at")
    return claimed


async def _require_method(db: Db, it: Held, request: SignPresented) -> None:
    """Raise `Unprocessable` unless what the method needs is there."""
    match request.method:
        case SignatureMethod.DRAWN:
            _require(_is_drawn(request), "signature-drawing-missing", "Send the strokes of a signature.", "/strokes")
        case SignatureMethod.TYPED:
            _require_typed(request)
        case SignatureMethod.WITNESSED_MARK:
            await _require_witness(db, it, request)
        case SignatureMethod.PAPER:
            detail = "Give the digest of the signed document."
            _require(request.evidence_sha256, "consent-signature-evidence-missing", detail, "/evidence_sha256")
        case SignatureMethod.ELECTRONIC:
            detail = "Say how it was signed: drawn, typed, witnessed_mark or paper."
            raise Unprocessable("signature-method-unclear", detail, "/method")


def _is_drawn(request: SignPresented) -> bool:
    """A signature is a line: a tap on the screen is none."""
    points = {point for stroke in request.strokes for point in stroke}
    return len(points) >= POINTS_FEWEST or len(NUMBER.findall(request.path_data or "")) >= 2 * POINTS_FEWEST


def _require(there: object, code: str, detail: str, pointer: str) -> None:
    if not there:
        raise Unprocessable(code, detail, pointer)


def _require_typed(request: SignPresented) -> None:
    _require(request.typed_name, "signature-name-missing", "Send the name as it was typed.", "/typed_name")
    same = normalized(request.typed_name or "") == normalized(request.signer)
    detail = "The name that was typed is not the signer's. Let them type it again."
    _require(same, "signature-name-differs", detail, "/typed_name")


async def _require_witness(db: Db, it: Held, request: SignPresented) -> None:
    """A mark needs somebody who saw it: not the signer, and not the one who presented or records it."""
    detail = "A mark needs a witness. Give their name."
    _require(request.witness_name, "signature-witness-missing", detail, "/witness_name")
    same = normalized(request.witness_name or "") == normalized(request.signer)
    _require(not same, "signature-witness-is-signer", "Somebody else has to witness the mark.", "/witness_name")
    if request.witness_staff_id is None:
        return
    present = {it.consent.presented_by, db.scope.actor_id}
    detail = "Who presents or records a consent is no witness of it. Ask a colleague."
    witness = request.witness_staff_id
    _require(witness not in present, "signature-witness-is-presenter", detail, "/witness_staff_id")
    known = select(Staff.id).where(Staff.agency_id == db.scope.agency_id, Staff.id == witness)
    if await db.scalar(known) is None:
        raise NotThere


async def _supersede(db: Db, keys: KeyRing, it: Held) -> None:
    """Let a new version take the place of the old one, which stands in the person's file and permits no more."""
    if it.consent.replaces_id is None:
        return
    question = select(Consent).where(Consent.agency_id == db.scope.agency_id, Consent.id == it.consent.replaces_id)
    old = (await db.scalars(question.with_for_update())).one()
    before = await held(db, keys, Recording(it.at, it.zone), old)
    if before.standing is ConsentStanding.SUPERSEDED:
        detail = "Another version has taken its place already. Reload it, and replace that one."
        raise Refused("consent-replaced-already", detail)
    if before.is_irrevocable and may(before.standing, ConsentEvent.SUPERSEDE) is not None:
        detail = (
            "Under 42 CFR 2.35 the consent that this one would replace holds until the day or event that it names. "
            "Give another consent beside it, or replace it then."
        )
        raise Refused("consent-not-replaceable-yet", detail)
    if it.terms.starts_on is not None and it.terms.starts_on > it.today:
        detail = "A new version begins when it is signed, for it ends the old one. Leave starts_on out."
        raise Refused("consent-replacement-starts-later", detail)
    if may(before.standing, ConsentEvent.SUPERSEDE) is not None:
        await move(db, before, ConsentEvent.SUPERSEDE)


async def decline(
    db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, request: DeclineConsent, expected: int
) -> Created:
    it = await hold(db, keys, actor, consent_id, expected)
    return await move(db, it, ConsentEvent.DECLINE, words=request.words)


async def discard(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID, expected: int) -> Created:
    return await move(db, await hold(db, keys, actor, consent_id, expected), ConsentEvent.DISCARD)
