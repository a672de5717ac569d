"""The schema that every table of compliance-reporting stands in, and what every projection has.

A `fact_…` table holds one row per aggregate: the newest state that an event carried, under the names of the contract.
No names, no contacts, no words about anybody: those never travel.
"""

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import COLUMN_TYPES, foundation, schema_metadata

PROJECTED = {"api": "select", "worker": "select, insert, update"}
FROZEN = {"api": "select, insert", "worker": "select"}


class Model(DeclarativeBase):
    metadata = schema_metadata("compliance_reporting")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)


class Fact(Model):
    """What every projection has: `id` is the aggregate's, `seq` the event's place in the aggregate's life."""

    __abstract__ = True
    __table_args__: Any = ({"info": PROJECTED},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-3)
    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    seq: Mapped[int] = mapped_column(sort_order=-1)
