"""Telling notification of every change of a safety concern over HTTP, because the bus may be away when it matters."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import structlog
from pydantic import SecretStr
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.calling import Calling
from common.contracts.codes import SafetyStatus
from common.contracts.intake import SafetyFacts
from common.contracts.notification import PageFacts
from common.database import Db, Scope, transaction
from common.duty import Hours
from common.identity import NOBODY
from common.runtime import Runtime
from intake.commands.recording import Recording
from intake.models import Duty, SafetyAction, SafetyCall, SafetyConcern, Staff
from intake.rules.safety import Informed, SafetyStep, next_status

LOOK_SECONDS = 0.2
ASK_SECONDS = 5
AGAIN = timedelta(seconds=2)
log = structlog.get_logger()


def facts_of(concern: SafetyConcern) -> SafetyFacts:
    """Return a concern's state as others may know it."""
    names = ("participant_id", "opened_at", "opened_by", "notified_at", "acknowledged_at", "contacted_at")
    more = ("offered_988_at", "handed_off_at", "closed_at")
    state = {name: getattr(concern, name) for name in (*names, *more)}
    return SafetyFacts(concern_id=concern.id, status=SafetyStatus(concern.status), **state)


async def call_out(db: Db, concern: SafetyConcern) -> None:
    """Have a concern's state told, as of this transaction."""
    row = {"agency_id": concern.agency_id, "concern_id": concern.id, "seq": concern.version, "at": db.now}
    newer = {"seq": concern.version, "at": db.now}
    key = [SafetyCall.agency_id, SafetyCall.concern_id]
    await db.execute(insert(SafetyCall).values(**row).on_conflict_do_update(index_elements=key, set_=newer))


async def on_call_count(db: Db, now: Recording) -> int:
    """Return how many people are on call now, as far as notification has told."""
    local = now.now.astimezone(ZoneInfo(now.zone))
    rows = await db.scalars(select(Duty).where(Duty.agency_id == db.scope.agency_id, Duty.withdrawn.is_(False)))
    hold = {one.staff_id for one in rows if _hours(one).hold(local)}
    gone = select(Staff.id).where(
        Staff.agency_id == db.scope.agency_id, Staff.id.in_(hold), Staff.employed_to < now.today
    )
    return len(hold - set(await db.scalars(gone)))


def _hours(row: Duty) -> Hours:
    return Hours(row.weekdays, row.begins, row.ends, row.valid_from, row.valid_to)


async def take_page(db: Db, paged: PageFacts) -> None:
    """Note that somebody was paged about a concern.

    Its version stays: who acknowledges it at this very moment must not be refused because our own page left.
    """
    if paged.handed_over_at is None:
        return
    mine = SafetyConcern.agency_id == db.scope.agency_id, SafetyConcern.id == paged.concern_id
    concern = await db.scalar(select(SafetyConcern).where(*mine).with_for_update())
    if concern is None or concern.notified_at is not None:
        return
    after = next_status(SafetyStatus(concern.status), SafetyStep.NOTIFICATION, contacted=False)
    concern.notified_at = paged.handed_over_at
    concern.status = after or concern.status
    db.add(
        SafetyAction(
            agency_id=concern.agency_id,
            id=uuid7(),
            participant_id=concern.participant_id,
            concern_id=concern.id,
            step=SafetyStep.NOTIFICATION,
            led_to=concern.status,
            how=Informed.SUPERVISOR if paged.nobody_on_call else Informed.ON_CALL_SUPERVISOR,
            at=paged.handed_over_at,
            recorded_at=db.now,
        )
    )


@dataclass(frozen=True, slots=True)
class Callee:
    """Where notification is asked, where tokens come from, and what is shown for one."""

    notification_url: str
    workforce_url: str
    secret: SecretStr


def calls_due(callee: Callee) -> Callable[[Runtime], Awaitable[None]]:
    """Return the chore that tells notification what is to be told."""

    async def safety_calls(runtime: Runtime) -> None:
        async with httpx.AsyncClient(timeout=ASK_SECONDS) as http:
            calling = Calling(http, "intake", callee.workforce_url, callee.secret)
            while True:
                if not await call_next(runtime, calling, callee.notification_url):
                    await asyncio.sleep(LOOK_SECONDS)

    return safety_calls


async def call_next(runtime: Runtime, calling: Calling, url: str) -> bool:
    """Tell the one that has waited longest; False if none waits. No transaction is open while notification is asked."""
    async with _transaction(runtime, NOBODY) as db:
        oldest = select(SafetyCall.agency_id, SafetyCall.concern_id).where(SafetyCall.at <= db.now)
        found = (await db.execute(oldest.order_by(SafetyCall.at).limit(1))).one_or_none()
    if found is None:
        return False
    agency_id, concern_id = found
    async with _transaction(runtime, agency_id) as db:
        concern = await db.get_one(SafetyConcern, (agency_id, concern_id))
        state, seq = facts_of(concern), concern.version
    told = await _tell(calling, f"{url}/v1/escalations/{concern_id}", agency_id, state, seq)
    async with _transaction(runtime, agency_id) as db:
        mine = SafetyCall.agency_id == agency_id, SafetyCall.concern_id == concern_id
        if told:
            await db.execute(delete(SafetyCall).where(*mine, SafetyCall.seq <= seq))
        else:
            await db.execute(update(SafetyCall).where(*mine).values(at=db.now + AGAIN))
    return True


async def _tell(calling: Calling, url: str, agency_id: UUID, state: SafetyFacts, seq: int) -> bool:
    body = {"seq": seq, "concern": state.model_dump(mode="json")}
    try:
        answer = await calling.call(agency_id, "PUT", url, json=body)
        answer.raise_for_status()
    except (httpx.HTTPError, ValueError) as error:
        log.warning("page_put_off", concern_id=str(state.concern_id), error=type(error).__name__)
        return False
    return True


def _transaction(runtime: Runtime, agency_id: UUID) -> AbstractAsyncContextManager[Db]:
    return transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7()))
