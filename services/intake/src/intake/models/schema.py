"""The schema that every table of intake stands in, and what their columns share.

Every sealed column is sealed under the participant's own key. Foreign keys are deferred to the commit, because a
transaction (an import above all) writes parents and children in one flush of no particular order.
"""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import COLUMN_TYPES, foundation, schema_metadata


class Model(DeclarativeBase):
    metadata = schema_metadata("intake")
    type_annotation_map: ClassVar = COLUMN_TYPES


class Owned(Model):
    """What belongs to one participant, and is reached by whoever reaches them (`commands/access.py`)."""

    __abstract__ = True

    agency_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-3)
    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    participant_id: Mapped[UUID] = mapped_column(sort_order=-1)


TABLES = foundation(Model.metadata)
HEARD = {"info": {"api": "select", "worker": "select, insert, update"}}
CHANGING = {"info": {"api": "select, insert, update", "worker": ""}}
LASTING = {"info": {"api": "select, insert", "worker": ""}}
# The same, but read by the worker too, which accounts for what the other services disclosed.
CHANGING_READ = {"info": {"api": "select, insert, update", "worker": "select"}}
# What the worker hands over when somebody has left, and what it locks for that.
HANDED_OVER = {"info": {"api": "select, insert, update", "worker": "select, insert, update"}}
LOCKED_BY_WORKER = {"info": {"api": "select, insert, update", "worker": "select, update"}}
HEARD_TOO = {"info": {"api": "select, insert", "worker": "select, insert"}}  # what the worker adds to as well
LASTING_READ = {"info": {"api": "select, insert", "worker": "select"}}


def belongs(column: str, table: str) -> ForeignKeyConstraint:
    """Return the foreign key from `column` to a row of the same agency."""
    return ForeignKeyConstraint(
        ["agency_id", column],
        [f"intake.{table}.agency_id", f"intake.{table}.id"],
        deferrable=True,
        initially="DEFERRED",
    )


def one_open(*columns: str, while_empty: str, name: str) -> Index:
    """Return the unique index that allows one row for `columns` while `while_empty` is null."""
    return Index(name, "agency_id", *columns, unique=True, postgresql_where=text(f"{while_empty} is null"))
