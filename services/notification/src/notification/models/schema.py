"""What every table of notification stands on."""

from typing import ClassVar

from sqlalchemy.orm import DeclarativeBase

from common.tables import COLUMN_TYPES, foundation, schema_metadata

READ_BY_WORKER = {"info": {"api": ""}}
HEARD = {"info": {"api": "select"}}


class Model(DeclarativeBase):
    metadata = schema_metadata("notification")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)
