"""What supervisors do with notes: co-sign, return, comment, thank, approve, and void what should not be there."""

from uuid import UUID

from pydantic import Field, TypeAdapter
from uuid_utils.compat import uuid7

from common.contracts import session_logging as facts
from common.contracts.codes import NoteElement, Role, SessionStatus
from common.contracts.session_codes import NoteAnswer, ReturnReason, Review, SessionFlag, VoidReason
from common.contracts.session_logging import NOTE_ANSWERED, NoteAnswerFacts
from common.database import Db
from common.errors import Forbidden, NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Prose
from session_logging.commands.entries import opened_note, snapshot
from session_logging.commands.sessions import locked, publish
from session_logging.models import REVIEW, SIGNED_NOTE, PeerSession, ReviewStep
from session_logging.queries.people import require_reach
from session_logging.rules.reviews import ReviewKind, require_awaited

PLAIN: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])
# What had been signed, beside the note itself, when a note was returned.
SIGNED = (
    "modality", "delivery_method", "location", "service_code", "activities", "goal_ids", "started_at", "ended_at",
    "outcome", "missing_elements", "flags", "late_reason", "credential_at_signing", "credential_id", "competencies",
    "mechanisms", "navigation", "attempt_outcome", "handoff_way", "handoff_receiver", "handoff_accepted_at",
)  # fmt: skip


class ReturnNote(Asked):
    """What is to be mended before a supervisor co-signs."""

    reason: ReturnReason
    words: Prose


class AnswerNote(Asked):
    kind: NoteAnswer = NoteAnswer.COMMENT
    words: Prose | None = Field(default=None, description="needed for a comment")


class VoidSession(Asked):
    reason: VoidReason
    words: Prose | None = None


async def cosign(db: Db, actor: Actor, session_id: UUID, expected: int) -> Created:
    """Co-sign somebody else's note: from now on it is final."""
    session = await _of_another(db, actor, session_id, expected)
    require_awaited(session.status, session.review)
    _step(db, session, actor, ReviewKind.COSIGNED)
    session.review, session.cosigned_by, session.cosigned_at = Review.COSIGNED, actor.staff_id, db.now
    return publish(db, session, facts.SESSION_COSIGNED, "session.cosign")


async def return_note(
    db: Db, keys: KeyRing, actor: Actor, session_id: UUID, expected: int, request: ReturnNote
) -> Created:
    """Give a note back to its worker with the reason: a draft again, and what had been signed is kept beside it."""
    session = await _of_another(db, actor, session_id, expected)
    require_awaited(session.status, session.review)
    sealer = await keys.sealer(db, session.agency_id, session.participant_id)
    step = _step(db, session, actor, ReviewKind.RETURNED, request.reason)
    step.words, step.signed_note = sealer.seal(REVIEW, request.words), _signed(sealer, session)
    step.signed_at = session.signed_at
    session.status, session.review, session.signed_at = SessionStatus.DRAFT, Review.RETURNED, None
    for name, value in snapshot(None, session.service_date).items():
        setattr(session, name, value)
    session.late_reason = None
    session.flags = [flag for flag in session.flags if flag == SessionFlag.GROUP_ABOVE_LIMIT]
    session.missing_elements = _unsigned(session.missing_elements)
    return publish(db, session, facts.SESSION_RETURNED, "session.return")


async def answer_note(db: Db, keys: KeyRing, actor: Actor, session_id: UUID, request: AnswerNote) -> Created:
    """Comment a note, thank for it or approve it; its worker may answer. Nothing about the note changes."""
    session = await _in_reach(db, actor, session_id)
    if request.kind is not NoteAnswer.COMMENT and not actor.may(Role.SUPERVISOR):
        raise Forbidden("only-supervisors", "Thanks and approval are a supervisor's to give. Write a comment.")
    if request.kind is NoteAnswer.COMMENT and request.words is None:
        raise Unprocessable("nothing-said", "Write what you want to say.", "/words")
    sealer = await keys.sealer(db, session.agency_id, session.participant_id)
    step = _step(db, session, actor, ReviewKind(request.kind))
    step.words = sealer.seal(REVIEW, request.words) if request.words else None
    said = NoteAnswerFacts(
        answer_id=step.id, session_id=session.id, staff_id=session.staff_id, author_id=actor.staff_id,
        kind=request.kind, answered_at=db.now,
    )  # fmt: skip
    db.publish(NOTE_ANSWERED, said, about=step.id, seq=1)
    db.audit("session.answer", session.id, participant_id=session.participant_id)
    return Created(id=step.id, version=1)


async def void_session(
    db: Db, keys: KeyRing, actor: Actor, session_id: UUID, expected: int, request: VoidSession
) -> Created:
    """Void what should not be there: a worker one's own draft, a supervisor anything. The record stays and says why."""
    session = await locked(db, session_id)
    own_draft = session.staff_id == actor.staff_id and session.status == SessionStatus.DRAFT and session.review is None
    if not actor.may(Role.SUPERVISOR) and not own_draft:
        if session.staff_id != actor.staff_id:
            raise NotThere
        raise Forbidden("only-supervisors", "This was signed. Ask a supervisor to void it, and say why.")
    if session.status == SessionStatus.VOIDED:
        raise Refused("already-voided", "This session was voided before. There is nothing left to do.")
    require_version(session.version, expected)
    step = _step(db, session, actor, ReviewKind.VOIDED, request.reason)
    if request.words:
        sealer = await keys.sealer(db, session.agency_id, session.participant_id)
        step.words = sealer.seal(REVIEW, request.words)
    session.status, session.voided_at, session.void_reason = SessionStatus.VOIDED, db.now, request.reason
    session.review = None if session.review == Review.AWAITED else session.review
    return publish(db, session, facts.SESSION_VOIDED, "session.void")


async def _of_another(db: Db, actor: Actor, session_id: UUID, expected: int) -> PeerSession:
    session = await locked(db, session_id)
    if session.staff_id == actor.staff_id:
        raise Forbidden("not-ones-own", "Another supervisor looks at your own notes. Ask one of them.")
    require_version(session.version, expected)
    return session


async def _in_reach(db: Db, actor: Actor, session_id: UUID) -> PeerSession:
    session = await db.get(PeerSession, (db.scope.agency_id, session_id))
    if session is None:
        raise NotThere
    await require_reach(db, actor, session)
    return session


def _step(db: Db, session: PeerSession, actor: Actor, kind: ReviewKind, reason: str | None = None) -> ReviewStep:
    step = ReviewStep(
        agency_id=session.agency_id,
        id=uuid7(),
        session_id=session.id,
        author_id=actor.staff_id,
        kind=kind,
        reason=reason,
        taken_at=db.now,
    )
    db.add(step)
    return step


def _signed(sealer: Sealer, session: PeerSession) -> bytes:
    """Seal what had been signed, with its note."""
    note = opened_note(sealer, session.note)
    content = {name: getattr(session, name) for name in SIGNED}
    return sealer.seal(SIGNED_NOTE, PLAIN.dump_python(content | {"note": note}, mode="json"))


def _unsigned(missing: list[str]) -> list[str]:
    return [element for element in NoteElement if element in {*missing, NoteElement.SIGNATURE, NoteElement.CREDENTIAL}]
