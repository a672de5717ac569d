"""Working through what a phone sends: each item once, in a transaction of its own, whatever becomes of its neighbours.

An item is known again by three things: the row that `common.synced` keeps of it for good; the stored answer of its
Idempotency-Key, which the ordinary routes share; and, once that key is gone, the id that the client gave the record.

A refusal is final, except that an item is answered `later`

* where it depends on another of its batch that was not done: it is not even tried (`waits-for-another`);
* where something was not found, and it depends on another item: what that one made may be still on its way, such as a
  person enrolled with intake, or is not the worker's yet, such as a new person whom a supervisor has still to assign
  (`not-here-yet`). Which refusals say that, each service lists. An item that depends on nothing is refused for good;
* where it failed because of us or our surroundings (`unavailable`, `internal-error`, any refusal with status 503).

Nothing here ends by itself: how long an item waits the phone shows, and its owner decides.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from pydantic import JsonValue
from sqlalchemy import ARRAY, Text, any_, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Call, key_reused
from common.redelivery import is_transient
from common.sync import BYTES_MOST, Answered, Answers, Batch, ItemStatus, LooseItem, in_order
from common.sync_forms import Forms, Keeping, Kind, Theirs, checked
from common.sync_run import Ready, Run, do_together
from common.synced import digest_of, remember, remembered
from common.tables import KEY_DAYS

log = structlog.get_logger()

SECONDS_MOST = 20.0  # after which the rest is left for the next time: no phone waits longer
TOGETHER_MOST = 25  # in one transaction: few enough that one bad item costs little time
ROUTE = "POST /v1/sync"
KEY_REUSED = key_reused().code


Work = Callable[[Run, LooseItem], Awaitable[Answered]]


class Waits(Refused):
    """Another item of the batch goes first and was not done."""

    def __init__(self, item_id: UUID) -> None:
        super().__init__("waits-for-another", "Another entry has to be sent first. Put that one right.")
        self.members = {"waits_for": str(item_id)}


async def work_through(call: Call, forms: Forms, batch: Batch) -> Answers:
    """Do a batch item by item, and answer each in its place. Raises `Refused` only for the batch as a whole."""
    if len(await call.request.body()) > BYTES_MOST:
        raise Refused("body-too-large", f"Send at most {BYTES_MOST:,} bytes at once.", status=413)
    run, until = Run(call, forms, batch.items), time.monotonic() + SECONDS_MOST
    async with call.transaction() as db:
        await _look_up(db, run)
        now = db.now
    order = in_order(run.items, forms.urgent)
    for place in sorted(order.cyclic):
        run.answers[place] = await _answered(run, run.items[place], _refuse_circle)
    places = order.places
    while places:
        places = places[await _do_next(run, places, until) :]
    await _remember_duplicates(run)
    call.runtime.bell.ring()
    return Answers(items=[run.answers[place] for place in range(len(run.items))], server_time=now)


async def _do_next(run: Run, places: Sequence[int], until: float) -> int:
    """Answer the next items, as many as may share a transaction or one; return how many."""
    in_time = time.monotonic() < until
    together = _together(run, places) if in_time else {}
    count = max(1, len(together))
    if not await do_together(run, together):
        for place in places[:count]:
            work = _done if time.monotonic() < until else _put_off
            run.answers[place] = await _answered(run, run.items[place], work)
    return count


async def _look_up(db: Db, run: Run) -> None:
    """Read at once what is known of the items and of what they depend on."""
    ids = {one for item in run.items for one in (item.id, *item.depends_on)}
    run.known = await remembered(db, run.forms.synced, run.staff_id, ids)
    keys = db.tables.idempotency.c
    question = select(keys.key, keys.fingerprint, keys.body).where(
        keys.agency_id == db.scope.agency_id,
        keys.actor_id == run.staff_id,
        keys.key == any_(literal([str(one) for one in ids], ARRAY(Text))),
        keys.status != 0,
    )
    run.keys = {UUID(row.key): row for row in await db.execute(question)}


async def _remember_duplicates(run: Run) -> None:
    """Keep for good what only a key knew; whoever repeats it meanwhile is answered from the key still."""
    if not run.to_remember:
        return
    async with run.call.transaction() as db:
        await remember(db, run.forms.synced, run.staff_id, run.to_remember)


async def _answered(run: Run, item: LooseItem, work: Work) -> Answered:
    """Return what becomes of one item; whatever goes wrong with it goes wrong with it alone."""
    try:
        try:
            return await work(run, item)
        except Refused as refused:
            return await _refused(run, item, refused)
        except IntegrityError as error:
            # A constraint that a race got past; said neutrally, for it may be about a row the caller cannot see.
            log.warning("constraint_refused", request_id=str(run.request_id), exc_info=error)
            conflict = Refused("conflict", "This conflicts with what is recorded. Reload and try again.")
            return await _refused(run, item, conflict)
    except Exception as error:  # the edge of an item: neither a bug nor a fault may take its neighbours with it
        log.error("sync_item_failed", request_id=str(run.request_id), exc_info=error)
        is_away = is_transient(error) or isinstance(error, PoolTimeout)
        return run.not_done(item, ItemStatus.LATER, _unavailable() if is_away else _internal_error())


async def _refuse_circle(run: Run, item: LooseItem) -> Answered:
    if run.answered_before(item.id):
        return await _done(run, item)
    detail = "This entry waits for itself. Take away the dependency that closes the circle."
    raise Unprocessable("dependency-cycle", detail, "/depends_on")


async def _put_off(run: Run, item: LooseItem) -> Answered:
    ready = looked_at(run, item)
    if isinstance(ready, Answered):
        return ready
    raise _unavailable()


async def _done(run: Run, item: LooseItem) -> Answered:
    """Do an item, or return how it was answered before. Raises `Refused`."""
    ready = looked_at(run, item)
    return ready if isinstance(ready, Answered) else await _once(run, ready)


def looked_at(run: Run, item: LooseItem) -> Ready | Answered:
    """Return an item ready to be done, or how it was answered before. Raises `Refused`."""
    digest = digest_of(run.call.runtime.keys.platform_index_key(), item)
    before = run.known.get(item.id)
    if before is not None and before.digest == digest:
        return _duplicate(item.id, before.record_id, before.version)
    kind, sent = checked(run.forms, item)
    ready = Ready(kind, sent, digest, run.call.fingerprint(sent.body, kind.asked(sent.item)))
    first = run.keys.get(item.id)
    if first is not None and bytes(first.fingerprint) == ready.fingerprint:
        return _again(run, ready, bytes(first.body))
    if first is not None or before is not None:
        raise key_reused()
    _require_earlier(run, item)
    return ready


def _together(run: Run, places: Sequence[int]) -> dict[int, Ready]:
    """Return the next places that may share a transaction: appended records that do not wait for each other."""
    group: dict[int, Ready] = {}
    ids: set[UUID] = set()
    for place in places[:TOGETHER_MOST]:
        try:
            ready = looked_at(run, run.items[place])
        except Refused:
            break
        if isinstance(ready, Answered) or not ready.kind.together or ready.sent.item.id in ids:
            break
        group[place] = ready
        ids.add(ready.sent.item.id)
    return group


def _require_earlier(run: Run, item: LooseItem) -> None:
    """Raise `Waits` if something of this batch that goes first was not done, now or before."""
    for one in item.depends_on:
        if run.sent(one) is False and not run.answered_before(one):
            raise Waits(one)


async def _once(run: Run, ready: Ready) -> Answered:
    """Do an item in a transaction of its own, unless another request has done it since we looked."""
    call = run.call
    async with call.transaction() as db:
        if (first := await call.first_answer(db, ready.key, ready.fingerprint)) is not None:
            return _again(run, ready, bytes(first.body))
        result = await ready.do(db, call)
        await call.keep_answer(db, ready.key, result, status=ready.status, location=ready.kind.location)
        await remember(db, run.forms.synced, run.staff_id, [ready.row(result.id, result.version)])
    return ready.done(result)


def _again(run: Run, ready: Ready, stored: bytes) -> Answered:
    """Answer what another request answered before; from now on it is remembered."""
    answer = orjson.loads(stored)
    record_id, version = UUID(answer["id"]), int(answer["version"])
    run.to_remember.append(ready.row(record_id, version))
    return _duplicate(ready.sent.item.id, record_id, version, answer)


def _duplicate(item_id: UUID, record_id: UUID, version: int, answer: dict[str, JsonValue] | None = None) -> Answered:
    return Answered(id=item_id, status=ItemStatus.DUPLICATE, record_id=record_id, version=version, answer=answer)


async def _refused(run: Run, item: LooseItem, refused: Refused) -> Answered:
    """Return what a refusal means for an item, and leave its one audit entry."""
    kind = run.forms.kind_of(item)
    if isinstance(refused, Waits):
        return run.not_done(item, ItemStatus.LATER, refused)
    if refused.code != KEY_REUSED and kind is not None and await _is_old_record(run, kind, item):
        return _duplicate(item.id, item.record_id, 1)
    if refused.status == 503:
        return run.not_done(item, ItemStatus.LATER, refused)
    await _audit(run, item, kind, refused)
    if refused.code in run.forms.not_here and item.depends_on:
        return run.not_done(item, ItemStatus.LATER, _not_here_yet())
    if kind is not None and kind.theirs is not None and refused.code in kind.theirs.instead_of:
        return run.not_done(item, ItemStatus.CONFLICT, refused, await _theirs(run, kind.theirs, item))
    return run.not_done(item, ItemStatus.REFUSED, refused)


async def _is_old_record(run: Run, kind: Kind[Any], item: LooseItem) -> bool:
    """Tell whether this worker recorded this id longer ago than a key is kept; then whatever is refused now was done.

    While the key is kept it would have been found: a younger record with this id was made by another request.
    """
    if kind.keeping is None:
        return False
    async with run.call.transaction() as db:
        recorded_at = await db.scalar(_recorded(db, kind.keeping, run.staff_id, item.record_id))
        return recorded_at is not None and recorded_at < db.now - timedelta(days=KEY_DAYS)


def _recorded(db: Db, keeping: Keeping, staff_id: UUID, record_id: UUID) -> Any:
    columns = keeping.table.c
    question = select(columns[keeping.at]).where(columns.agency_id == db.scope.agency_id, columns.id == record_id)
    return question if keeping.worker is None else question.where(columns[keeping.worker] == staff_id)


async def _audit(run: Run, item: LooseItem, kind: Kind[Any] | None, refused: Refused) -> None:
    audited = {"item_id": item.id, "kind": item.kind if kind else None, **refused.audited}
    await run.call.runtime.audit_refusal(run.call.scope, ROUTE, refused.code, status=refused.status, **audited)


async def _theirs(run: Run, theirs: Theirs, item: LooseItem) -> dict[str, JsonValue] | None:
    """Return what stands, as the caller may read it; None if they may not."""
    about = item.about
    if about is None:
        return None
    try:
        async with run.call.reading(theirs.action, about) as db:
            read = await theirs.read(db, run.call.runtime.keys, run.call.actor, about)
    except NotThere:
        return None
    return read.model_dump(mode="json")


def _not_here_yet() -> Refused:
    detail = "What this belongs to is not here yet. It is sent again; if it stays, ask who the person is assigned to."
    return Refused("not-here-yet", detail)


def _unavailable() -> Refused:
    detail = "There was no time for this, or the database was away. Keep it; it is sent again."
    return Refused("unavailable", detail, status=503)


def _internal_error() -> Refused:
    return Refused("internal-error", "Something broke here. Tell your administrator the request_id.", status=500)
