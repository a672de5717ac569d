"""Saying what stands in the way where a unique index allows one, even when two requests race for it."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.exc import IntegrityError

from common.database import Db
from common.errors import Refused
from intake.models import Model

OwnId = Annotated[
    UUID | None, Field(description="made by the client, so that it can be referred to before the answer comes")
]


async def flush_unless(db: Db, taken: Mapping[str, Refused]) -> None:
    """Write what is pending. Raises the refusal of the unique index that is met."""
    try:
        await db.flush()
    except IntegrityError as error:
        for index, refusal in taken.items():
            if index in str(error.orig):
                raise refusal from error
        raise


def taken(code: str, detail: str, pointer: str | None = None) -> Refused:
    """Return a conflict (409) that points at the field at fault."""
    return Refused(code, detail, fields=[{"pointer": pointer, "detail": detail}] if pointer else ())


async def require_new(db: Db, kind: type[Model], row_id: UUID | None, pointer: str = "/id") -> None:
    """Raise `Refused` if an id that a client made is there already, in this agency."""
    if row_id is not None and await db.get(kind, (db.scope.agency_id, row_id)) is not None:
        raise already_recorded(pointer)


def already_recorded(pointer: str) -> Refused:
    return taken("already-recorded", "Something with this id was recorded before. Reload, then look for it.", pointer)
