"""Working on the lines of a file of referrals: each is read alone, and all that are good are written together.

A handful of statements whatever the number of lines: keys, duplicates, programs and what is known are asked for once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import ARRAY, LargeBinary, any_, insert, literal, select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Refused, Unprocessable
from common.privacy import KeyRing, Sealer
from intake.commands.eligibility import ProgramRules, rules_of, screened
from intake.commands.participants import Vault
from intake.commands.recording import Recording, recording
from intake.commands.referral_matches import possible_matches
from intake.commands.referrals import (
    Origin,
    RecordReferral,
    external_index,
    known_when_referred,
    place_referral,
    sought_of,
)
from intake.models import Program, Referral, ReferralImport, ReferralImportPart, ReferralImportRefusal
from intake.rules.referral_files import NotThisLine, column_of, referral_of

LINES = "referral_import_part.lines"
PART = 500  # lines
BREATH = 25  # lines, between which whatever else runs in the process gets its turn


class Line(BaseModel):
    number: int
    cells: list[str]


class Part(BaseModel):
    columns: list[str]
    lines: list[Line]


@dataclass(slots=True)
class Batch:
    """The lines of a part by their number: what they ask for, those that are refused, and how many were known."""

    requests: dict[int, RecordReferral]
    refused: dict[int, NotThisLine]
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the lines of a part need, loaded at once."""

    now: Recording
    index_key: bytes
    sealers: Mapping[UUID, Sealer]
    programs: Mapping[UUID, ProgramRules]
    origins: Mapping[int, Origin]


async def take_in(db: Db, keys: KeyRing, job: ReferralImport, part: ReferralImportPart) -> None:
    """Write what can be written of a part, keep what is refused, and count both."""
    sealer = await keys.sealer(db, job.agency_id, job.id)
    batch = await _read_lines(job, Part.model_validate(sealer.open(LINES, part.lines)))
    job.done += len(batch.requests) + len(batch.refused)
    loaded = await _loaded(db, keys, job, batch)
    await _write_lines(db, loaded, batch)
    await _write_refusals(db, job, batch.refused)
    job.refused += len(batch.refused)
    job.repeated += batch.repeated
    job.recorded += len(batch.requests)
    job.possible_duplicates += sum(bool(loaded.origins[number].possible_ids) for number in batch.requests)
    await db.delete(part)


async def _read_lines(job: ReferralImport, part: Part) -> Batch:
    batch = Batch({}, {})
    for place, line in enumerate(part.lines):
        if place % BREATH == 0:
            await asyncio.sleep(0)
        try:
            batch.requests[line.number] = _request(job, part.columns, line.cells)
        except NotThisLine as refused:
            batch.refused[line.number] = refused
    return batch


def _request(job: ReferralImport, columns: Sequence[str], cells: Sequence[str]) -> RecordReferral:
    """Return what a line asks for; who sends the file refers, where the line names nobody."""
    said = referral_of(columns, cells)
    usual: dict[str, object] = {"source_system": job.source_system, "person": {}}
    if job.program_id is not None:
        usual["program_id"] = job.program_id
    if said.get("kind") != "self":
        usual["source"] = {"organization": job.source_system}
    try:
        return RecordReferral.model_validate(usual | said)
    except ValidationError as error:
        raise _not_this(error) from None


def _not_this(error: ValidationError) -> NotThisLine:
    """Return the first thing that is wrong with a line, without what stands there."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "value_error":  # ours: written for people, and free of values
        said = str(first["ctx"]["error"])
    elif first["type"] in ("enum", "literal_error"):
        said = f"must be {first['ctx']['expected']}"
    else:
        said = first["msg"]
    return NotThisLine("invalid", column_of(first["loc"]), f"Correct this and send the line again: {said}.")


async def _loaded(db: Db, keys: KeyRing, job: ReferralImport, batch: Batch) -> Loaded:
    now, index_key = await recording(db), await keys.index_key(db, job.agency_id)
    external = {number: external_index(index_key, request) for number, request in batch.requests.items()}
    _leave_out_known(job, batch, external, await _known(db, job, [one for one in external.values() if one]))
    sought = await _sought(index_key, batch)
    ids = {number: uuid7() for number in batch.requests}
    matches = await possible_matches(db, {ids[number]: one for number, one in sought.items()})
    origins = {
        number: Origin(ids[number], sought[number], external[number], job.id, number, matches.get(ids[number], []))
        for number in batch.requests
    }
    sealers = await keys.sealers(db, job.agency_id, list(ids.values()))
    return Loaded(now, index_key, sealers, await _programs(db, batch), origins)


async def _sought(index_key: bytes, batch: Batch) -> dict[int, dict[str, bytes | None]]:
    sought = {}
    for place, (number, request) in enumerate(batch.requests.items()):
        if place % BREATH == 0:
            await asyncio.sleep(0)
        sought[number] = sought_of(index_key, request.person)
    return sought


async def _known(db: Db, job: ReferralImport, external: Sequence[bytes]) -> dict[bytes, UUID | None]:
    """Return which external ids of the source are known, and from which file."""
    found = await db.execute(
        select(Referral.external_index, Referral.import_id).where(
            Referral.agency_id == job.agency_id,
            Referral.source_system == job.source_system,
            Referral.external_index == any_(literal(list(external), ARRAY(LargeBinary))),
        )
    )
    return {row.external_index: row.import_id for row in found}


def _leave_out_known(
    job: ReferralImport, batch: Batch, external: Mapping[int, bytes | None], known: Mapping[bytes, UUID | None]
) -> None:
    """Count what is recorded already, and refuse what the file says twice."""
    seen: set[bytes] = set()
    for number, index in external.items():
        if index is None:
            continue
        if index in seen or (index in known and known[index] == job.id):
            sentence = "This external id stands in an earlier line of the file. Give each referral its own."
            batch.refused[number] = NotThisLine("row-twice", "external_id", sentence)
            del batch.requests[number]
        elif index in known:
            batch.repeated += 1
            del batch.requests[number]
        seen.add(index)


async def _programs(db: Db, batch: Batch) -> dict[UUID, ProgramRules]:
    """Return the rules of the programs that are wanted and that there are."""
    wanted = {request.program_id for request in batch.requests.values() if request.program_id}
    found = await db.scalars(select(Program.id).where(Program.agency_id == db.scope.agency_id, Program.id.in_(wanted)))
    return {program_id: await rules_of(db, program_id) for program_id in found}


async def _write_lines(db: Db, loaded: Loaded, batch: Batch) -> None:
    for place, (number, request) in enumerate(list(batch.requests.items())):
        if place % BREATH == 0:
            await asyncio.sleep(0)
        try:
            _write_line(db, loaded, request, loaded.origins[number])
        except Refused as refused:
            pointer = refused.fields[0]["pointer"] if refused.fields else ""
            column = column_of(pointer.strip("/").split("/"))
            batch.refused[number] = NotThisLine(refused.code, column, refused.detail)
            del batch.requests[number]


def _write_line(db: Db, loaded: Loaded, request: RecordReferral, origin: Origin) -> None:
    rules = loaded.programs.get(request.program_id) if request.program_id else None
    if request.program_id and rules is None:
        raise Unprocessable("not-found", "No program has this id.", "/program_id")
    vault = Vault(loaded.sealers[origin.referral_id], loaded.index_key)
    screening = screened(rules, known_when_referred(request)) if rules else None
    place_referral(db, loaded.now, vault, request, origin, screening)
    db.audit("referral.import", origin.referral_id, import_id=origin.import_id)


async def _write_refusals(db: Db, job: ReferralImport, refused: Mapping[int, NotThisLine]) -> None:
    rows = [
        {
            "agency_id": job.agency_id,
            "import_id": job.id,
            "line": number,
            "column": one.column,
            "code": one.code,
            "detail": one.sentence,
        }
        for number, one in sorted(refused.items())
    ]
    if rows:
        await db.execute(insert(ReferralImportRefusal).inline(), rows)
