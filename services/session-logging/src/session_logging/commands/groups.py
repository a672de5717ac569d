"""Holding a group: one group, and one session with its own note for everybody in it, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from common.contracts.session_logging import GROUP_HELD, GroupFacts
from common.database import Db
from common.errors import Unprocessable
from common.http import Created
from common.identity import Actor
from common.packs import Parameter
from common.privacy import KeyRing
from session_logging.commands.entries import Entry, Roster, Setting, Signature
from session_logging.commands.lines import Line, require_people, write_lines
from session_logging.commands.lookups import known_staff, require_new, settings_of, unknown
from session_logging.commands.notices import require_notices
from session_logging.commands.recording import require_form
from session_logging.commands.requests import Attended, Attendee, HoldGroup, ImportedGroup
from session_logging.commands.signing import circumstances, flagged, signature_of
from session_logging.models import PeerGroup
from session_logging.rules.times import Period
from session_logging.rules.units import is_delivered

GROUP: Any = PeerGroup.__table__


@dataclass(frozen=True, slots=True)
class Meeting:
    """A group as it will be written; `at` is its JSON pointer."""

    group_id: UUID
    staff_id: UUID
    setting: Setting
    period: Period
    recorded_at: datetime
    signature: Signature | None = None
    source_system: str | None = None
    above_limit: bool = False


async def hold_group(db: Db, keys: KeyRing, actor: Actor, request: HoldGroup) -> Created:
    """Record a group that the actor facilitated; one above the limit of its program or packs is kept, and flagged.

    Groups draw from the whole agency, so attendees need not be on the facilitator's own caseload.
    """
    await require_new(db, PeerGroup, request.id)
    setting = (await settings_of(db)).get(request.program_id)
    if setting is None:
        raise unknown("program", "/program_id")
    when = require_form(request, setting, db.now, is_group=True)
    await _require_co_facilitator(db, actor.staff_id, request.co_facilitator_id)
    await require_people(db, attendees(request, ""))
    seen = await circumstances(db, actor.staff_id, setting.program_id, when.service_date)
    most = seen.smallest(Parameter.GROUP_MAX, when.service_date, setting.group_max)
    meeting = Meeting(
        group_id=request.id or uuid7(),
        staff_id=actor.staff_id,
        setting=setting,
        period=when,
        recorded_at=db.now,
        signature=await signature_of(db, actor, setting, when, request.late_reason) if request.sign else None,
        above_limit=present(request) > most,
    )
    lines = lines_of(meeting, request, db.scope.agency_id)
    if request.sign:
        await require_notices(db, lines)
        lines = await flagged(db, lines)
    await write_groups(db, [(meeting, request)])
    await write_lines(db, keys, lines)
    db.audit("group.hold", meeting.group_id, size=present(request))
    for line in lines:
        db.audit("session.record", line.entry.session_id, participant_id=line.entry.participant_id)
    return Created(id=meeting.group_id, version=1)


async def _require_co_facilitator(db: Db, staff_id: UUID, co_facilitator_id: UUID | None) -> None:
    if co_facilitator_id is None:
        return
    if co_facilitator_id == staff_id:
        raise Unprocessable("co-facilitates-oneself", "Name somebody else.", "/co_facilitator_id")
    if co_facilitator_id not in await known_staff(db, [co_facilitator_id]):
        raise unknown("staff", "/co_facilitator_id")


def attendees(group: HoldGroup | ImportedGroup, at: str) -> Mapping[str, Attended]:
    """Return a group's attendees by JSON pointer. Raises `Unprocessable` for a roster that cannot be."""
    by_pointer: dict[str, Attended] = {}
    seen: set[UUID] = set()
    for place, attendee in enumerate(group.attendees):
        pointer = f"{at}/attendees/{place}"
        if attendee.participant_id in seen:
            raise Unprocessable("twice-in-one-group", "Name each person once.", f"{pointer}/participant_id")
        seen.add(attendee.participant_id)
        by_pointer[pointer] = attendee
    if not present(group):
        raise Unprocessable("nobody-present", "A group needs at least one person who was there.", f"{at}/attendees")
    return by_pointer


def present(group: HoldGroup | ImportedGroup) -> int:
    return sum(is_delivered(attendee.outcome) for attendee in group.attendees)


async def write_groups(db: Db, groups: Sequence[tuple[Meeting, HoldGroup | ImportedGroup]]) -> None:
    """Write groups without their sessions, and publish that they were held."""
    if not groups:
        return
    rows = [_group_row(db.scope.agency_id, meeting, group) for meeting, group in groups]
    await db.execute(insert(GROUP), rows)
    for row in rows:
        shared = {name: row[name] for name in GroupFacts.model_fields if name in row}
        held = GroupFacts(group_id=row["id"], imported=row["source_system"] is not None, **shared)
        db.publish(GROUP_HELD, held, about=row["id"], seq=1, recorded_at=row["recorded_at"])


def _group_row(agency_id: UUID, meeting: Meeting, group: HoldGroup | ImportedGroup) -> dict[str, Any]:
    return {
        "agency_id": agency_id,
        "id": meeting.group_id,
        "program_id": meeting.setting.program_id,
        "staff_id": meeting.staff_id,
        "co_facilitator_id": group.co_facilitator_id,
        "started_at": meeting.period.started_at,
        "ended_at": meeting.period.ended_at,
        "size": present(group),
        "recorded_at": meeting.recorded_at,
        "source_system": meeting.source_system,
    }


def lines_of(meeting: Meeting, group: HoldGroup | ImportedGroup, agency_id: UUID) -> list[Line]:
    """Return one session for each attendee, all at the group's time and under the group's program."""
    roster = Roster(meeting.group_id, present(group), meeting.above_limit)
    return [
        Line(_entry(meeting, roster, attendee, agency_id), group, attendee, meeting.period)
        for attendee in group.attendees
    ]


def _entry(meeting: Meeting, roster: Roster, attendee: Attendee, agency_id: UUID) -> Entry:
    return Entry(
        agency_id=agency_id,
        session_id=uuid7(),
        participant_id=attendee.participant_id,
        episode_id=attendee.episode_id,
        staff_id=meeting.staff_id,
        setting=meeting.setting,
        recorded_at=meeting.recorded_at,
        signature=meeting.signature,
        roster=roster,
        source_system=meeting.source_system,
    )
