"""How many people a peer may accompany at once, as the packs of the programs they work in say."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import and_, or_, select

from common.database import Db
from common.packs import Authority, Parameter, rule_on
from intake.models import Placement, ProgramPack


async def pack_limits(db: Db, staff_ids: Collection[UUID], day: date) -> dict[UUID, int]:
    """Return the smallest limit of each one's packs on a day; whose packs set none is absent, defaults among them."""
    same_program = (ProgramPack.agency_id == Placement.agency_id) & (ProgramPack.program_id == Placement.program_id)
    question = (
        select(Placement.staff_id, ProgramPack.pack_id)
        .join(ProgramPack, same_program)
        .where(
            Placement.agency_id == db.scope.agency_id,
            Placement.staff_id.in_(staff_ids),
            *(
                and_(row.valid_from <= day, or_(row.valid_to.is_(None), row.valid_to >= day))
                for row in (Placement, ProgramPack)
            ),
        )
    )
    packs: dict[UUID, set[str]] = {}
    for staff_id, pack_id in await db.execute(question):
        packs.setdefault(staff_id, set()).add(pack_id)
    rules = {staff_id: rule_on(some, Parameter.CASELOAD_MAX, day) for staff_id, some in packs.items()}
    return {
        staff_id: int(rule.value)
        for staff_id, rule in rules.items()
        if rule and rule.authority is not Authority.DEFAULT
    }
