"""How a member of staff wants to hear of things, within what safety allows: pure decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import StringConstraints

from common.errors import Unprocessable
from notification.rules.messages import Channel, Purpose, Template
from notification.rules.told import ESCALATED, REPORT_READY, WEEKLY_DIGEST, Kind

WallClock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
WEEK = tuple(range(7))
ALL_WAYS = (Channel.SMS, Channel.PUSH, Channel.EMAIL)
TRIED_DAYS = 8  # within a week and a day there is an hour for everything, or the choice was refused


class Group(StrEnum):
    """What is chosen together."""

    SAFETY = "safety"
    PEOPLE = "people"  # who was assigned, what changed about somebody served
    NOTES = "notes"  # returned, overdue, to be co-signed
    DEADLINES = "deadlines"  # windows, reviews, credentials, consents, supervision, tasks
    DIGESTS = "digests"  # counts, and reports that are ready
    ESCALATIONS = "escalations"  # what still waits for somebody one supervises


GROUPS: dict[str, Group] = {
    Template.ASSIGNMENT: Group.PEOPLE,
    Template.BREAK_GLASS: Group.PEOPLE,
    Template.HAND_OVER: Group.PEOPLE,
    Template.PAPER_CHANGED: Group.PEOPLE,
    Kind.REFERRAL_WAITING: Group.PEOPLE,
    Kind.NOTE_OVERDUE: Group.NOTES,
    Kind.NOTE_RETURNED: Group.NOTES,
    Kind.COSIGNATURE_WAITING: Group.NOTES,
    Template.OVERDUE_DIGEST: Group.DIGESTS,
    WEEKLY_DIGEST: Group.DIGESTS,
    REPORT_READY: Group.DIGESTS,
    ESCALATED: Group.ESCALATIONS,
}
USUAL: dict[Group, tuple[Channel, ...]] = {
    **dict.fromkeys(Group, (Channel.EMAIL,)),
    Group.SAFETY: ALL_WAYS,
}


def group_of(template: str, purpose: Purpose) -> Group:
    """Return the group of a message; whatever is for safety is safety's."""
    return Group.SAFETY if purpose is Purpose.SAFETY else GROUPS.get(template, Group.DEADLINES)


def channels(chosen: Mapping[str, Sequence[str]], template: str, purpose: Purpose) -> list[Channel]:
    """Return the ways in which somebody wants to hear of it, in order.

    For safety, every way stays open: those that were not chosen come last. Nothing chosen means the inbox alone.
    """
    group = group_of(template, purpose)
    wanted = [Channel(one) for one in chosen.get(group, USUAL[group])]
    if group is Group.SAFETY:
        return [*wanted, *(one for one in ALL_WAYS if one not in wanted)]
    return wanted or [Channel.INBOX]


def require_reachable(chosen: Mapping[Group, Sequence[Channel]]) -> None:
    """Raise `Unprocessable` for a choice that would keep safety from somebody."""
    if Group.SAFETY in chosen and not chosen[Group.SAFETY]:
        raise Unprocessable(
            "safety-cannot-be-silent",
            "Safety alerts always reach you. Choose at least one way in which they do.",
            "/channels/safety",
        )


@dataclass(frozen=True)
class Hours:
    """When somebody wants nothing but safety: from and to a wall-clock time, and on all days but `weekdays`."""

    quiet_from: time | None = None
    quiet_to: time | None = None
    weekdays: tuple[int, ...] = WEEK


def wanted_at(hours: Hours, zone: str, at: datetime) -> datetime:
    """Return the first instant from `at` at which somebody wants to hear something; `at` itself if they do now.

    Quiet hours that end before they begin last over midnight. The clock is the agency's.
    """
    clock = ZoneInfo(zone)
    for _ in range(2 * TRIED_DAYS):
        local = at.astimezone(clock)
        if local.weekday() not in hours.weekdays:
            at = datetime.combine(local.date() + timedelta(days=1), time(), clock)
        elif hours.quiet_from and hours.quiet_to and _is_quiet(hours.quiet_from, hours.quiet_to, local.time()):
            over = local.date() + timedelta(days=1 if local.time() >= hours.quiet_to else 0)
            at = datetime.combine(over, hours.quiet_to, clock)
        else:
            return at
    return at


def _is_quiet(begins: time, ends: time, now: time) -> bool:
    return begins <= now < ends if begins < ends else now >= begins or now < ends
