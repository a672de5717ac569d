"""Choosing whose rules a program is judged by (docs/packs.md), from a day on."""

from uuid import UUID

from pydantic import Field
from sqlalchemy import or_, select
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.packs import DEFAULT_PACK, PACKS
from common.text import Asked, Day
from workforce.models import Program, ProgramPack


class ChoosePack(Asked):
    pack_id: str = Field(max_length=40, description="one of GET /v1/packs")
    valid_from: Day
    valid_to: Day | None = None


class EndPack(Asked):
    valid_to: Day = Field(description="the last day on which the pack counts")


async def choose_pack(db: Db, program_id: UUID, request: ChoosePack) -> Created:
    """Let a pack count for a program. Raises `NotThere`, `Refused` where it counts then already."""
    if request.pack_id == DEFAULT_PACK:
        detail = "The defaults count wherever no chosen pack says anything. There is nothing to choose."
        raise Unprocessable("pack-always-counts", detail, "/pack_id")
    if request.pack_id not in PACKS:
        raise Unprocessable("pack-unknown", "This release knows no such pack. Take one of GET /v1/packs.", "/pack_id")
    if request.valid_to is not None and request.valid_to < request.valid_from:
        raise Unprocessable("pack-ends-before-it-starts", "Correct the days.", "/valid_to")
    await require_program(db, program_id)
    await _require_apart(db, program_id, request)
    choice = ProgramPack(
        agency_id=db.scope.agency_id, id=uuid7(), program_id=program_id, version=1, **request.model_dump()
    )
    db.add(choice)
    _tell(db, choice)
    db.audit("program-pack.choose", program_id, pack=request.pack_id)
    return Created(id=choice.id, version=1)


async def require_program(db: Db, program_id: UUID) -> Program:
    """Return the program, locked, so that two who change what hangs on it take turns. Raises `NotThere`."""
    program = await db.get(Program, (db.scope.agency_id, program_id), with_for_update=True)
    if program is None:
        raise NotThere
    return program


async def _require_apart(db: Db, program_id: UUID, request: ChoosePack) -> None:
    pack = ProgramPack
    same = select(pack.id).where(
        pack.agency_id == db.scope.agency_id,
        pack.program_id == program_id,
        pack.pack_id == request.pack_id,
        or_(pack.valid_to.is_(None), pack.valid_to >= request.valid_from),
    )
    if request.valid_to is not None:
        same = same.where(pack.valid_from <= request.valid_to)
    if await db.scalar(same.limit(1)) is not None:
        raise Refused("pack-chosen-already", "This pack counts on some of these days already. End that choice first.")


async def end_pack(db: Db, choice_id: UUID, request: EndPack, expected: int) -> Created:
    """Say on which day a pack counts for the last time; earlier records keep the rules of their own days."""
    choice = await db.get(ProgramPack, (db.scope.agency_id, choice_id), with_for_update=True)
    if choice is None:
        raise NotThere
    require_version(choice.version, expected)
    if request.valid_to < choice.valid_from:
        raise Unprocessable("pack-ends-before-it-starts", "Choose the first day or a later one.", "/valid_to")
    if choice.valid_to is not None and request.valid_to > choice.valid_to:
        raise Refused("pack-ended-already", "It ends sooner already. Choose the pack again from the day after.")
    choice.valid_to = request.valid_to
    choice.version += 1
    _tell(db, choice)
    db.audit("program-pack.end", choice.program_id, pack=choice.pack_id)
    return Created(id=choice.id, version=choice.version)


def _tell(db: Db, choice: ProgramPack) -> None:
    state = facts.ProgramPackFacts(
        choice_id=choice.id,
        program_id=choice.program_id,
        pack_id=choice.pack_id,
        valid_from=choice.valid_from,
        valid_to=choice.valid_to,
    )
    db.publish(facts.PROGRAM_PACK_CHOSEN, state, about=choice.id, seq=choice.version)
