"""The tables that every service has beside its own: outbox, ledger, inbox, audit, idempotency and keys.

`info["reach"]` says who sees which rows; `migrations.secure` turns it into row-level security:
`tenant` one agency at a time for everybody, `platform` the API one agency, the worker all, `shared` no agency in it.
`info["api"]` and `info["worker"]` are the SQL privileges of the two roles.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
EVERYONE = "select, insert, update"
KEY_DAYS = 7  # how long an idempotency key is kept; `common.synced` remembers longer


def schema_metadata(schema: str) -> MetaData:
    """Metadata of one service's schema, with named constraints."""
    return MetaData(schema=schema, naming_convention=NAMING)


def uuid_column(name: str, **options: Any) -> Column[Any]:
    return Column(name, UUID(as_uuid=True), nullable=options.pop("nullable", False), **options)


def instant(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=options.pop("nullable", False), **options)


@dataclass(frozen=True)
class Foundation:
    """The tables of one schema that `common` writes and reads."""

    schema: str
    idempotency: Table
    audit_pending: Table
    audit: Table
    audit_head: Table
    outbox: Table
    ledger: Table
    refill: Table
    inbox: Table
    dead_letter: Table
    freshness: Table
    key_ring: Table


def _audit_columns() -> list[Column[Any]]:
    return [
        uuid_column("actor_id", nullable=True),
        Column("action", Text, nullable=False),
        uuid_column("subject_id", nullable=True),
        Column("outcome", Text, nullable=False),
        Column("reason_code", Text),
        uuid_column("request_id"),
        instant("at", server_default=func.clock_timestamp()),
        Column("detail", JSONB, nullable=False, server_default="{}"),
    ]


def _event_columns() -> list[Column[Any]]:
    return [
        uuid_column("agency_id"),
        uuid_column("aggregate_id"),
        Column("aggregate_seq", Integer, nullable=False),
        Column("type", Text, nullable=False),
        Column("payload", Text, nullable=False),
        Column("traceparent", Text),
        instant("recorded_at", server_default=func.clock_timestamp()),
    ]


def foundation(metadata: MetaData) -> Foundation:
    """Declare the common tables in a service's metadata."""
    schema = metadata.schema
    assert schema is not None  # every service names its schema

    def table(name: str, *columns: Any, reach: str, api: str, worker: str, **options: Any) -> Table:
        info = {"reach": reach, "api": api, "worker": worker}
        return Table(name, metadata, *columns, info=info, **options)

    return Foundation(
        schema=schema,
        idempotency=table(
            "idempotency",
            uuid_column("agency_id", primary_key=True),
            uuid_column("actor_id", primary_key=True),
            Column("key", Text, primary_key=True),
            Column("fingerprint", LargeBinary, nullable=False),
            Column("status", SmallInteger, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Column("location", Text),
            instant("created_at", server_default=func.clock_timestamp()),
            reach="tenant",
            api=EVERYONE,
            worker="select, delete",
        ),
        audit_pending=table(
            "audit_pending",
            Column("id", BigInteger, Identity(always=True), primary_key=True),
            uuid_column("agency_id"),
            *_audit_columns(),
            reach="platform",
            api="insert",
            worker="select, insert, delete",
        ),
        audit=table(
            "audit",
            uuid_column("agency_id", primary_key=True),
            Column("seq", BigInteger, primary_key=True, autoincrement=False),
            Column("id", BigInteger, nullable=False),
            *_audit_columns(),
            Column("mac", LargeBinary, nullable=False),
            reach="platform",
            api="select",
            worker="select, insert",
        ),
        audit_head=table(
            "audit_head",
            uuid_column("agency_id", primary_key=True),
            Column("seq", BigInteger, nullable=False),
            Column("mac", LargeBinary, nullable=False),
            reach="platform",
            api="",
            worker=EVERYONE,
        ),
        outbox=table(
            "outbox",
            Column("id", BigInteger, Identity(always=True), primary_key=True),
            uuid_column("event_id"),
            *_event_columns(),
            reach="platform",
            api="insert",
            worker="select, insert, delete",
        ),
        ledger=table(
            "ledger",
            uuid_column("event_id"),
            *_event_columns(),
            instant("published_at", server_default=func.clock_timestamp()),
            PrimaryKeyConstraint("event_id"),
            Index(None, "published_at"),
            reach="platform",
            api="",
            worker="select, insert",
            postgresql_partition_by="RANGE (event_id)",
        ),
        refill=table(
            "refill",
            uuid_column("event_id", primary_key=True),
            uuid_column("agency_id"),
            instant("asked_at", server_default=func.clock_timestamp()),
            reach="platform",
            api="",
            worker="select, insert, delete",
        ),
        inbox=table(
            "inbox",
            Column("subscriber", Text, nullable=False),
            uuid_column("event_id"),
            uuid_column("agency_id"),
            instant("applied_at", server_default=func.clock_timestamp()),
            PrimaryKeyConstraint("event_id", "subscriber"),
            reach="platform",
            api="",
            worker="select, insert",
            postgresql_partition_by="RANGE (event_id)",
        ),
        dead_letter=table(
            "dead_letter",
            Column("id", BigInteger, Identity(always=True), primary_key=True),
            Column("subscriber", Text, nullable=False),
            uuid_column("event_id", nullable=True),
            uuid_column("agency_id", nullable=True),
            Column("type", Text),
            Column("payload", LargeBinary, nullable=False),
            Column("error", Text, nullable=False),
            Column("attempts", Integer, nullable=False),
            instant("buried_at", server_default=func.clock_timestamp()),
            instant("replayed_at", nullable=True),
            reach="platform",
            api="",
            worker=EVERYONE,
        ),
        freshness=table(
            "freshness",
            Column("publisher", Text, primary_key=True),
            instant("as_of"),
            Column("missing", Integer, nullable=False),
            Column("dead_letters", Integer, nullable=False),
            instant("checked_at", server_default=func.clock_timestamp()),
            reach="shared",
            api="select",
            worker="select",
        ),
        key_ring=table(
            "key_ring",
            uuid_column("agency_id", primary_key=True),
            uuid_column("subject_id", primary_key=True),
            Column("wrapped", LargeBinary, nullable=False),
            Column("fingerprint", LargeBinary, nullable=False),
            instant("created_at", server_default=func.clock_timestamp()),
            reach="tenant",
            api="select, insert",
            worker="select, insert",
        ),
    )


# How Python types of ORM models become columns, everywhere alike.
COLUMN_TYPES: dict[Any, Any] = {
    uuid.UUID: UUID(as_uuid=True),
    datetime: DateTime(timezone=True),
    str: Text,
    bytes: LargeBinary,
    dict[str, Any]: JSONB,
    list[str]: ARRAY(Text),
    list[int]: ARRAY(Integer),
    list[date]: ARRAY(Date),
    list[uuid.UUID]: ARRAY(UUID(as_uuid=True)),
}
