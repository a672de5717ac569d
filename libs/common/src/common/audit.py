"""The audit chain: one writer per service seals rows, one HMAC chain per agency; `verify` finds the first break.

Requests only insert into `audit_pending`; nothing waits for a chain. The sealer moves rows to `audit` in one
statement, and keeps the heads it wrote in memory, so that a head changed behind its back is noticed.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
import structlog
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import only_one

log = structlog.get_logger()

START = b"\0" * 32
BATCH = 1000
POLL_SECONDS = 0.2
COLUMNS = "id, agency_id, actor_id, action, subject_id, outcome, reason_code, request_id, at, detail"


class ChainBroken(Exception):
    """The stored head is not the one that this writer left."""

    def __init__(self, agency_id: UUID) -> None:
        super().__init__(str(agency_id))
        self.agency_id = agency_id


def agency_key(audit_key: bytes, agency_id: UUID) -> bytes:
    return hmac.digest(audit_key, b"agency\0" + agency_id.bytes, hashlib.sha256)


def link(key: bytes, seq: int, previous: bytes, row: RowMapping) -> bytes:
    """Return the chain's next link: over the place, the link before, and every column in fixed order and form."""
    form = orjson.dumps([row[name.strip()] for name in COLUMNS.split(",")], option=orjson.OPT_SORT_KEYS, default=str)
    return hmac.digest(key, b"audit.v1\0" + seq.to_bytes(8, "big") + previous + form, hashlib.sha256)


class AuditSealer:
    """The one writer of a service's chains."""

    def __init__(self, engine: AsyncEngine, schema: str, audit_key: bytes) -> None:
        self._engine = engine
        self._schema = schema
        self._audit_key = audit_key
        self._heads: dict[UUID, tuple[int, bytes]] = {}

    async def run(self) -> None:
        """Seal for ever, under an advisory lock that keeps other writers out."""
        async with only_one(self._engine, f"{self._schema}.audit") as connection:
            self._heads = {}
            while True:
                try:
                    sealed = await self.seal(connection)
                except ChainBroken as broken:
                    await self._record(connection, broken)
                    raise
                if sealed < BATCH:
                    await asyncio.sleep(POLL_SECONDS)

    async def _record(self, connection: AsyncConnection, broken: ChainBroken) -> None:
        """Make the break part of the chain itself: a writer that starts again knows only what is stored."""
        log.error("audit_chain_broken", schema=self._schema, agency_id=str(broken.agency_id))
        seq, mac = self._heads[broken.agency_id]
        detail = orjson.dumps({"seq": seq, "mac": mac.hex()}).decode()
        await connection.execute(
            text(
                f"insert into {self._schema}.audit_pending "
                "(agency_id, action, outcome, reason_code, request_id, detail) "
                "values (:agency, 'audit.seal', 'failed', 'chain-broken', gen_random_uuid(), cast(:detail as jsonb))"
            ),
            {"agency": broken.agency_id, "detail": detail},
        )

    async def seal(self, connection: AsyncConnection) -> int:
        """Seal up to one batch of pending rows; return how many."""
        pending = await connection.execute(
            text(f"select {COLUMNS} from {self._schema}.audit_pending order by id limit {BATCH}")
        )
        rows = pending.mappings().all()
        if not rows:
            return 0
        heads = await self._heads_of(connection, {row["agency_id"] for row in rows})
        sealed = []
        for row in rows:
            agency_id = row["agency_id"]
            seq, mac = heads[agency_id]
            mac = link(agency_key(self._audit_key, agency_id), seq + 1, mac, row)
            heads[agency_id] = seq + 1, mac
            sealed.append((row["id"], seq + 1, mac))
        await self._move(connection, sealed, heads)
        self._heads |= heads
        return len(rows)

    async def _heads_of(self, connection: AsyncConnection, agencies: set[UUID]) -> dict[UUID, tuple[int, bytes]]:
        stored = await connection.execute(
            text(f"select agency_id, seq, mac from {self._schema}.audit_head where agency_id = any(:ids)"),
            {"ids": list(agencies)},
        )
        heads = {row.agency_id: (row.seq, bytes(row.mac)) for row in stored}
        for agency_id in agencies & self._heads.keys():
            if heads.get(agency_id) != self._heads[agency_id]:
                raise ChainBroken(agency_id)
        return {agency_id: heads.get(agency_id, (0, START)) for agency_id in agencies}

    async def _move(
        self,
        connection: AsyncConnection,
        sealed: Sequence[tuple[int, int, bytes]],
        heads: dict[UUID, tuple[int, bytes]],
    ) -> None:
        agencies = sorted(heads)
        await connection.execute(
            text(f"""
            with s as (select * from unnest(cast(:ids as bigint[]), cast(:seqs as bigint[]), cast(:macs as bytea[]))
                   as s(id, seq, mac)),
            h as (insert into {self._schema}.audit_head (agency_id, seq, mac)
                  select * from unnest(cast(:agencies as uuid[]), cast(:head_seqs as bigint[]),
                                       cast(:head_macs as bytea[]))
                  on conflict (agency_id) do update set seq = excluded.seq, mac = excluded.mac
                  where audit_head.seq < excluded.seq),
            d as (delete from {self._schema}.audit_pending p using s where p.id = s.id returning p.*)
            insert into {self._schema}.audit ({COLUMNS}, seq, mac)
            select {", ".join("d." + c.strip() for c in COLUMNS.split(","))}, s.seq, s.mac from d join s using (id)
            """),
            {
                "ids": [row[0] for row in sealed],
                "seqs": [row[1] for row in sealed],
                "macs": [row[2] for row in sealed],
                "agencies": agencies,
                "head_seqs": [heads[a][0] for a in agencies],
                "head_macs": [heads[a][1] for a in agencies],
            },
        )


@dataclass(frozen=True)
class Verified:
    """The outcome of a walk over every chain of a schema."""

    rows: int
    broken_agency: UUID | None = None
    broken_seq: int | None = None


async def verify(connection: AsyncConnection, schema: str, audit_key: bytes) -> Verified:
    """Walk every chain and compare its end with its head; return the first break, if any.

    Chains and heads come from one statement, so one moment: the sealer may go on meanwhile.
    """
    columns = ", ".join(f"a.{name.strip()}" for name in COLUMNS.split(",") if name.strip() != "agency_id")
    chain = await connection.stream(
        text(
            f"select agency_id, {columns}, a.seq, a.mac, h.seq as head_seq, h.mac as head_mac "
            f"from {schema}.audit a full join {schema}.audit_head h using (agency_id) order by agency_id, a.seq"
        )
    )
    rows, end = 0, None
    async for row in chain.mappings():
        if end is None or row["agency_id"] != end.agency_id:
            if end and not end.is_whole():
                break
            end = _End(row["agency_id"], row["head_seq"], row["head_mac"])
        if row["seq"] is None:  # a head without any row: seen not to be whole at the next chain
            continue
        if not end.follow(audit_key, row):
            return Verified(rows, end.agency_id, end.seq + 1)
        rows += 1
    if end is None or end.is_whole():
        return Verified(rows)
    return Verified(rows, end.agency_id, end.seq + 1 if (end.head_seq or 0) > end.seq else end.seq)


@dataclass
class _End:
    """How far one chain has been walked, and where its head says that it ends."""

    agency_id: UUID
    head_seq: int | None
    head_mac: bytes | None
    seq: int = 0
    mac: bytes = START

    def follow(self, key: bytes, row: RowMapping) -> bool:
        """Step to the next row; return whether it is the one that follows."""
        expected = link(agency_key(key, self.agency_id), self.seq + 1, self.mac, row)
        if row["seq"] != self.seq + 1 or not hmac.compare_digest(expected, bytes(row["mac"])):
            return False
        self.seq, self.mac = self.seq + 1, expected
        return True

    def is_whole(self) -> bool:
        return (self.head_seq, self.head_mac) == (self.seq, self.mac)
