"""Saving what somebody types, as it stands: private to them, sealed, and gone after a month.

The first and the tenth save are the same request, for the client makes the id; which of two is newer says the number
that the client counts up. A draft is no note: it is never counted, co-signed or told of.
"""

import json
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, JsonValue
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, local_day
from session_logging.commands.lookups import require_care, zone_of
from session_logging.models import DRAFT, NoteDraft, Participant
from session_logging.queries.people import family_of

LIFE = timedelta(days=30)
LONGEST, DEEPEST, MOST = 65_536, 6, 200
TABLE: Any = NoteDraft.__table__


def _bounded(content: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if _depth(content) > DEEPEST:
        raise ValueError("is nested too deeply")
    try:
        length = len(json.dumps(content, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:  # half a character
        raise ValueError("holds what cannot be kept") from error
    if length > LONGEST:
        raise ValueError("is too long; a draft holds 64 KB")
    return content


def _depth(value: JsonValue) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


class DraftKind(StrEnum):
    SESSION = "session"
    GROUP = "group"
    CHECK_IN = "check_in"
    OTHER = "other"


class SaveDraft(Asked):
    """A form as it stands, whatever is in it."""

    kind: DraftKind
    participant_id: UUID | None = None
    revision: int = Field(ge=1, le=2_147_483_647, description="counted up by who types, from 1")
    content: Annotated[dict[str, JsonValue], AfterValidator(_bounded)]


async def save_draft(db: Db, keys: KeyRing, actor: Actor, draft_id: UUID, request: SaveDraft) -> Created:
    """Save a draft unless a newer one is there; the same save again changes nothing. Raises `Refused`, `NotThere`."""
    await end_old(db, actor)
    if request.participant_id is not None:
        if await db.get(Participant, (db.scope.agency_id, request.participant_id)) is None:
            raise NotThere
        family = await family_of(db, request.participant_id)
        await require_care(db, actor, family, local_day(db.now, await zone_of(db)))
    owner_id = request.participant_id or actor.staff_id
    sealer = await keys.sealer(db, db.scope.agency_id, owner_id)
    values = {
        "agency_id": db.scope.agency_id,
        "staff_id": actor.staff_id,
        "id": draft_id,
        "kind": request.kind,
        "participant_id": request.participant_id,
        "owner_id": owner_id,
        "content": sealer.seal(DRAFT, json.dumps(request.content)),
        "revision": request.revision,
        "begun_at": db.now,
        "saved_at": db.now,
    }
    saved = await db.scalar(_upsert(values))
    if saved is None:
        await _require_same(db, keys, actor, draft_id, request)
    elif saved == db.now:
        await _require_room(db, actor)
        db.audit("draft.begin", draft_id)
    return Created(id=draft_id, version=request.revision)


def _upsert(values: dict[str, Any]) -> Any:
    """Write a draft if it is new or newer; answers since when it has been there, or nothing."""
    written = insert(TABLE).values(values)
    told = {name: written.excluded[name] for name in values if name not in ("agency_id", "staff_id", "id", "begun_at")}
    newer = TABLE.c.revision < written.excluded.revision
    key = ("agency_id", "staff_id", "id")
    return written.on_conflict_do_update(index_elements=key, set_=told, where=newer).returning(TABLE.c.begun_at)


async def _require_same(db: Db, keys: KeyRing, actor: Actor, draft_id: UUID, request: SaveDraft) -> None:
    """Raise `Refused` unless what is there is what was sent: a lost answer, and not two windows."""
    there = await db.get(NoteDraft, (db.scope.agency_id, actor.staff_id, draft_id))
    if there is not None and there.revision == request.revision:
        sealer = await keys.sealer(db, db.scope.agency_id, there.owner_id)
        if opened(sealer, there.content) == request.content:
            return
    detail = "A newer version is saved, perhaps from another window. Read it, then save yours with a higher revision."
    raise Refused("draft-is-newer", detail)


def opened(sealer: Sealer, sealed: bytes) -> dict[str, Any]:
    """Return a draft as it was typed; it is sealed as text, for numbers in it may be of any length."""
    content: dict[str, Any] = json.loads(str(sealer.open(DRAFT, sealed)))
    return content


async def _require_room(db: Db, actor: Actor) -> None:
    own = select(func.count()).select_from(TABLE).where(_own(db, actor))
    if (await db.scalar(own) or 0) > MOST:
        raise Refused("too-many-drafts", "You have 200 drafts. Finish or delete some of them first.")


async def delete_draft(db: Db, actor: Actor, draft_id: UUID) -> None:
    """Delete a draft for good. Raises `NotThere`."""
    gone = await db.scalar(delete(TABLE).where(_own(db, actor), TABLE.c.id == draft_id).returning(TABLE.c.id))
    if gone is None:
        raise NotThere
    db.audit("draft.delete", draft_id)


async def end_old(db: Db, actor: Actor) -> None:
    """Delete the actor's drafts that nobody saved for a month."""
    await db.execute(delete(TABLE).where(_own(db, actor), TABLE.c.saved_at < db.now - LIFE))


def _own(db: Db, actor: Actor) -> Any:
    return (TABLE.c.agency_id == db.scope.agency_id) & (TABLE.c.staff_id == actor.staff_id)
