"""Which instruments an agency may use, and one of them with all its versions."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from common.database import Db
from common.errors import NotThere
from common.http import Cursor, encode_cursor
from intake.commands.instruments import packs_of
from intake.models import Instrument
from intake.rules.instruments import Pack, built_in


class InstrumentEntry(BaseModel):
    """An instrument by its version in force. `texts`: the items' wording is here; without, enter item values."""

    code: str
    version: str
    title: str
    titles: dict[str, str]
    licence: Literal["A", "B", "C"]
    attribution: str
    built_in: bool
    languages: list[str]
    texts: bool
    items: int
    registered_at: AwareDatetime | None = Field(description="null for what comes with the software")


class InstrumentPage(BaseModel):
    items: list[InstrumentEntry]
    next: str | None = None


class InstrumentRecord(BaseModel):
    """The version in force in full, and the names of all, oldest first."""

    in_force: Pack
    versions: list[str]
    built_in: bool


async def instruments(db: Db, after: Cursor | None, limit: int) -> InstrumentPage:
    """Return the agency's own instruments by code; those that are built in come before them, on the first page."""
    row = Instrument
    question = select(row).ext(distinct_on(row.code)).where(row.agency_id == db.scope.agency_id)
    if after:
        question = question.where(row.code > after.at)
    rows = (await db.scalars(question.order_by(row.code, row.id.desc()).limit(limit + 1))).all()
    shipped = [] if after else [_entry(packs[-1], None) for packs in built_in().values()]
    own = [_entry(Pack.model_validate(one.pack), one.registered_at) for one in rows[:limit]]
    more = encode_cursor(rows[limit - 1].code, rows[limit - 1].id) if len(rows) > limit else None
    return InstrumentPage(items=[*shipped, *own], next=more)


def _entry(pack: Pack, registered_at: datetime | None) -> InstrumentEntry:
    return InstrumentEntry(
        code=pack.code,
        version=pack.version,
        title=pack.title,
        titles=pack.titles,
        licence=pack.licence.kind,
        attribution=pack.licence.attribution,
        built_in=registered_at is None,
        languages=pack.languages,
        texts=all(item.text for item in pack.items),
        items=len(pack.items),
        registered_at=registered_at,
    )


async def instrument(db: Db, code: str) -> InstrumentRecord:
    found = await packs_of(db, code)
    if not found:
        raise NotThere
    return InstrumentRecord(in_force=found[-1], versions=[pack.version for pack in found], built_in=code in built_in())
