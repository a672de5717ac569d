"""The packs that an agency may use, and registering one of its own."""

from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Unprocessable
from common.http import Created
from intake.commands.uniqueness import flush_unless, taken
from intake.models import Instrument
from intake.rules.instruments import Pack, built_in

VERSION_THERE = taken(
    "instrument-version-there", "This version is registered and never changes. Register a new version.", "/version"
)


class InstrumentRegistered(Created):
    code: str
    pack_version: str


async def register_instrument(db: Db, pack: Pack) -> InstrumentRegistered:
    """Keep a version of an agency's own instrument for good; the newest registered is in force."""
    if pack.code in built_in():
        raise Unprocessable("built-in-instrument", "This code is built in. Take another for your own.", "/code")
    row = Instrument(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        code=pack.code,
        pack_version=pack.version,
        pack=pack.model_dump(mode="json"),
        registered_by=db.scope.actor_id,
        registered_at=db.now,
    )
    db.add(row)
    await flush_unless(db, {"uq_instrument_version": VERSION_THERE})
    db.audit("instrument.register", None, instrument=pack.code, pack_version=pack.version)
    return InstrumentRegistered(id=row.id, version=1, code=pack.code, pack_version=pack.version)


async def packs_of(db: Db, code: str) -> list[Pack]:
    """Return every version of an instrument, the one in force last; empty if nobody has it."""
    if (shipped := built_in().get(code)) is not None:
        return list(shipped)
    question = select(Instrument.pack).where(Instrument.agency_id == db.scope.agency_id, Instrument.code == code)
    return [Pack.model_validate(pack) for pack in await db.scalars(question.order_by(Instrument.id))]


async def require_pack(db: Db, code: str, version: str | None) -> Pack:
    """Return the version asked for, or the one in force. Raises `Unprocessable` if there is none."""
    found = await packs_of(db, code)
    if not found:
        raise Unprocessable("no-such-instrument", "See GET /v1/instruments, or register your own.", "/instrument")
    if version is None:
        return found[-1]
    for pack in found:
        if pack.version == version:
            return pack
    raise Unprocessable("no-such-version", "This instrument has no such version; see its versions.", "/version")
