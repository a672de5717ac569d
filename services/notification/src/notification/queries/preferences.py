"""What can be asked about how staff want to hear of things."""

from collections.abc import Collection
from datetime import time
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select

from common.database import Db
from common.identity import Actor
from notification.models import Preference
from notification.rules.messages import Channel, Purpose
from notification.rules.wishes import USUAL, WEEK, Group, Hours, channels


class PreferencesRead(BaseModel):
    """One's own choice; `version` 0: nothing was chosen yet, and this is what is usual."""

    version: int
    channels: dict[Group, list[Channel]]
    quiet_from: str | None
    quiet_to: str | None
    weekdays: list[int]


async def preferences(db: Db, actor: Actor) -> PreferencesRead:
    """Return the actor's choice, with what is usual where nothing was chosen."""
    chosen = await db.get(Preference, (db.scope.agency_id, actor.staff_id))
    usual = {group: list(ways) for group, ways in USUAL.items()}
    if chosen is None:
        return PreferencesRead(version=0, channels=usual, quiet_from=None, quiet_to=None, weekdays=list(WEEK))
    return PreferencesRead(
        version=chosen.version,
        channels=usual | {Group(one): [Channel(way) for way in ways] for one, ways in chosen.channels.items()},
        quiet_from=chosen.quiet_from,
        quiet_to=chosen.quiet_to,
        weekdays=chosen.weekdays,
    )


async def channels_for(
    db: Db, staff_ids: Collection[UUID], template: str, purpose: Purpose
) -> dict[UUID, list[Channel]]:
    """Return, for each member of staff, the ways in which they want to hear of it, the first first."""
    found = await db.execute(select(Preference.staff_id, Preference.channels).where(Preference.staff_id.in_(staff_ids)))
    chosen = {row.staff_id: row.channels for row in found}
    return {one: channels(chosen.get(one, {}), template, purpose) for one in staff_ids}


async def hours_for(db: Db, staff_ids: Collection[UUID]) -> dict[UUID, Hours]:
    """Return, for each member of staff, the hours and days in which they want nothing but safety."""
    found = await db.scalars(select(Preference).where(Preference.staff_id.in_(staff_ids)))
    chosen = {row.staff_id: _hours(row) for row in found}
    return {one: chosen.get(one, Hours()) for one in staff_ids}


def _hours(row: Preference) -> Hours:
    begins, ends = (None if one is None else time.fromisoformat(one) for one in (row.quiet_from, row.quiet_to))
    return Hours(begins, ends, tuple(row.weekdays))
