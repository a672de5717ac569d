"""What every table of session-logging stands on."""

from typing import ClassVar

from sqlalchemy.orm import DeclarativeBase

from common.tables import COLUMN_TYPES, foundation, schema_metadata


class Model(DeclarativeBase):
    metadata = schema_metadata("session_logging")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)
WRITTEN_ONCE = {"info": {"api": "select, insert", "worker": ""}}


HEARD = {"info": {"api": "select", "worker": "select, insert, update"}}
