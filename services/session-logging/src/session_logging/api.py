"""How a person or program asks session-logging: sessions, signatures, addenda, groups, contacts, imports."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.contracts.codes import Role
from common.database import run_hot
from common.errors import Refused
from common.http import Call, Created, CurrentCall, allow, answer, decode_cursor, replay
from common.privacy import Sealer
from session_logging.commands import collateral, groups, imports, mutual_aid, recording, releases, requests, sessions
from session_logging.commands.entries import Setting
from session_logging.commands.recording import LOCATION, RECORD, KnownEpisodes
from session_logging.queries import collateral as contacts
from session_logging.queries import sessions as queries
from session_logging.rules import is_daily_sum

IMPORTS = frozenset({"/v1/imports"})
ATTEMPTS = 2  # the second one with the setting read afresh, should the program have changed in between

router = APIRouter(prefix="/v1")
WORKERS = allow(Role.PEER, Role.SUPERVISOR)
READERS = allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)


@router.post("/sessions", status_code=201, response_model=Created, dependencies=[WORKERS])
async def record_session(call: CurrentCall, body: requests.RecordSession) -> Response:
    """Record a session that the caller held; with `sign` it is signed at once and never changes again."""
    key = call.idempotency_key()
    known: KnownEpisodes = call.request.state.episodes
    keys, actor = call.runtime.keys, call.actor
    if not body.sign:
        try:
            setting = known.get(actor.agency_id, body) or await _prepared(call, known, body)
        except Refused:
            if (first := await _first_answer(call, key, body)) is not None:
                return first  # allowed then, and answered: a repeat is not a new request
            raise
        if not is_daily_sum(setting.unit_method):
            return await _record_draft(call, known, body, setting)
    return await call.once(body, lambda db: sessions.record_session(db, keys, actor, body), location=LOCATION)


async def _record_draft(call: Call, known: KnownEpisodes, body: requests.RecordSession, setting: Setting) -> Response:
    """Write a draft in one statement, on disk when it returns; a repeat of the key gets the first answer."""
    key, fingerprint = call.idempotency_key(), call.fingerprint(body)
    for _ in range(ATTEMPTS):
        sealer = await _sealer(call, known, body)
        draft = recording.recording(call.scope, call.actor, body, setting, sealer, now=datetime.now(UTC))
        row = await run_hot(call.runtime.engine, RECORD, draft.values | {"key": key, "fingerprint": fingerprint})
        if row["fresh"]:
            call.runtime.bell.ring()
            return answer(draft.content, 201, draft.location)
        if (first := await _first_answer(call, key, body)) is not None:
            return first
        setting = await _prepared(call, known, body)
    raise Refused("setting-changed", "The program changed in this moment. Try again with the same key.", status=503)


async def _prepared(call: Call, known: KnownEpisodes, body: requests.RecordSession) -> Setting:
    async with call.transaction() as db:
        setting = await recording.prepare(db, call.runtime.keys, call.actor, body)
    known.keep(call.actor.agency_id, body, setting)
    return setting


async def _sealer(call: Call, known: KnownEpisodes, body: requests.RecordSession) -> Sealer | None:
    """Return the participant's sealer if there is a note; a key that has left memory is read again."""
    if body.note is None:
        return None
    if (sealer := call.runtime.keys.cached(call.actor.agency_id, body.participant_id)) is not None:
        return sealer
    async with call.transaction() as db:
        return await call.runtime.keys.sealer(db, call.actor.agency_id, body.participant_id)


async def _first_answer(call: Call, key: str, body: requests.RecordSession) -> Response | None:
    """Return what the key was answered before, or None if nobody used it. Raises `Refused` for another body."""
    question = call.find_key(call.runtime.tables.idempotency, key)
    async with call.transaction() as db:
        if (await db.execute(question)).first() is None:
            return None
        return replay(await db.execute(question), call.fingerprint(body))


@router.put("/sessions/{session_id}", response_model=Created, dependencies=[WORKERS])
async def change_session(call: CurrentCall, session_id: UUID, body: requests.ChangeSession) -> Response:
    """Replace the whole content of one's own draft."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: sessions.change_session(db, keys, actor, session_id, expected, body))


@router.put("/sessions/{session_id}/signature", response_model=Created, dependencies=[WORKERS])
async def sign_session(call: CurrentCall, session_id: UUID) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: sessions.sign_session(db, keys, actor, session_id, expected))


@router.post("/sessions/{session_id}/addenda", status_code=201, response_model=Created, dependencies=[WORKERS])
async def amend_session(call: CurrentCall, session_id: UUID, body: requests.Amend) -> Response:
    """Add words to a signed session. Answers the addendum's id."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: sessions.amend_session(db, keys, actor, session_id, body))


@router.get("/sessions/{session_id}", response_model=queries.SessionRead, dependencies=[READERS])
async def session(call: CurrentCall, session_id: UUID) -> Response:
    async with call.reading("session.read", session_id) as db:
        agreement_id = await releases.require_basis(db, call.actor)
        read = await queries.session(db, call.runtime.keys, call.actor, session_id)
        releases.release(db, call.actor, agreement_id, [read.participant_id])
    return answer(read.model_dump_json().encode(), etag=read.version)


@router.get("/sessions", dependencies=[READERS])
async def session_page(
    call: CurrentCall,
    participant_id: UUID | None = None,
    next: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> queries.SessionPage:
    async with call.reading("session.list", participant_id) as db:
        agreement_id = await releases.require_basis(db, call.actor)
        page = await queries.session_page(db, call.actor, participant_id, decode_cursor(next), limit)
        releases.release(db, call.actor, agreement_id, (entry.participant_id for entry in page.items))
    return page


@router.post("/groups", status_code=201, response_model=Created, dependencies=[WORKERS])
async def hold_group(call: CurrentCall, body: requests.HoldGroup) -> Response:
    """Record a group that the caller facilitated, with one session for everybody in it."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: groups.hold_group(db, keys, actor, body))


@router.post("/mutual-aid-attendances", status_code=201, response_model=Created, dependencies=[WORKERS])
async def attend_mutual_aid(call: CurrentCall, body: requests.AttendMutualAid) -> Response:
    return await call.once(body, lambda db: mutual_aid.attend_mutual_aid(db, call.actor, body))


@router.post("/collateral-contacts", status_code=201, response_model=Created, dependencies=[WORKERS])
async def record_contact(call: CurrentCall, body: requests.RecordContact) -> Response:
    """Record that somebody outside was spoken with about a person, on a consent that covered it."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: collateral.record_contact(db, keys, actor, body))


@router.get("/collateral-contacts", dependencies=[READERS])
async def contact_page(
    call: CurrentCall,
    participant_id: UUID,
    next: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> contacts.ContactPage:
    async with call.reading("collateral-contact.list", participant_id) as db:
        agreement_id = await releases.require_basis(db, call.actor)
        keys, after = call.runtime.keys, decode_cursor(next)
        page = await contacts.contact_page(db, keys, call.actor, participant_id, after, limit)
        releases.release(db, call.actor, agreement_id, (contact.participant_id for contact in page.items))
    return page


@router.post("/imports", status_code=201, response_model=imports.ImportedIds, dependencies=[allow(Role.ADMINISTRATOR)])
async def import_history(call: CurrentCall, body: requests.ImportHistory) -> Response:
    """Take in another system's history; rows that were imported before are answered, not written again."""
    keys = call.runtime.keys
    return await call.once(body, lambda db: imports.import_history(db, keys, body))
