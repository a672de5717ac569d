"""Keeping what waits for somebody, and telling it each morning: at once for all of an agency, each thing once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert

from common.contracts.codes import Role
from common.database import Db
from notification.commands.intents import intent, store
from notification.models import Message, ToldOf, Upcoming
from notification.queries import messages as agencies
from notification.queries import told as queries
from notification.queries.told import Circle
from notification.rules.told import (
    DIGEST_USEFUL_FOR,
    DIGEST_WEEKDAY,
    ESCALATED,
    SOON,
    TELLINGS,
    WEEKLY_DIGEST,
    Kind,
    after,
    escalates,
    first,
    widest,
)


@dataclass(frozen=True)
class Waits:
    """Something that waits, or waits no longer, as the newest fact says it."""

    kind: Kind
    about_id: UUID
    seq: int
    due_on: date
    open: bool = True
    staff_id: UUID | None = None
    participant_id: UUID | None = None
    topic: str | None = None
    told: int = 0  # how many of its reminders somebody else sends


async def keep(db: Db, waits: Iterable[Waits], today: date) -> None:
    """Keep what waits; another due day, or opening again, begins a new round with reminders of its own."""
    rows = [_row(db, one, today) for one in sorted(waits, key=lambda one: (one.kind, str(one.about_id)))]
    if not rows:
        return
    statement = insert(Upcoming)
    new = statement.excluded
    anew = Upcoming.due_on.is_distinct_from(new.due_on) | (~Upcoming.open & new.open)
    kept = {name: new[name] for name in ("seq", "staff_id", "participant_id", "topic", "due_on", "open")}
    begun = {
        "round": case((anew, Upcoming.round + 1), else_=Upcoming.round),
        "step": case((anew, new.step), else_=Upcoming.step),
        "next_on": case((anew, new.next_on), else_=Upcoming.next_on),
    }
    key = [Upcoming.agency_id, Upcoming.kind, Upcoming.about_id]
    statement = statement.on_conflict_do_update(index_elements=key, set_=kept | begun, where=Upcoming.seq <= new.seq)
    await db.execute(statement, rows)


def _row(db: Db, one: Waits, today: date) -> dict[str, Any]:
    begin = first(one.kind, one.due_on, today)
    if one.told:
        begin = after(one.kind, one.due_on, one.told - 1, today)
    return {
        "agency_id": db.scope.agency_id,
        "kind": one.kind,
        "about_id": one.about_id,
        "seq": one.seq,
        "staff_id": one.staff_id,
        "participant_id": one.participant_id,
        "topic": one.topic,
        "due_on": one.due_on,
        "open": one.open,
        "round": 1,
        "step": begin.step if begin else 0,
        "next_on": begin.on if begin else None,
    }


async def close(db: Db, ended: Collection[tuple[Kind, UUID]]) -> None:
    """Let things wait no longer, each named by its kind and what it is about."""
    if not ended:
        return
    about = Upcoming.about_id.in_({about_id for _, about_id in ended})
    waits = select(Upcoming).where(about, Upcoming.open).order_by(Upcoming.kind, Upcoming.about_id)
    for row in await db.scalars(waits.with_for_update()):
        if (row.kind, row.about_id) in ended:
            row.open = False


async def tell_morning(db: Db) -> None:
    """Tell what is due today, and on the day for it the weekly digest."""
    today = await agencies.today(db)
    await tell(db, await queries.due(db, today), today)
    if today.weekday() == DIGEST_WEEKDAY:
        await _digests(db, today)


async def tell_now(db: Db, about_ids: set[UUID]) -> None:
    """Tell what cannot wait for the morning."""
    today = await agencies.today(db)
    await tell(db, await queries.due(db, today, about_ids), today)


async def tell(db: Db, rows: Sequence[Upcoming], today: date) -> None:
    """Tell of each row whom it concerns, or that it still waits to who is above them; then set what follows."""
    if not rows:
        return
    circle = await queries.circle(db, rows, today)
    tellings = _tellings(db, rows, circle, today)
    await store(db, [one for one, _ in tellings.values()])
    await _link(db, tellings.values())
    told = {(row.kind, row.about_id) for _, of in tellings.values() for row in of}
    for row in rows:
        if (row.kind, row.about_id) in told:  # else nobody to tell is known yet, so it stays for another morning
            follows = after(Kind(row.kind), row.due_on, row.step, today)
            row.step, row.next_on = (follows.step, follows.on) if follows else (row.step, None)


Telling = tuple[dict[str, Any], list[Upcoming]]


def _tellings(db: Db, rows: Sequence[Upcoming], circle: Circle, today: date) -> dict[tuple[Any, ...], Telling]:
    """Return the messages, each with what it tells of; one a day for what gathers and for what is escalated."""
    tellings: dict[tuple[Any, ...], Telling] = {}
    for row in rows:
        kind = Kind(row.kind)
        higher = escalates(kind, row.step)
        template = ESCALATED if higher else row.kind
        occasion = f"{row.about_id}/{row.round}/{row.step}"
        if higher or TELLINGS[kind].gathers:
            occasion = f"{kind}/{today}"
        for recipient in sorted(circle.above(row) if higher else circle.concerned(row)):
            place = (template, recipient, occasion)
            if place not in tellings:
                tellings[place] = intent(db, template, recipient, occasion, db.now, None), []
            message, of = tellings[place]
            of.append(row)
            message["values"] = _values(kind, len(of), higher=higher)
    return tellings


def _values(kind: Kind, count: int, *, higher: bool) -> dict[str, object]:
    if higher:
        return {"kind": kind, "count": count}
    return {"count": count} if TELLINGS[kind].gathers else {}


async def _link(db: Db, tellings: Iterable[Telling]) -> None:
    """Note of what each stored message tells."""
    of = {message["id"]: rows for message, rows in tellings}
    stored = await db.scalars(select(Message.id).where(Message.id.in_(of)).order_by(Message.id))
    links = [
        {
            "agency_id": row.agency_id,
            "message_id": message_id,
            "kind": row.kind,
            "about_id": row.about_id,
            "round": row.round,
        }
        for message_id in stored
        for row in of[message_id]
    ]
    if links:
        await db.execute(insert(ToldOf).on_conflict_do_nothing(), links)


async def _digests(db: Db, today: date) -> None:
    """Tell everybody how much waits for them: peers their own, supervisors their people's, administrators all."""
    rows = await queries.waiting(db, today + SOON)
    if not rows:
        return
    circle = await queries.circle(db, rows, today)
    counts = _counts(rows, circle)
    until = db.now + DIGEST_USEFUL_FOR
    await store(
        db,
        [
            intent(
                db,
                WEEKLY_DIGEST,
                one,
                today.isoformat(),
                db.now,
                None,
                values={"count": count},
                useful_until=until,
            )
            for one, count in counts.items()
        ],
    )


def _counts(rows: Sequence[Upcoming], circle: Circle) -> dict[UUID, int]:
    seen: dict[UUID, set[tuple[str, UUID]]] = {}
    for row in rows:
        concerned = circle.concerned(row)
        above = set().union(*(circle.supervisors.get(one, set()) for one in concerned))
        for one in concerned | (above & circle.roles.keys()) | circle.in_role(Role.ADMINISTRATOR):
            if widest(circle.roles[one]) is not None:
                seen.setdefault(one, set()).add((row.kind, row.about_id))
    return {one: len(what) for one, what in seen.items()}


async def one_at_a_time(db: Db, what: str) -> None:
    """Wait until no other transaction of this agency works out `what`, until the commit: it sees what they wrote."""
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{db.scope.agency_id}/{what}"))))
