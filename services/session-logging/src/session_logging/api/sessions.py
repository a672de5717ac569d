"""How a session is recorded, changed, signed, added to and read."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import SessionStatus
from common.contracts.session_codes import Review, SessionFlag
from common.database import run_hot
from common.errors import Refused
from common.http import Call, Created, CurrentCall, answer, decode_cursor, replay
from common.privacy import Sealer
from session_logging.api.admission import READING, WORKING, Limit
from session_logging.commands import recording, releases, requests, sessions
from session_logging.commands.entries import Setting
from session_logging.commands.recording import LOCATION, RECORD, KnownEpisodes
from session_logging.queries import sessions as queries
from session_logging.rules.units import is_daily_sum

IN_TIME = requests.Sign()  # what a signature without a body says
ATTEMPTS = 2  # the second one with the setting read afresh, should the program have changed in between

router = APIRouter(prefix="/v1")


@router.post("/sessions", status_code=201, response_model=Created, dependencies=WORKING)
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


@router.put("/sessions/{session_id}", response_model=Created, dependencies=WORKING)
async def change_session(call: CurrentCall, session_id: UUID, body: requests.ChangeSession) -> Response:
    """Replace the whole content of one's own draft."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: sessions.change_session(db, keys, actor, session_id, expected, body))


@router.put("/sessions/{session_id}/signature", response_model=Created, dependencies=WORKING)
async def sign_session(call: CurrentCall, session_id: UUID, body: requests.Sign = IN_TIME) -> Response:
    """Sign one's own draft. Answers its new version; what did not fit is among its flags."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: sessions.sign_session(db, keys, actor, session_id, expected, body))


@router.post("/sessions/{session_id}/addenda", status_code=201, response_model=Created, dependencies=WORKING)
async def amend_session(call: CurrentCall, session_id: UUID, body: requests.Amend) -> Response:
    """Add words to a signed session. Answers the addendum's id."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: sessions.amend_session(db, keys, actor, session_id, body))


@router.get("/sessions/{session_id}", response_model=queries.SessionRead, dependencies=READING)
async def session(call: CurrentCall, session_id: UUID) -> Response:
    async with call.reading("session.read", session_id) as db:
        agreement_id = await releases.require_basis(db, call.actor)
        read = await queries.session(db, call.runtime.keys, call.actor, session_id)
        releases.release(db, call.actor, agreement_id, [read.participant_id])
    return answer(read.model_dump_json().encode(), etag=read.version)


@router.get("/sessions", response_model=queries.SessionPage, dependencies=READING)
async def session_page(
    call: CurrentCall,
    participant_id: UUID | None = None,
    staff_id: UUID | None = None,
    status: SessionStatus | None = None,
    review: Review | None = None,
    flag: SessionFlag | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Return sessions, the newest first: of one person or one worker, or those of one status, review or flag."""
    wanted = queries.Wanted(participant_id, staff_id, status, review, flag)
    async with call.reading("session.list", participant_id) as db:
        agreement_id = await releases.require_basis(db, call.actor)
        page = await queries.session_page(db, call.actor, wanted, decode_cursor(next), limit)
        releases.release(db, call.actor, agreement_id, (entry.participant_id for entry in page.items))
    return answer(page.model_dump_json().encode())
