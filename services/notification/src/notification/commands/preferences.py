"""Choosing how one hears of things: which ways in which order, in which hours, on which days."""

from typing import Annotated

from pydantic import Field

from common.contracts.notification import Weekday
from common.database import Db
from common.errors import Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Distinct
from notification.models import Preference
from notification.rules.messages import Channel
from notification.rules.wishes import WEEK, Group, WallClock, require_reachable

Ways = Annotated[list[Channel], Field(max_length=len(Channel)), Distinct]
OUTWARD = frozenset({Channel.EMAIL, Channel.SMS, Channel.PUSH})


class ChangePreferences(Asked):
    """The whole choice. A group left out is told as usual, one with no way is told in the inbox alone."""

    channels: dict[Group, Ways] = Field(default={}, description="by group of kinds, the first way first")
    quiet_from: WallClock | None = Field(default=None, description="on the agency's clock, such as 19:00")
    quiet_to: WallClock | None = Field(default=None, description="may be on the next day")
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7), Distinct] = list(WEEK)


async def change_preferences(db: Db, actor: Actor, expected: int, request: ChangePreferences) -> Created:
    """Set one's choice as a whole; the first is made against version 0. Raises `Unprocessable`, `Refused`."""
    _require_sense(request)
    key = (db.scope.agency_id, actor.staff_id)
    chosen = await db.get(Preference, key, with_for_update=True)
    require_version(chosen.version if chosen else 0, expected)
    if chosen is None:
        chosen = Preference(agency_id=key[0], staff_id=key[1], version=0)
        db.add(chosen)
    chosen.channels = {group.value: list(ways) for group, ways in request.channels.items()}
    chosen.quiet_from, chosen.quiet_to = request.quiet_from, request.quiet_to
    chosen.weekdays = sorted(request.weekdays)
    chosen.changed_at = db.now
    chosen.version += 1
    db.audit("preference.change", actor.staff_id)
    return Created(id=actor.staff_id, version=chosen.version)


def _require_sense(request: ChangePreferences) -> None:
    require_reachable(request.channels)
    for group, ways in request.channels.items():
        if set(ways) - OUTWARD:
            detail = "What is told is in the inbox anyway. Name e-mail, SMS or push, or nothing for the inbox alone."
            raise Unprocessable("inbox-is-no-choice", detail, f"/channels/{group}")
    if (request.quiet_from is None) != (request.quiet_to is None):
        raise Unprocessable("quiet-hours-half", "Give both ends of the quiet hours, or neither.", "/quiet_from")
    if request.quiet_from is not None and request.quiet_from == request.quiet_to:
        detail = "Quiet hours that end when they begin leave no time. Give another end."
        raise Unprocessable("quiet-hours-all-day", detail, "/quiet_to")
