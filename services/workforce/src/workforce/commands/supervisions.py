"""Supervisions that were held: recorded by the supervisor, or by a worker and then confirmed; and what follows."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.contracts.workforce_codes import SupervisionMode, SupervisionTopic
from common.database import Db
from common.errors import Forbidden, NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Distinct, Prose
from workforce.commands.reach import supervised_on, today_of
from workforce.models import FollowUp, Staff, SupervisedWorker, Supervision, SupervisorAssignment
from workforce.rules.supervision import SupervisionState, SupervisionVoidReason

WORDS = "supervised_worker.words"
OWN_NOTES = "supervision.own_notes"
WHAT = "supervision_follow_up.what"


class Follow(Asked):
    """Something that one of the workers does next, by a day."""

    staff_id: UUID
    what: Annotated[Prose, Field(max_length=1000)]
    due_on: Day


class Held(Asked):
    """`words`: what the supervisor and each of the workers may read; they stay in workforce, sealed."""

    held_on: Day
    minutes: int = Field(ge=1, le=600)
    mode: SupervisionMode
    topics: Annotated[list[SupervisionTopic], Distinct] = Field(default=[], max_length=len(SupervisionTopic))
    words: Prose | None = None


class RecordSupervision(Held):
    """The caller supervised. `own_notes`: for the supervisor's eyes alone."""

    staff_ids: Annotated[list[UUID], Distinct] = Field(min_length=1, max_length=50)
    own_notes: Prose | None = None
    follow_ups: list[Follow] = Field(default=[], max_length=50)


class ProposeSupervision(Held):
    """The caller was supervised; it counts once the supervisor has confirmed it."""

    supervisor_id: UUID


class Confirm(Asked):
    """It was held, as it says."""


class VoidSupervision(Asked):
    reason: SupervisionVoidReason


class Do(Asked):
    done_on: Day


async def record_supervision(db: Db, keys: KeyRing, actor: Actor, request: RecordSupervision) -> Created:
    if actor.staff_id in request.staff_ids:
        raise Unprocessable("supervises-oneself", "Leave yourself out: nobody supervises themself.", "/staff_ids")
    await _require_day(db, request.held_on)
    await _require_workers(db, request.staff_ids, request.held_on)
    _require_theirs(request)
    sealer = await keys.sealer(db, db.scope.agency_id, actor.staff_id)
    supervision = _row(db, actor, request, actor.staff_id, SupervisionState.HELD)
    supervision.own_notes = None if request.own_notes is None else sealer.seal(OWN_NOTES, request.own_notes)
    await _keep(db, keys, supervision, request.staff_ids, request.words)
    await _keep_follow_ups(db, keys, supervision, request.follow_ups)
    _tell(db, supervision, request.staff_ids)
    return Created(id=supervision.id, version=1)


async def _require_day(db: Db, held_on: date) -> None:
    if held_on > await today_of(db):
        raise Unprocessable("supervision-in-the-future", "Record a supervision once it was held.", "/held_on")


async def _require_workers(db: Db, staff_ids: Sequence[UUID], held_on: date) -> None:
    """Raise `Unprocessable` unless all are staff who worked here on the day; a stand-in may supervise anybody."""
    question = select(Staff).where(Staff.agency_id == db.scope.agency_id, Staff.id.in_(staff_ids))
    known = {one.id: one for one in await db.scalars(question)}
    for place, staff_id in enumerate(staff_ids):
        one = known.get(staff_id)
        if one is None:
            raise Unprocessable("no-such-staff", "No member of staff has this id.", f"/staff_ids/{place}")
        if held_on < one.employed_from or (one.employed_to is not None and held_on > one.employed_to):
            raise Unprocessable("not-employed-then", "They did not work here on that day.", f"/staff_ids/{place}")


def _require_theirs(request: RecordSupervision) -> None:
    for place, one in enumerate(request.follow_ups):
        if one.staff_id not in request.staff_ids:
            raise Unprocessable("not-in-this-supervision", "They did not take part.", f"/follow_ups/{place}/staff_id")
        if one.due_on < request.held_on:
            raise Unprocessable("due-before-the-supervision", "Choose a later day.", f"/follow_ups/{place}/due_on")


def _row(db: Db, actor: Actor, said: Held, supervisor_id: UUID, state: SupervisionState) -> Supervision:
    return Supervision(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        supervisor_id=supervisor_id,
        held_on=said.held_on,
        minutes=said.minutes,
        mode=said.mode,
        topics=sorted(said.topics),
        state=state,
        recorded_by=actor.staff_id,
        recorded_at=db.now,
        version=1,
    )


async def _keep(db: Db, keys: KeyRing, supervision: Supervision, staff_ids: Sequence[UUID], words: str | None) -> None:
    db.add(supervision)
    await db.flush()
    sealers = await keys.sealers(db, db.scope.agency_id, staff_ids)
    for staff_id in staff_ids:
        db.add(
            SupervisedWorker(
                agency_id=db.scope.agency_id,
                supervision_id=supervision.id,
                staff_id=staff_id,
                words=None if words is None else sealers[staff_id].seal(WORDS, words),
            )
        )
        db.audit("supervision.record", supervision.id, staff_id=staff_id)
    await db.flush()


async def _keep_follow_ups(db: Db, keys: KeyRing, supervision: Supervision, follow_ups: Sequence[Follow]) -> None:
    sealers = await keys.sealers(db, db.scope.agency_id, {one.staff_id for one in follow_ups})
    for one in follow_ups:
        db.add(
            FollowUp(
                agency_id=db.scope.agency_id,
                id=uuid7(),
                supervision_id=supervision.id,
                staff_id=one.staff_id,
                what=sealers[one.staff_id].seal(WHAT, one.what),
                due_on=one.due_on,
                version=1,
            )
        )


def _tell(db: Db, supervision: Supervision, staff_ids: Sequence[UUID]) -> None:
    told = facts.SupervisionFacts(
        supervision_id=supervision.id,
        supervisor_id=supervision.supervisor_id,
        staff_ids=sorted(staff_ids),
        held_on=supervision.held_on,
        minutes=supervision.minutes,
        mode=SupervisionMode(supervision.mode),
        topics=[SupervisionTopic(one) for one in supervision.topics],
        voided=supervision.state == SupervisionState.VOIDED,
    )
    db.publish(facts.SUPERVISION_HELD, told, about=supervision.id, seq=supervision.version)


async def propose_supervision(db: Db, keys: KeyRing, actor: Actor, request: ProposeSupervision) -> Created:
    """Note a supervision as the worker; nothing is told of it until the supervisor has confirmed it."""
    await _require_day(db, request.held_on)
    await _require_workers(db, [actor.staff_id], request.held_on)
    question = select(SupervisorAssignment.id).where(
        SupervisorAssignment.agency_id == db.scope.agency_id,
        SupervisorAssignment.staff_id == actor.staff_id,
        SupervisorAssignment.supervisor_id == request.supervisor_id,
        supervised_on(request.held_on),
    )
    if await db.scalar(question.limit(1)) is None:
        raise Unprocessable("not-your-supervisor", "Name who supervised you on that day.", "/supervisor_id")
    supervision = _row(db, actor, request, request.supervisor_id, SupervisionState.PROPOSED)
    await _keep(db, keys, supervision, [actor.staff_id], request.words)
    return Created(id=supervision.id, version=1)


async def confirm_supervision(db: Db, actor: Actor, supervision_id: UUID, expected: int) -> Created:
    """Confirm, as the supervisor named, that what a worker noted was held."""
    supervision = await _locked(db, supervision_id)
    if supervision.supervisor_id != actor.staff_id:
        raise NotThere
    require_version(supervision.version, expected)
    if supervision.state != SupervisionState.PROPOSED:
        raise Refused("nothing-to-confirm", "It is confirmed or taken back already. Reload it.")
    supervision.state = SupervisionState.HELD
    supervision.version += 1
    _tell(db, supervision, await _staff_ids(db, supervision))
    db.audit("supervision.confirm", supervision.id)
    return Created(id=supervision.id, version=supervision.version)


async def _locked(db: Db, supervision_id: UUID) -> Supervision:
    supervision = await db.get(Supervision, (db.scope.agency_id, supervision_id), with_for_update=True)
    if supervision is None:
        raise NotThere
    return supervision


async def _staff_ids(db: Db, supervision: Supervision) -> list[UUID]:
    row = SupervisedWorker
    question = select(row.staff_id).where(row.agency_id == supervision.agency_id, row.supervision_id == supervision.id)
    return list(await db.scalars(question.order_by(row.staff_id)))


async def void_supervision(
    db: Db, actor: Actor, supervision_id: UUID, request: VoidSupervision, expected: int
) -> Created:
    """Take a supervision back, by its supervisor or an administrator; a proposal also by the worker who made it."""
    supervision = await _locked(db, supervision_id)
    await _require_voider(db, actor, supervision)
    require_version(supervision.version, expected)
    if supervision.state == SupervisionState.VOIDED:
        raise Refused("supervision-voided-already", "It was taken back already. Reload it.")
    was_told = supervision.state == SupervisionState.HELD
    supervision.state, supervision.void_reason = SupervisionState.VOIDED, request.reason
    supervision.version += 1
    if was_told:
        _tell(db, supervision, await _staff_ids(db, supervision))
    db.audit("supervision.void", supervision.id, reason=request.reason)
    return Created(id=supervision.id, version=supervision.version)


async def _require_voider(db: Db, actor: Actor, supervision: Supervision) -> None:
    proposed = supervision.state == SupervisionState.PROPOSED
    if actor.staff_id == supervision.supervisor_id or actor.may(Role.ADMINISTRATOR):
        return
    if proposed and actor.staff_id == supervision.recorded_by:
        return
    if actor.staff_id in await _staff_ids(db, supervision):
        raise Forbidden("voided-by-supervisor", "Ask your supervisor or an administrator to take it back.")
    raise NotThere


async def do_follow_up(db: Db, actor: Actor, follow_up_id: UUID, request: Do, expected: int) -> Created:
    """Note that something agreed is done, by the worker or the supervisor who agreed on it."""
    follow_up = await db.get(FollowUp, (db.scope.agency_id, follow_up_id), with_for_update=True)
    if follow_up is None:
        raise NotThere
    supervision = await db.get(Supervision, (db.scope.agency_id, follow_up.supervision_id))
    if supervision is None or actor.staff_id not in (follow_up.staff_id, supervision.supervisor_id):
        raise NotThere
    require_version(follow_up.version, expected)
    if request.done_on > await today_of(db):
        raise Unprocessable("done-in-the-future", "Note it once it is done.", "/done_on")
    if request.done_on < supervision.held_on:
        raise Unprocessable("done-before-the-supervision", "It was agreed on a later day.", "/done_on")
    if follow_up.done_on is not None:
        raise Refused("follow-up-done-already", "It is noted as done already. Reload it.")
    follow_up.done_on, follow_up.done_by = request.done_on, actor.staff_id
    follow_up.version += 1
    db.audit("follow-up.done", follow_up.id, staff_id=follow_up.staff_id)
    return Created(id=follow_up.id, version=follow_up.version)
