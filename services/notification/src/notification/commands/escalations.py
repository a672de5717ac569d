"""Following a safety concern up the ladder: hearing of it, paging who is on call, and going on while nobody answers.

It is heard of twice, over HTTP from intake and over the bus, so that neither has to work; whichever is newer counts.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from common.contracts import notification as facts
from common.contracts.codes import Role, SafetyStatus
from common.contracts.intake import SafetyFacts
from common.database import Db
from common.inbox import Events, newest
from notification.commands.intents import intent, store
from notification.models import Climb, Escalation, Message
from notification.queries.duties import on_call
from notification.queries.messages import staff_in
from notification.rules.ladder import Kind, Standing, Step, next_step, rung_of
from notification.rules.messages import Channel, Purpose, Template

PAGING = (Channel.PUSH, Channel.SMS, Channel.EMAIL)
KEPT = ("status", "opened_at", "opened_by", "acknowledged_at", "contacted_at", "handed_off_at", "closed_at")
LAST_RESORT = (Role.SUPERVISOR, Role.ADMINISTRATOR)


async def on_concern(db: Db, events: Events) -> None:
    for event in newest(events):
        await hear(db, event.data, event.aggregateseq)


async def hear(db: Db, concern: SafetyFacts, seq: int) -> bool:
    """Take a concern's state, page at once if it is new, and see when it goes on; False if nothing is news."""
    state = {name: getattr(concern, name) for name in KEPT} | {"seq": seq, "participant_id": concern.participant_id}
    key = {"agency_id": db.scope.agency_id, "id": concern.concern_id}
    news = insert(Escalation).values(**key, **state, level=0, told=0, nobody_on_call=False)
    taken = news.on_conflict_do_update(
        index_elements=[Escalation.agency_id, Escalation.id], set_=state, where=Escalation.seq < seq
    ).returning(Escalation.id)
    if await db.scalar(taken) is None:
        return False
    row = await _locked(db, concern.concern_id)
    await _go_on(db, row)
    return True


async def alarm(db: Db, occasion: UUID) -> None:
    """Page everybody on call, or the last resort, once: somebody wrote whom nobody here knows."""
    rungs = await on_call(db)
    paged = set().union(*rungs.values()) or await staff_in(db, LAST_RESORT)
    pages = [
        intent(
            db,
            Template.SAFETY_PAGE,
            staff_id,
            str(occasion),
            db.now,
            None,
            channel=channel,
            purpose=Purpose.SAFETY,
        )
        for staff_id in sorted(paged)
        for channel in PAGING
    ]
    await store(db, pages)


async def _locked(db: Db, concern_id: UUID) -> Escalation:
    mine = Escalation.agency_id == db.scope.agency_id, Escalation.id == concern_id
    found = await db.scalars(
        select(Escalation).where(*mine).with_for_update().execution_options(populate_existing=True)
    )
    return found.one()


async def climb(db: Db, limit: int) -> int:
    """Go on with up to `limit` of the agency's concerns whose time has come; return how many."""
    mine = Climb.agency_id == db.scope.agency_id, Climb.at <= db.now
    due = await db.scalars(
        select(Climb.concern_id).where(*mine).order_by(Climb.at).limit(limit).with_for_update(skip_locked=True)
    )
    ids = due.all()
    for concern_id in ids:
        await _go_on(db, await _locked(db, concern_id))
    return len(ids)


async def _go_on(db: Db, row: Escalation) -> None:
    """Page if it is time, and put down when to look again."""
    rungs = await on_call(db)
    step = next_step(_standing(row), len(rungs))
    if step is not None and step.at <= db.now:
        await _page(db, row, step, [rungs[rung] for rung in sorted(rungs)])
        step = next_step(_standing(row), len(rungs))
    row.next_page_at = None if step is None else step.at
    mine = Climb.agency_id == row.agency_id, Climb.concern_id == row.id
    if step is None:
        await db.execute(delete(Climb).where(*mine))
        return
    later = insert(Climb).values(agency_id=row.agency_id, concern_id=row.id, at=step.at)
    await db.execute(
        later.on_conflict_do_update(index_elements=[Climb.agency_id, Climb.concern_id], set_={"at": step.at})
    )


def _standing(row: Escalation) -> Standing:
    return Standing(
        status=SafetyStatus(row.status),
        opened_at=row.opened_at,
        acknowledged_at=row.acknowledged_at,
        contacted_at=row.contacted_at,
        handed_off_at=row.handed_off_at,
        level=row.level,
        paged_at=row.paged_at,
    )


async def _page(db: Db, row: Escalation, step: Step, rungs: list[set[UUID]]) -> None:
    """Tell one rung or everybody, by every channel at once; a reminder goes to who reviews, by their own way."""
    rung = rung_of(_standing(row), len(rungs)) if step.kind is Kind.PAGE else None
    everybody = set().union(*rungs) if step.kind is Kind.PAGE else set()
    paged = rungs[rung] if rung is not None else everybody | await staff_in(db, LAST_RESORT)
    row.level += 1
    row.paged_at = db.now
    row.nobody_on_call = not rungs
    await store(db, [one for staff_id in sorted(paged) for one in _messages(db, row, step, staff_id)])
    if step.kind is Kind.PAGE:
        _tell(db, row, paged)
    db.audit("escalation.page", row.id, level=row.level, people=len(paged), nobody_on_call=row.nobody_on_call)


def _messages(db: Db, row: Escalation, step: Step, staff_id: UUID) -> list[dict[str, object]]:
    occasion = f"{row.id} {row.level}"
    if step.kind is Kind.REMINDER:
        return [intent(db, Template.SAFETY_REMINDER, staff_id, occasion, db.now, None)]
    return [
        intent(db, Template.SAFETY_PAGE, staff_id, occasion, db.now, None, channel=channel, purpose=Purpose.SAFETY)
        for channel in PAGING
    ]


def _tell(db: Db, row: Escalation, paged: Collection[UUID]) -> None:
    row.told += 1
    told = facts.PageFacts(
        concern_id=row.id,
        rung=row.level,
        paged_at=row.paged_at or db.now,
        staff_ids=sorted(paged),
        nobody_on_call=row.nobody_on_call,
        handed_over_at=row.handed_over_at,
    )
    db.publish(facts.CONCERN_PAGED, told, about=row.id, seq=row.told)


async def handed_over(db: Db, message: Message, at: datetime) -> None:
    """Note that a provider took a page: of a concern's first, everybody who follows it is told."""
    if message.template != Template.SAFETY_PAGE:
        return
    concern_id = UUID(message.occasion.split(" ")[0])
    row = await db.get(Escalation, (db.scope.agency_id, concern_id), with_for_update=True)
    if row is not None and row.handed_over_at is None:
        row.handed_over_at = at
        _tell(db, row, [message.recipient_id])
