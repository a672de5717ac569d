"""One batch on its way: what is known of it, an item ready to be done, and how many are done in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import structlog
from pydantic import JsonValue
from sqlalchemy import ARRAY, LargeBinary, Text, bindparam, cast, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from common.database import Db
from common.errors import Refused
from common.http import Call, Created
from common.problems import problem_of
from common.redelivery import is_transient
from common.sync import SENT, Answered, ItemStatus, LooseItem
from common.sync_forms import Forms, Kind, Sent, identified
from common.synced import Remembered, remember

log = structlog.get_logger()
CREATED, CHANGED = 201, 200


@dataclass(frozen=True, slots=True)
class Ready:
    """An item of which all that can be checked without its command was checked."""

    kind: Kind[Any]
    sent: Sent[Any]
    digest: bytes
    fingerprint: bytes

    @property
    def key(self) -> str:
        return str(self.sent.item.id)

    @property
    def status(self) -> int:
        return CHANGED if self.kind.changes else CREATED

    async def do(self, db: Db, call: Call) -> Created:
        return await self.kind.do(db, call.runtime.keys, call.actor, identified(self.sent))

    def row(self, record_id: UUID, version: int) -> dict[str, Any]:
        """Return what is remembered of it once it is done."""
        item = self.sent.item
        made = {"id": item.id, "kind": item.kind, "made_at": item.recorded_at}
        return made | {"digest": self.digest, "record_id": record_id, "version": version}

    def done(self, result: Created) -> Answered:
        return Answered(
            id=self.sent.item.id,
            status=ItemStatus.DONE,
            record_id=result.id,
            version=result.version,
            answer=orjson.loads(result.model_dump_json()),
        )


@dataclass
class Run:
    """A batch, what is known of its items from before, and the answers so far by place."""

    call: Call
    forms: Forms
    items: list[LooseItem]
    known: dict[UUID, Remembered] = field(default_factory=dict)
    keys: Mapping[UUID, Any] = field(default_factory=dict)  # rows of the idempotency table, by item
    answers: dict[int, Answered] = field(default_factory=dict)
    to_remember: list[dict[str, Any]] = field(default_factory=list)

    @property
    def staff_id(self) -> UUID:
        return self.call.actor.staff_id

    @property
    def request_id(self) -> UUID:
        return self.call.scope.request_id

    def answered_before(self, item_id: UUID) -> bool:
        return item_id in self.known or item_id in self.keys

    def sent(self, item_id: UUID) -> bool | None:
        """Tell whether an item of this batch was done; None for one that is not in it."""
        places = [place for place, item in enumerate(self.items) if item.id == item_id]
        if not places:
            return None
        return any(place in self.answers and self.answers[place].status in SENT for place in places)

    def not_done(
        self, item: LooseItem, status: ItemStatus, refused: Refused, theirs: dict[str, JsonValue] | None = None
    ) -> Answered:
        return Answered(id=item.id, status=status, problem=problem_of(refused, self.request_id), theirs=theirs)


class NotTogether(Exception):
    """Another request has done one of these items since we looked."""


async def do_together(run: Run, group: Mapping[int, Ready]) -> bool:
    """Do many items in one transaction and answer them; False, with nothing done, if anything stands in the way.

    It is only quicker. Whatever is wrong with one of them is found out when each is done by itself.
    """
    if len(group) < 2:
        return False
    readies = list(group.values())
    try:
        async with run.call.transaction() as db:
            await _claim(db, run, readies)
            results = [await ready.do(db, run.call) for ready in readies]
            await _keep(db, run, readies, results)
    except Exception as error:
        # Nothing is answered yet: whatever it was is met again, and told, where the item is done by itself.
        expected = isinstance(error, Refused | IntegrityError | NotTogether) or is_transient(error)
        tell = log.info if expected else log.error
        tell("sync_items_one_by_one", request_id=str(run.request_id), exc_info=None if expected else error)
        return False
    run.answers |= {place: ready.done(result) for (place, ready), result in zip(group.items(), results, strict=True)}
    return True


async def _claim(db: Db, run: Run, readies: Sequence[Ready]) -> None:
    """Claim all keys at once, in their order, so that two batches of the same items cannot deadlock.

    Raises `NotTogether` if one of them is taken.
    """
    table = db.tables.idempotency
    keys = literal([ready.key for ready in readies], ARRAY(Text))
    prints = literal([ready.fingerprint for ready in readies], ARRAY(LargeBinary))
    given = func.unnest(keys, prints).table_valued("key", "fingerprint").render_derived(name="given")
    rows = select(
        literal(db.scope.agency_id),
        literal(run.staff_id),
        cast(given.c.key, Text),
        cast(given.c.fingerprint, LargeBinary),
        literal(0),
        literal(b"", LargeBinary),
    ).order_by(given.c.key)
    columns = ["agency_id", "actor_id", "key", "fingerprint", "status", "body"]
    claim = insert(table).from_select(columns, rows).on_conflict_do_nothing().returning(table.c.key)
    if len((await db.execute(claim)).all()) < len(readies):
        raise NotTogether


async def _keep(db: Db, run: Run, readies: Sequence[Ready], results: Sequence[Created]) -> None:
    """Store every answer as the ordinary route would, and remember the items."""
    table = db.tables.idempotency
    answers, rows = [], []
    for ready, result in zip(readies, results, strict=True):
        location = ready.kind.location.format(id=result.id) if ready.kind.location else None
        body = result.model_dump_json().encode()
        answers.append({"of": ready.key, "status": ready.status, "body": body, "location": location})
        rows.append(ready.row(result.id, result.version))
    own = (table.c.agency_id == db.scope.agency_id, table.c.actor_id == run.staff_id)
    connection = await db.connection()
    await connection.execute(update(table).where(*own, table.c.key == bindparam("of")), answers)
    await remember(db, run.forms.synced, run.staff_id, rows)
