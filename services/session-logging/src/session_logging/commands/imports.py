"""Taking in what another system recorded: original times, marked as imported, each row once, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Unprocessable
from common.privacy import KeyRing
from common.text import local_day
from session_logging.commands.entries import Entry, Setting, Signature
from session_logging.commands.groups import Meeting, attendees, lines_of, write_groups
from session_logging.commands.lines import Line, require_people, write_lines
from session_logging.commands.lookups import (
    held_credentials,
    is_one_of,
    known_staff,
    settings_of,
    unknown,
    zone_of,
)
from session_logging.commands.mutual_aid import attendance_row, require_past, write_attendances
from session_logging.commands.requests import (
    Attended,
    FromElsewhere,
    ImportedAttendance,
    ImportedGroup,
    ImportedSession,
    ImportHistory,
)
from session_logging.models import Episode, Imported, Participant
from session_logging.rules.credentials import HeldCredential, credential_on
from session_logging.rules.times import Period, period

IMPORTED: Any = Imported.__table__
Fresh = Mapping[str, Any]  # the rows of one kind that are new, by JSON pointer


class NewId(BaseModel):
    external_id: str
    id: UUID


class ImportedIds(BaseModel):
    """Our ids of everything in the request, in its order; a repeated import answers the same."""

    sessions: list[NewId]
    groups: list[NewId]
    mutual_aid: list[NewId]


@dataclass(frozen=True, slots=True)
class Claim:
    """A row of the source system, our id for it, and whether it is new to us."""

    kind: str
    at: str
    told: FromElsewhere
    id: UUID
    fresh: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What the agency knows that imported rows refer to."""

    settings: Mapping[UUID, Setting]
    episodes: Mapping[UUID, Episode]
    credentials: Mapping[UUID, Sequence[HeldCredential]]


async def import_history(db: Db, keys: KeyRing, request: ImportHistory) -> ImportedIds:
    """Write what is new of an import. Overlapping, late, unsigned and goal-less rows are taken as they were.

    Raises `Unprocessable`, with the pointer of the first row at fault, for ids that are not known here and for
    times that cannot be.
    """
    import_id = uuid7()
    claims = await _claim(db, request, import_id)
    fresh = [claim for claim in claims if claim.fresh]
    known = await _known(db, fresh)
    lines: list[Line] = []
    groups: list[tuple[Meeting, ImportedGroup]] = []
    for claim in fresh:
        if isinstance(claim.told, ImportedSession):
            lines.append(_line(db, claim, claim.told, known, request.source_system))
        elif isinstance(claim.told, ImportedGroup):
            meeting = _meeting(db, claim, claim.told, known, request.source_system)
            groups.append((meeting, claim.told))
            lines += lines_of(meeting, claim.told, db.scope.agency_id)
    await write_groups(db, groups)
    await write_lines(db, keys, lines)
    await _write_attendances(db, fresh, request.source_system)
    db.audit("history.import", import_id, sessions=len(lines), groups=len(groups), rows=len(fresh))
    return _answer(claims)


async def _claim(db: Db, request: ImportHistory, import_id: UUID) -> list[Claim]:
    """Give every row an id, or find the one that it was given before."""
    told = _told(request)
    rows = [
        {
            "agency_id": db.scope.agency_id,
            "source_system": request.source_system,
            "kind": kind,
            "external_id": external_id,
            "id": uuid7(),
            "import_id": import_id,
        }
        for kind, external_id in sorted(told)  # in order, so that two imports cannot deadlock
    ]
    if not rows:
        return []
    claim = insert(IMPORTED).on_conflict_do_nothing().returning(IMPORTED.c.kind, IMPORTED.c.external_id, IMPORTED.c.id)
    made = {(row.kind, row.external_id): row.id for row in await db.execute(claim, rows)}
    earlier = await _earlier(db, request.source_system, [key for key in told if key not in made])
    return [
        Claim(kind, at, row, (made | earlier)[kind, external_id], (kind, external_id) in made)
        for (kind, external_id), (at, row) in told.items()
    ]


def _told(request: ImportHistory) -> dict[tuple[str, str], tuple[str, FromElsewhere]]:
    """Return every row by kind and external id, with its JSON pointer. Raises `Unprocessable` for a repeated id."""
    told: dict[tuple[str, str], tuple[str, FromElsewhere]] = {}
    kinds: dict[str, Sequence[FromElsewhere]] = {
        "sessions": request.sessions,
        "groups": request.groups,
        "mutual_aid": request.mutual_aid,
    }
    for kind, rows in kinds.items():
        for place, row in enumerate(rows):
            at = f"/{kind}/{place}"
            if (kind, row.external_id) in told:
                raise Unprocessable("twice-in-one-import", "Send each row once.", f"{at}/external_id")
            told[kind, row.external_id] = at, row
    return told


async def _earlier(db: Db, source_system: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    if not keys:
        return {}
    found = await db.execute(
        select(IMPORTED.c.kind, IMPORTED.c.external_id, IMPORTED.c.id)
        .where(IMPORTED.c.agency_id == db.scope.agency_id, IMPORTED.c.source_system == source_system)
        .where(IMPORTED.c.external_id.in_([external_id for _, external_id in keys]))
    )
    return {(row.kind, row.external_id): row.id for row in found}


async def _known(db: Db, fresh: Sequence[Claim]) -> Known:
    """Return what the new rows refer to. Raises `Unprocessable` for the first id that is not known here."""
    settings = await settings_of(db)
    attended: dict[str, Attended] = {}
    workers: dict[str, UUID] = {}
    for claim in fresh:
        match claim.told:
            case ImportedSession() as session:
                attended[claim.at] = session
                workers[f"{claim.at}/staff_id"] = session.staff_id
            case ImportedGroup() as group:
                attended |= attendees(group, claim.at)
                workers[f"{claim.at}/staff_id"] = group.staff_id
                if group.co_facilitator_id:
                    workers[f"{claim.at}/co_facilitator_id"] = group.co_facilitator_id
                if group.program_id not in settings:
                    raise unknown("program", f"{claim.at}/program_id")
    staff_ids = set(workers.values())
    known = await known_staff(db, staff_ids)
    for pointer, staff_id in workers.items():
        if staff_id not in known:
            raise unknown("staff", pointer)
    episodes = await require_people(db, attended)
    return Known(settings, episodes, await held_credentials(db, staff_ids))


def _line(db: Db, claim: Claim, session: ImportedSession, known: Known, source_system: str) -> Line:
    setting = known.settings.get(known.episodes[session.episode_id].program_id)
    if setting is None:
        raise unknown("program", f"{claim.at}/episode_id")
    when = _when(session, setting, claim.at, db.now)
    entry = Entry(
        agency_id=db.scope.agency_id,
        session_id=claim.id,
        participant_id=session.participant_id,
        episode_id=session.episode_id,
        staff_id=session.staff_id,
        setting=setting,
        recorded_at=session.recorded_at,
        signature=_signature(session, when, setting, known),
        source_system=source_system,
    )
    return Line(entry, session, session, when)


def _meeting(db: Db, claim: Claim, group: ImportedGroup, known: Known, source_system: str) -> Meeting:
    setting = known.settings[group.program_id]
    when = _when(group, setting, claim.at, db.now)
    return Meeting(
        group_id=claim.id,
        staff_id=group.staff_id,
        setting=setting,
        period=when,
        recorded_at=group.recorded_at,
        signature=_signature(group, when, setting, known),
        source_system=source_system,
    )


def _when(row: ImportedSession | ImportedGroup, setting: Setting, at: str, now: datetime) -> Period:
    for name, moment in (("recorded_at", row.recorded_at), ("signed_at", row.signed_at)):
        if moment is not None and moment > now:
            raise Unprocessable("in-the-future", "History lies in the past.", f"{at}/{name}")
    return period(row.started_at, row.ended_at, setting.zone, now=now, at=at)


def _signature(row: ImportedSession | ImportedGroup, when: Period, setting: Setting, known: Known) -> Signature | None:
    if row.signed_at is None:
        return None
    held = known.credentials[row.staff_id]
    return Signature(row.signed_at, credential_on(when.service_date, held, setting.acceptance))


async def _write_attendances(db: Db, fresh: Sequence[Claim], source_system: str) -> None:
    told = [(claim, claim.told) for claim in fresh if isinstance(claim.told, ImportedAttendance)]
    if not told:
        return
    today = local_day(db.now, await zone_of(db))
    known = set(
        await db.scalars(
            select(Participant.id).where(is_one_of(Participant.id, {row.participant_id for _, row in told}))
        )
    )
    rows = []
    for claim, row in told:
        if row.participant_id not in known:
            raise unknown("participant", f"{claim.at}/participant_id")
        require_past(row.attended_on, today, claim.at)
        rows.append(attendance_row(db, claim.id, row, recorded_at=db.now, source_system=source_system))
    await write_attendances(db, rows)


def _answer(claims: Sequence[Claim]) -> ImportedIds:
    ids: dict[str, list[NewId]] = {"sessions": [], "groups": [], "mutual_aid": []}
    for claim in claims:
        ids[claim.kind].append(NewId(external_id=claim.told.external_id, id=claim.id))
    return ImportedIds(**ids)
