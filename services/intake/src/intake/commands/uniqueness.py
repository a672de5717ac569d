"""Saying what stands in the way where a unique index allows one, even when two requests race for it."""

from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError

from common.database import Db
from common.errors import Refused


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
