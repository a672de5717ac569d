"""Writing sessions in ordinary transactions, one or many alike: rows, sealed notes, units of the day, facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from common.contracts.session_logging import SESSION_RECORDED, SESSION_SIGNED
from common.database import Db
from common.privacy import KeyRing
from session_logging.commands.entries import Day, DayKey, Entry, facts_of, row_of
from session_logging.commands.lookups import days_so_far, episodes_of, goals_of, unknown
from session_logging.commands.requests import Attended, Service, Told
from session_logging.models import Episode, PeerSession
from session_logging.rules.times import Period
from session_logging.rules.units import is_delivered

SESSION: Any = PeerSession.__table__


@dataclass(frozen=True, slots=True)
class Line:
    """One person's session about to be written."""

    entry: Entry
    service: Service
    told: Told
    period: Period

    @property
    def day_key(self) -> DayKey | None:
        return self.entry.day_key(self.service, self.period)


async def require_people(db: Db, attended: Mapping[str, Attended]) -> dict[UUID, Episode]:
    """Return the episodes of those who attended, by id; `attended` is keyed by JSON pointer.

    Raises `Unprocessable` for the first id that is not there, or not that person's.
    """
    episodes = await episodes_of(db, {one.episode_id for one in attended.values()})
    goals = await goals_of(db, {goal_id for one in attended.values() for goal_id in one.goal_ids})
    for at, one in attended.items():
        if one.episode_id not in episodes:
            raise unknown("episode", f"{at}/episode_id")
        if episodes[one.episode_id].participant_id != one.participant_id:
            raise unknown("participant", f"{at}/participant_id")
        if any((one.episode_id, goal_id) not in goals for goal_id in one.goal_ids):
            raise unknown("goal", f"{at}/goal_ids")
    return episodes


async def write_lines(db: Db, keys: KeyRing, lines: Sequence[Line]) -> None:
    """Write sessions whose ids have been checked, and publish one fact about each."""
    if not lines:
        return
    noted = {line.entry.participant_id for line in lines if line.told.note}
    sealers = await keys.sealers(db, db.scope.agency_id, noted)
    days = await days_so_far(db, [key for line in lines if (key := line.day_key)])
    rows = []
    for line in lines:
        day = days.get(line.day_key) if line.day_key else None
        row = row_of(line.entry, line.service, line.told, line.period, sealers.get(line.entry.participant_id), day)
        if day and line.day_key:
            days[line.day_key] = _longer(day, row)
        rows.append(row)
    await db.execute(insert(SESSION), rows)
    for row in rows:
        _publish(db, row)


def _longer(day: Day, row: Mapping[str, Any]) -> Day:
    if not is_delivered(row["outcome"]):
        return day
    return Day(day.minutes + row["minutes"], day.units + Decimal(row["units"]))


def _publish(db: Db, row: Mapping[str, Any]) -> None:
    """Publish a new session's one fact: signed if it was signed at once, else recorded."""
    fact = SESSION_RECORDED if row["signed_at"] is None else SESSION_SIGNED
    db.publish(fact, facts_of(row), about=row["id"], seq=1, recorded_at=row["recorded_at"])
