"""Under which packs people stood when: those of every program they work in, for as long as both hold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from common.database import Db
from common.packs import LAST
from workforce.models import Placement, ProgramPack
from workforce.rules.standing import Stood


@dataclass(frozen=True)
class Regimes:
    """`stood`: of each person; `placements` and `choices`: what it follows from, choices by program."""

    stood: Mapping[UUID, list[Stood]]
    placements: Sequence[Placement]
    choices: Mapping[UUID, list[ProgramPack]]


async def regimes_of(db: Db, staff_ids: Collection[UUID]) -> Regimes:
    """Return under which packs members of staff stood, by two questions for all of them together."""
    theirs = Placement.agency_id == db.scope.agency_id, Placement.staff_id.in_(staff_ids)
    placements = (await db.scalars(select(Placement).where(*theirs).order_by(Placement.id))).all()
    programs = {one.program_id for one in placements}
    chosen = ProgramPack.agency_id == db.scope.agency_id, ProgramPack.program_id.in_(programs)
    choices: dict[UUID, list[ProgramPack]] = {}
    for choice in await db.scalars(select(ProgramPack).where(*chosen).order_by(ProgramPack.id)):
        choices.setdefault(choice.program_id, []).append(choice)
    stood: dict[UUID, list[Stood]] = {staff_id: [] for staff_id in staff_ids}
    for one in placements:
        stood[one.staff_id] += _under(one, choices.get(one.program_id, ()))
    return Regimes(stood, placements, choices)


def _under(placement: Placement, choices: Sequence[ProgramPack]) -> list[Stood]:
    until = placement.valid_to or LAST
    return [
        Stood(one.pack_id, max(one.valid_from, placement.valid_from), min(one.valid_to or LAST, until))
        for one in choices
        if max(one.valid_from, placement.valid_from) <= min(one.valid_to or LAST, until)
    ]
