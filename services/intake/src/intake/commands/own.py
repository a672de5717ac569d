"""The codes that open a person's own view: made from keys and a row, shown while they are good, stored nowhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator
from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, blind_index
from common.text import Asked
from intake.commands.access import family_of, reach, reach_unmerged
from intake.commands.instruments import require_pack
from intake.commands.recording import Recording, recording
from intake.models import Episode, OwnCode, OwnCodeHandle, Participant
from intake.rules.instruments import InstrumentCode
from intake.rules.own import Obstacle, OwnLanguage, OwnPurpose, code_letters, grouped, obstacle, typed_letters

TypedCode = Annotated[str, StringConstraints(min_length=1, max_length=40)]


OBSTACLES = {
    Obstacle.NO_WORDS: ("instrument-without-words", "The wording of this instrument is not here. Ask it in person."),
    Obstacle.OTHER_LANGUAGE: (
        "instrument-in-other-languages",
        "This instrument is not here in that language. Choose one of its languages, or ask it in person.",
    ),
    Obstacle.DANGER: (
        "instrument-needs-somebody-near",
        "This instrument asks about danger. Give valid_minutes and stay near, or ask it in person.",
    ),
}


class OwnCodeUnknown(Refused):
    """Whether a code is mistyped, over, used or meant for something else stays unsaid."""

    status = 404

    def __init__(self) -> None:
        super().__init__(
            "own-code-unknown",
            "This code opens nothing here. Check how it is written, or ask who gave it to you for a new one.",
        )


class MakeOwnCode(Asked):
    """An instrument's code says which instrument, and of which of the person's episodes."""

    purpose: OwnPurpose
    episode_id: UUID | None = None
    instrument: InstrumentCode | None = None
    language: OwnLanguage = OwnLanguage.EN
    valid_hours: int = Field(default=24, ge=1, le=72)
    valid_minutes: int | None = Field(
        default=None, ge=5, le=59, description="instead of hours, at a kiosk, somebody being near"
    )

    @model_validator(mode="after")
    def _an_instrument_of_an_episode(self) -> Self:
        wanted = self.purpose is OwnPurpose.INSTRUMENT
        if (self.instrument is not None, self.episode_id is not None) != (wanted, wanted):
            raise ValueError("give instrument and episode_id for the purpose instrument, and only then")
        return self


class OwnCodeMade(Created):
    expires_at: AwareDatetime


class ShownCode(BaseModel):
    id: UUID
    code: str
    purpose: OwnPurpose
    expires_at: AwareDatetime
    version: int


@dataclass(frozen=True, slots=True)
class CodeOwner:
    """Which agency made a code, and which of its codes it is."""

    agency_id: UUID
    own_code_id: UUID


async def make_own_code(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: MakeOwnCode) -> OwnCodeMade:
    """Make a code for one person and purpose; an earlier one for the same ends."""
    now = await recording(db)
    participant = await reach_unmerged(db, actor, participant_id, now, lock=True)
    pack_version = await _pack_version(db, actor, participant, request, now)
    await _end_earlier(db, participant.id, request.purpose)
    life = timedelta(minutes=request.valid_minutes) if request.valid_minutes else timedelta(hours=request.valid_hours)
    code = OwnCode(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant.id,
        purpose=request.purpose,
        episode_id=request.episode_id,
        instrument=request.instrument,
        pack_version=pack_version,
        language=request.language,
        made_at=now.now,
        made_by=actor.staff_id,
        expires_at=now.now + life,
        version=1,
    )
    letters = await _letters(db, keys, code)
    db.add_all(
        [code, OwnCodeHandle(handle=_handle(keys, letters), owner_agency_id=code.agency_id, own_code_id=code.id)]
    )
    db.audit("own-code.make", participant.id, own_code_id=code.id, purpose=request.purpose)
    return OwnCodeMade(id=code.id, version=1, expires_at=code.expires_at)


async def _pack_version(
    db: Db, actor: Actor, participant: Participant, request: MakeOwnCode, now: Recording
) -> str | None:
    """Return the version of the instrument to fill in. Raises `Refused` if it cannot be filled in alone."""
    if request.instrument is None or request.episode_id is None:
        return None
    episode = await reach(db, actor, Episode, request.episode_id, now)
    if episode.participant_id not in await family_of(db, participant):
        raise NotThere
    pack = await require_pack(db, request.instrument, None)
    if found := obstacle(pack, request.language, staff_near=request.valid_minutes is not None):
        raise Refused(*OBSTACLES[found])
    return pack.version


async def _end_earlier(db: Db, participant_id: UUID, purpose: OwnPurpose) -> None:
    await db.execute(
        update(OwnCode)
        .where(
            OwnCode.agency_id == db.scope.agency_id,
            OwnCode.participant_id == participant_id,
            OwnCode.purpose == purpose,
            OwnCode.ended_at.is_(None),
            OwnCode.used_at.is_(None),
        )
        .values(ended_at=db.now, version=OwnCode.version + 1)
    )


async def _letters(db: Db, keys: KeyRing, code: OwnCode) -> str:
    key = await keys.index_key(db, code.agency_id)
    return code_letters(blind_index(key, "own-code", str(code.id)))


def _handle(keys: KeyRing, letters: str) -> bytes:
    return blind_index(keys.platform_index_key(), "own-code", letters)


def is_good(code: OwnCode, at: datetime) -> bool:
    """Tell whether a code still opens anything."""
    return code.ended_at is None and code.used_at is None and at < code.expires_at


async def show_own_code(db: Db, keys: KeyRing, actor: Actor, own_code_id: UUID) -> ShownCode:
    """Return the code to hand over, to its maker alone and while it is good."""
    code = await reach(db, actor, OwnCode, own_code_id, await recording(db))
    if code.made_by != actor.staff_id:
        raise NotThere
    if not is_good(code, db.now):
        raise Refused("own-code-over", "This code is over. Make a new one.")
    db.audit("own-code.show", code.participant_id, own_code_id=code.id)
    return ShownCode(
        id=code.id,
        code=grouped(await _letters(db, keys, code)),
        purpose=OwnPurpose(code.purpose),
        expires_at=code.expires_at,
        version=code.version,
    )


async def end_own_code(db: Db, actor: Actor, own_code_id: UUID, *, expected: int) -> Created:
    """End a code that was lost or is no longer wanted."""
    code = await reach(db, actor, OwnCode, own_code_id, await recording(db), lock=True)
    require_version(code.version, expected)
    code.ended_at = code.ended_at or db.now
    code.version += 1
    db.audit("own-code.end", code.participant_id, own_code_id=code.id)
    return Created(id=code.id, version=code.version)


async def find_owner(db: Db, keys: KeyRing, typed: str) -> CodeOwner:
    """Return whose code was typed, without any agency's context. Raises `OwnCodeUnknown`."""
    letters = typed_letters(typed)
    if letters is None:
        raise OwnCodeUnknown
    question = select(OwnCodeHandle).where(OwnCodeHandle.handle == _handle(keys, letters))
    found = await db.scalar(question)
    if found is None:
        raise OwnCodeUnknown
    return CodeOwner(found.owner_agency_id, found.own_code_id)


async def code_for(
    db: Db, own_code_id: UUID, purpose: OwnPurpose, *, lock: bool = False, spent: bool = False
) -> OwnCode:
    """Return a code of this agency that is good for `purpose`, or used up if `spent`. Raises `OwnCodeUnknown`."""
    code = await db.get(OwnCode, (db.scope.agency_id, own_code_id), with_for_update=lock)
    over = code is None or code.ended_at is not None or db.now >= code.expires_at
    if code is None or over or code.purpose != purpose or (code.used_at is not None and not spent):
        raise OwnCodeUnknown
    code.opened_at = code.opened_at or db.now
    return code
