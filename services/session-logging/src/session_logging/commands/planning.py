"""Who is to do what is planned: oneself, or whom a supervisor names; and for whom they may."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select

from common.contracts.codes import Role
from common.database import Db
from common.errors import Forbidden, NotThere, Refused
from common.identity import Actor
from common.text import local_day
from session_logging.commands.lookups import is_one_of, require_care, unknown, zone_of
from session_logging.models import Assignment, Participant, Staff


async def require_person(db: Db, actor: Actor, participant_id: UUID, family: Sequence[UUID], day: date) -> None:
    """Raise `NotThere` unless the person is known and the actor serves them, on `day` or today."""
    if await db.get(Participant, (db.scope.agency_id, participant_id)) is None:
        raise NotThere
    await require_care(db, actor, family, day)


async def worker_of(db: Db, actor: Actor, asked: UUID | None, family: Sequence[UUID] | None, day: date) -> UUID:
    """Return who is to do something on `day`: the actor, or whom a supervisor names.

    `family`: the records of the person it is about, if it is about one. Raises `Forbidden`, `Refused`, `Unprocessable`.
    """
    if asked is None or asked == actor.staff_id:
        return actor.staff_id
    if not actor.may(Role.SUPERVISOR):
        raise Forbidden("only-supervisors", "Only a supervisor plans for somebody else. Ask one.")
    worker = await db.get(Staff, (db.scope.agency_id, asked))
    if worker is None or not {Role.PEER, Role.SUPERVISOR} & set(worker.roles):
        raise unknown("worker", "/staff_id")
    if not worker.employed_from <= day <= (worker.employed_to or date.max):
        raise Refused("not-employed-then", "This worker is not employed on that day. Choose another worker or day.")
    if family is not None and Role.SUPERVISOR not in worker.roles:
        await require_serves(db, worker.id, family, day)
    return worker.id


async def require_serves(db: Db, staff_id: UUID, family: Sequence[UUID], day: date) -> None:
    """Raise `Refused` unless a worker serves somebody under any of these records, on `day` or today."""
    today = local_day(db.now, await zone_of(db))
    served = (
        select(Assignment.valid_from, Assignment.valid_to)
        .where(Assignment.agency_id == db.scope.agency_id, Assignment.staff_id == staff_id)
        .where(is_one_of(Assignment.participant_id, family))
        .where(or_(Assignment.valid_to.is_(None), Assignment.valid_to >= min(day, today)))
    )
    times = [(row.valid_from, row.valid_to or date.max) for row in await db.execute(served)]
    if not any(begin <= one <= end for begin, end in times for one in (day, today)):
        raise Refused("not-their-worker", "This worker does not serve the person then. Assign them first.")


def within_work(actor: Actor) -> Actor:
    """Return the actor without an auditor's role: audits go by agreements, not by plans of the day."""
    return replace(actor, roles=actor.roles - {Role.AUDITOR})
