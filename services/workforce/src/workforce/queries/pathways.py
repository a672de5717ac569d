"""What somebody attested, as a condition that any question about staff can carry."""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select

from common.contracts.workforce_codes import AttestationKind
from common.database import Db
from common.identity import Actor
from workforce.commands.reach import ADMINISTRATION, within_reach
from workforce.models import Attestation


class LivedExperience(StrEnum):
    """All that a record says of somebody's pathway; there is no code for what the experience is."""

    ATTESTED = "attested"


async def lived_experience_of(db: Db, actor: Actor, staff_id: UUID, day: date) -> LivedExperience | None:
    """Return what the record shows the caller on a day; None if nothing was attested, or it is not theirs to see."""
    shown = lived_experience_shown(actor, db.scope.agency_id, literal(staff_id), day)
    return LivedExperience.ATTESTED if await db.scalar(select(shown)) else None


def has_attested(agency_id: Any, staff_id: Any, kind: AttestationKind, day: date) -> ColumnElement[bool]:
    """Return the condition that somebody's declaration of a kind stands on a day."""
    row = Attestation
    return exists().where(
        row.agency_id == agency_id,
        row.staff_id == staff_id,
        row.kind == kind,
        row.signed_on <= day,
        or_(row.withdrawn_on.is_(None), row.withdrawn_on > day),
    )


def lived_experience_shown(actor: Actor, agency_id: Any, staff_id: Any, day: date) -> ColumnElement[bool]:
    """Return the condition that the caller may see that somebody attested to lived experience, and that they did.

    To anybody else it is as if nothing had been attested; of what the experience is, nothing is kept at all.
    """
    attested = has_attested(agency_id, staff_id, AttestationKind.LIVED_EXPERIENCE, day)
    return and_(within_reach(actor, day, staff_id, ADMINISTRATION), attested)
