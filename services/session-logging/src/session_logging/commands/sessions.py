"""What can be done with one person's session: record, change while a draft, sign, add to once signed."""

from dataclasses import replace
from uuid import UUID

from uuid_utils.compat import uuid7

from common.contracts import session_logging as facts
from common.contracts.codes import Modality, NoteElement, Outcome, Role, SessionStatus
from common.contracts.envelope import Fact
from common.contracts.session_codes import SessionFlag
from common.database import Db
from common.errors import Forbidden, NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from session_logging.commands.entries import (
    Entry,
    Roster,
    Setting,
    Signature,
    content_of,
    facts_of,
    opened_note,
    snapshot,
)
from session_logging.commands.lines import Line, write_lines
from session_logging.commands.lookups import days_so_far, require_caseload, require_goals, setting_of_program
from session_logging.commands.notices import require_notice
from session_logging.commands.recording import prepare, require_form
from session_logging.commands.requests import Amend, ChangeSession, RecordSession, Sign
from session_logging.commands.signing import flagged, hold_time, overlaps, signature_of
from session_logging.models import ADDENDUM, Addendum, PeerGroup, PeerSession
from session_logging.rules.notes import missing_elements
from session_logging.rules.times import Period
from session_logging.rules.units import is_delivered


async def record_session(db: Db, keys: KeyRing, actor: Actor, request: RecordSession) -> Created:
    """Record a session in the ordinary way: signed at once, or where units follow from the whole day."""
    setting = await prepare(db, keys, actor, request)
    if request.sign:
        await require_notice(db, request.participant_id, request.modality, request.outcome)
    when = require_form(request, setting, db.now)
    entry = Entry(
        agency_id=db.scope.agency_id,
        session_id=request.id or uuid7(),
        participant_id=request.participant_id,
        episode_id=request.episode_id,
        staff_id=actor.staff_id,
        setting=setting,
        recorded_at=db.now,
        signature=await signature_of(db, actor, setting, when, request.late_reason) if request.sign else None,
    )
    line = Line(entry, request, request, when)
    await write_lines(db, keys, await flagged(db, [line]) if request.sign else [line])
    db.audit("session.record", entry.session_id, participant_id=entry.participant_id)
    return Created(id=entry.session_id, version=1)


async def change_session(
    db: Db, keys: KeyRing, actor: Actor, session_id: UUID, expected: int, request: ChangeSession
) -> Created:
    """Tell a draft again, as a whole; a line of a group keeps the group's times."""
    session = await _own_draft(db, actor, session_id, expected)
    setting = await setting_of_program(db, session.program_id)
    when = require_form(request, replace(setting, zone=session.zone), db.now, is_group=session.group_id is not None)
    await require_goals(db, session.episode_id, request.goal_ids)
    if session.group_id is not None:
        _require_same_times(session, when)
        _require_same_presence(session, request.outcome)
    else:
        await require_caseload(db, actor, session.participant_id, when.service_date, session.episode_id)
    entry = await _entry_of(db, session, setting)
    day_key = entry.day_key(request, when)
    days = await days_so_far(db, [day_key] if day_key else [], without=session.id)
    sealer = await keys.sealer(db, session.agency_id, session.participant_id)
    content = content_of(entry, request, request, when, sealer, days.get(day_key) if day_key else None)
    for name, value in content.items():
        setattr(session, name, value)
    return publish(db, session, facts.SESSION_CHANGED, "session.change")


async def _own_draft(db: Db, actor: Actor, session_id: UUID, expected: int) -> PeerSession:
    """Return the actor's own draft, locked. Raises `Refused` if it is signed or was changed meanwhile."""
    session = await locked(db, session_id)
    if session.staff_id != actor.staff_id:
        if not actor.may(Role.SUPERVISOR):
            raise NotThere
        raise Forbidden("only-the-worker", "Only the worker who held the session may change or sign it.")
    if session.status == SessionStatus.VOIDED:
        raise Refused("already-voided", "This session was voided. Record it anew if it took place.")
    if session.status != SessionStatus.DRAFT:
        raise Refused("already-signed", "A signed session stays as it is. Write an addendum.")
    require_version(session.version, expected)
    return session


async def locked(db: Db, session_id: UUID) -> PeerSession:
    session = await db.get(PeerSession, (db.scope.agency_id, session_id), with_for_update=True)
    if session is None:
        raise NotThere
    return session


def _require_same_times(session: PeerSession, when: Period) -> None:
    if (session.started_at, session.ended_at) != (when.started_at, when.ended_at):
        raise Unprocessable("times-are-the-groups", "Everybody in a group has the group's times.", "/started_at")


def _require_same_presence(session: PeerSession, outcome: Outcome) -> None:
    if is_delivered(Outcome(session.outcome)) != is_delivered(outcome):
        detail = "Who was there is the group's. Void this session, and record the group's roster as it was."
        raise Unprocessable("presence-is-the-groups", detail, "/outcome")


async def _entry_of(db: Db, session: PeerSession, setting: Setting) -> Entry:
    group = await db.get(PeerGroup, (session.agency_id, session.group_id)) if session.group_id else None
    return Entry(
        agency_id=session.agency_id,
        session_id=session.id,
        participant_id=session.participant_id,
        episode_id=session.episode_id,
        staff_id=session.staff_id,
        setting=setting,
        recorded_at=session.recorded_at,
        roster=Roster(group.id, group.size, SessionFlag.GROUP_ABOVE_LIMIT in session.flags) if group else None,
        source_system=session.source_system,
    )


def publish(db: Db, session: PeerSession, fact: Fact, action: str) -> Created:
    session.version += 1
    row = {column.name: getattr(session, column.name) for column in PeerSession.__table__.columns}
    db.publish(fact, facts_of(row), about=session.id, seq=session.version)
    db.audit(action, session.id, participant_id=session.participant_id)
    return Created(id=session.id, version=session.version)


async def sign_session(db: Db, keys: KeyRing, actor: Actor, session_id: UUID, expected: int, request: Sign) -> Created:
    """Sign one's own draft: from now on its content never changes, unless a supervisor who co-signs returns it.

    The credential stands as it was on the service date, and what did not fit is flagged.
    """
    session = await _own_draft(db, actor, session_id, expected)
    await require_notice(db, session.participant_id, Modality(session.modality), Outcome(session.outcome))
    setting = await setting_of_program(db, session.program_id)
    signature = await signature_of(db, actor, setting, _when(session), request.late_reason)
    signature = await _with_overlaps(db, session, signature)
    entry = replace(await _entry_of(db, session, setting), signature=signature)
    missing = await _missing(db, keys, session, entry)
    # All at once and last: a query in between would write a half-signed row, which may then not change any more.
    session.status, session.signed_at = SessionStatus.SIGNED, signature.signed_at
    for name, value in snapshot(signature, session.service_date).items():
        setattr(session, name, value)
    session.missing_elements = list(missing)
    session.flags, session.late_reason, session.review = list(entry.flags), signature.late_reason, signature.review
    return publish(db, session, facts.SESSION_SIGNED, "session.sign")


def _when(session: PeerSession) -> Period:
    return Period(session.started_at, session.ended_at, session.service_date, session.minutes)


async def _with_overlaps(db: Db, session: PeerSession, signature: Signature) -> Signature:
    if not is_delivered(Outcome(session.outcome)):
        return signature
    await hold_time(db, session.staff_id, [session.participant_id])
    clash = await overlaps(
        db, session.staff_id, [session.participant_id], session.started_at, session.ended_at,
        session_id=session.id, group_id=session.group_id,
    )  # fmt: skip
    return replace(signature, flags=(*signature.flags, *clash[session.participant_id]))


async def _missing(db: Db, keys: KeyRing, session: PeerSession, entry: Entry) -> list[NoteElement]:
    sealer = await keys.sealer(db, session.agency_id, session.participant_id)
    return missing_elements(
        entry.documented(
            service_code=session.service_code,
            location=session.location,
            goal_ids=session.goal_ids,
            note=opened_note(sealer, session.note),
        )
    )


async def amend_session(db: Db, keys: KeyRing, actor: Actor, session_id: UUID, request: Amend) -> Created:
    """Add words to a signed session; the original stays. Its worker may, and supervisors."""
    session = await locked(db, session_id)
    if session.staff_id != actor.staff_id and not actor.may(Role.SUPERVISOR):
        raise NotThere
    if session.status == SessionStatus.DRAFT:
        raise Refused("not-signed-yet", "This is still a draft. Change it instead.")
    sealer = await keys.sealer(db, session.agency_id, session.participant_id)
    addendum = Addendum(
        agency_id=session.agency_id,
        id=uuid7(),
        session_id=session.id,
        author_id=actor.staff_id,
        words=sealer.seal(ADDENDUM, request.model_dump()),
        written_at=db.now,
    )
    db.add(addendum)
    publish(db, session, facts.SESSION_AMENDED, "session.amend")
    return Created(id=addendum.id, version=1)
