"""What is remembered of items that were done, for as long as there are phones in drawers.

Idempotency keys go after a few days; these rows stay, so that an item that comes back a month later, or a year, is
known as what it is, whether its kind makes a record of its own or changes one. They hold ids, codes and a keyed digest.
"""

import hashlib
import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Table, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.database import Db
from common.sync import LooseItem, same_form


class SyncedColumns:
    """The columns of a service's table `synced`: one row for each item that was done.

    `made_at`: by the phone's clock. `digest`: keyed, of what was sent, so that the same id with other words is noticed.
    """

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    digest: Mapped[bytes]
    record_id: Mapped[UUID]
    version: Mapped[int]
    made_at: Mapped[datetime]
    answered_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Remembered:
    """How an item was answered once."""

    digest: bytes
    record_id: UUID
    version: int


def digest_of(key: bytes, item: LooseItem) -> bytes:
    """Return a digest that tells nobody without our key whether a guess at the words is right.

    Of what is nested too deeply to be read, which no form takes, it is empty and equals nothing that is stored.
    """
    try:
        said = json.dumps(same_form(item), sort_keys=True)
    except RecursionError:
        return b""
    return hmac.digest(key, b"sync\0" + said.encode(), hashlib.sha256)


async def remembered(db: Db, synced: Table, staff_id: UUID, ids: Collection[UUID]) -> dict[UUID, Remembered]:
    """Return which of these items of one worker were done."""
    question = select(synced.c.id, synced.c.digest, synced.c.record_id, synced.c.version).where(
        synced.c.agency_id == db.scope.agency_id,
        synced.c.staff_id == staff_id,
        synced.c.id == any_(literal(list(ids), ARRAY(Uuid))),
    )
    return {row.id: Remembered(bytes(row.digest), row.record_id, row.version) for row in await db.execute(question)}


async def remember(db: Db, synced: Table, staff_id: UUID, rows: list[dict[str, Any]]) -> None:
    """Write that items were done; what was written by another request in the same moment stands."""
    own = {"agency_id": db.scope.agency_id, "staff_id": staff_id, "answered_at": db.now}
    # inline: no RETURNING, one round trip for however many.
    await db.execute(insert(synced).on_conflict_do_nothing().inline(), [row | own for row in rows])
