"""What can be done with one person's session: record, change while a draft, sign, add to once signed."""

from dataclasses import replace
from uuid import UUID

from uuid_utils.compat import uuid7

from common.contracts import session_logging as facts
from common.contracts.codes import Modality, NoteElement, Outcome, Role, SessionStatus
from common.contracts.envelope import Fact
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
)
from session_logging.commands.lines import Line, write_lines
from session_logging.commands.lookups import credential_of, days_so_far, require_caseload, require_goals, settings_of
from session_logging.commands.notices import require_notice
from session_logging.commands.recording import prepare
from session_logging.commands.requests import Amend, ChangeSession, RecordSession
from session_logging.models import ADDENDUM, Addendum, PeerGroup, PeerSession
from session_logging.rules import Period, missing_elements, period


async def record_session(db: Db, keys: KeyRing, actor: Actor, request: RecordSession) -> Created:
    """Record a session in the ordinary way: signed at once, or where units follow from the whole day."""
    setting = await prepare(db, keys, actor, request)
    if request.sign:
        await require_notice(db, request.participant_id, request.modality, request.outcome)
    when = period(request.started_at, request.ended_at, setting.zone, now=db.now)
    entry = Entry(
        agency_id=db.scope.agency_id,
        session_id=uuid7(),
        participant_id=request.participant_id,
        episode_id=request.episode_id,
        staff_id=actor.staff_id,
        setting=setting,
        recorded_at=db.now,
        signature=await _signature(db, actor.staff_id, setting, when) if request.sign else None,
    )
    await write_lines(db, keys, [Line(entry, request, request, when)])
    db.audit("session.record", entry.session_id, participant_id=entry.participant_id)
    return Created(id=entry.session_id, version=1)


async def _signature(db: Db, staff_id: UUID, setting: Setting, when: Period) -> Signature:
    return Signature(db.now, await credential_of(db, staff_id, setting, when.service_date))


async def change_session(
    db: Db, keys: KeyRing, actor: Actor, session_id: UUID, expected: int, request: ChangeSession
) -> Created:
    """Tell a draft again, as a whole; a line of a group keeps the group's times."""
    session = await _own_draft(db, actor, session_id, expected)
    setting = (await settings_of(db))[session.program_id]
    when = period(request.started_at, request.ended_at, session.zone, now=db.now)
    await require_goals(db, session.participant_id, request.goal_ids)
    if session.group_id is not None:
        _require_same_times(session, when)
    else:
        await require_caseload(db, actor, session.participant_id, when.service_date, session.episode_id)
    entry = await _entry_of(db, session, setting)
    day_key = entry.day_key(request, when)
    days = await days_so_far(db, [day_key] if day_key else [], without=session.id)
    sealer = await keys.sealer(db, session.agency_id, session.participant_id)
    content = content_of(entry, request, request, when, sealer, days.get(day_key) if day_key else None)
    for name, value in content.items():
        setattr(session, name, value)
    return _publish(db, session, facts.SESSION_CHANGED, "session.change")


async def _own_draft(db: Db, actor: Actor, session_id: UUID, expected: int) -> PeerSession:
    """Return the actor's own draft, locked. Raises `Refused` if it is signed or was changed meanwhile."""
    session = await _locked(db, session_id)
    if session.staff_id != actor.staff_id:
        if not actor.may(Role.SUPERVISOR):
            raise NotThere
        raise Forbidden("only-the-worker", "Only the worker who held the session may change or sign it.")
    if session.status != SessionStatus.DRAFT:
        raise Refused("already-signed", "A signed session stays as it is. Write an addendum.")
    require_version(session.version, expected)
    return session


async def _locked(db: Db, session_id: UUID) -> PeerSession:
    session = await db.get(PeerSession, (db.scope.agency_id, session_id), with_for_update=True)
    if session is None:
        raise NotThere
    return session


def _require_same_times(session: PeerSession, when: Period) -> None:
    if (session.started_at, session.ended_at) != (when.started_at, when.ended_at):
        raise Unprocessable("times-are-the-groups", "Everybody in a group has the group's times.", "/started_at")


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
        roster=Roster(group.id, group.size) if group else None,
        source_system=session.source_system,
    )


def _publish(db: Db, session: PeerSession, fact: Fact, action: str) -> Created:
    session.version += 1
    row = {column.name: getattr(session, column.name) for column in PeerSession.__table__.columns}
    db.publish(fact, facts_of(row), about=session.id, seq=session.version)
    db.audit(action, session.id, participant_id=session.participant_id)
    return Created(id=session.id, version=session.version)


async def sign_session(db: Db, keys: KeyRing, actor: Actor, session_id: UUID, expected: int) -> Created:
    """Sign one's own draft: from now on it never changes, and the credential stands as it was on the service date."""
    session = await _own_draft(db, actor, session_id, expected)
    await require_notice(db, session.participant_id, Modality(session.modality), Outcome(session.outcome))
    setting = (await settings_of(db))[session.program_id]
    credential = await credential_of(db, session.staff_id, setting, session.service_date)
    signature = Signature(db.now, credential)
    missing = await _missing(db, keys, session, replace(await _entry_of(db, session, setting), signature=signature))
    # All at once and last: a query in between would write a half-signed row, which may then not change any more.
    session.status, session.signed_at = SessionStatus.SIGNED, signature.signed_at
    session.credential_at_signing, session.missing_elements = credential, list(missing)
    return _publish(db, session, facts.SESSION_SIGNED, "session.sign")


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
    session = await _locked(db, session_id)
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
    _publish(db, session, facts.SESSION_AMENDED, "session.amend")
    return Created(id=addendum.id, version=1)
