"""The schema that every table of workforce stands in."""

from typing import ClassVar

from sqlalchemy.orm import DeclarativeBase

from common.tables import COLUMN_TYPES, foundation, schema_metadata


class Model(DeclarativeBase):
    metadata = schema_metadata("workforce")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)
