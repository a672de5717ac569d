"""Taking in a whole file of referrals: kept sealed at once, then worked on by the worker, a part at a time.

A part is one transaction; what is written, what is refused and how far the file is stand together or not at all, so
a kill in the middle loses and repeats nothing.
"""

import asyncio
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import delete, select
from uuid_utils.compat import uuid7

from common.database import Db, Scope, transaction
from common.errors import Unprocessable
from common.http import Created
from common.identity import NOBODY
from common.privacy import KeyRing
from common.runtime import Runtime
from common.text import Asked, Code
from intake.commands.eligibility import require_program
from intake.commands.referral_lines import LINES, PART, Line, Part, take_in
from intake.models import ReferralImport, ReferralImportPart
from intake.rules.referral_files import File, NotThisFile, read_file

MOST_ATTEMPTS = 5
LOOK_SECONDS = 0.5


class CsvFile(Asked):
    """A file in JSON, for who cannot send text/csv."""

    csv: str = Field(max_length=16_777_216)


class ReferralFile(BaseModel):
    """What makes a repeat of an import the same: the bytes of the file and where it is from."""

    sha256: str
    source_system: Code
    program_id: UUID | None = None


async def read(content: bytes) -> File:
    """Read a file without holding up other requests. Raises `Unprocessable` for the whole of it."""
    try:
        return await asyncio.to_thread(read_file, content)
    except NotThisFile as refused:
        sentence = f"Line {refused.line}: {refused.sentence} Nothing was taken in."
        raise Unprocessable(refused.code, sentence, f"/lines/{refused.line}") from None


async def start_import(db: Db, keys: KeyRing, request: ReferralFile, file: File) -> Created:
    """Keep a file, sealed, for the worker."""
    if request.program_id is not None:
        await require_program(db, request.program_id)
    job = ReferralImport(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        source_system=request.source_system,
        program_id=request.program_id,
        rows=len(file.lines),
        **dict.fromkeys(("done", "recorded", "repeated", "refused", "possible_duplicates", "attempts"), 0),
        stopped=False,
        requested_by=db.scope.actor_id,
        requested_at=db.now,
    )
    db.add(job)
    sealer = await keys.sealer(db, job.agency_id, job.id)
    for place, first in enumerate(range(0, len(file.lines), PART)):
        lines = [Line(number=number, cells=cells) for number, cells in file.lines[first : first + PART]]
        sealed = sealer.seal(LINES, Part(columns=file.columns, lines=lines).model_dump())
        db.add(ReferralImportPart(agency_id=job.agency_id, import_id=job.id, place=place, lines=sealed))
    db.audit("referral-import.start", job.id, rows=job.rows, source_system=job.source_system)
    return Created(id=job.id, version=1)


async def referrals_from_files(runtime: Runtime) -> None:
    """Take in what files wait, the oldest first; for ever."""
    while True:
        if not await take_in_a_part(runtime):
            await asyncio.sleep(LOOK_SECONDS)


async def take_in_a_part(runtime: Runtime) -> bool:
    """Work on the next part of the file that waits longest; tell whether there was one."""
    async with transaction(runtime.engine, runtime.tables, Scope(NOBODY, None, uuid7())) as db:
        job = await _next_job(db)
    if job is None:
        return False
    scope = Scope(job.agency_id, job.requested_by, uuid7())
    async with transaction(runtime.engine, runtime.tables, scope) as db:
        await _go_on(db, runtime.keys, job.id)
    runtime.bell.ring()
    return True


async def _next_job(db: Db) -> ReferralImport | None:
    """Return the file to go on with, and count the attempt: what never gets to its end must not hold up the others."""
    job: ReferralImport | None = await db.scalar(
        select(ReferralImport)
        .where(ReferralImport.finished_at.is_(None))
        .order_by(ReferralImport.requested_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if job is not None:
        job.attempts += 1
        job.started_at = job.started_at or db.now
    return job


async def _go_on(db: Db, keys: KeyRing, import_id: UUID) -> None:
    """Work on the next part, or finish. Another worker that was faster holds the row; then there is nothing to do."""
    mine = (ReferralImport.agency_id == db.scope.agency_id, ReferralImport.id == import_id)
    job = await db.scalar(select(ReferralImport).where(*mine).with_for_update(skip_locked=True))
    if job is None or job.finished_at is not None:
        return
    if job.attempts > MOST_ATTEMPTS:
        await _stop(db, job)
    elif part := await _next_part(db, job):
        await take_in(db, keys, job, part)
        job.attempts = 0
    if job.done == job.rows:
        job.finished_at = db.now
    if job.finished_at:
        db.audit("referral-import.finish", job.id, done=job.done, refused=job.refused, stopped=job.stopped)


async def _stop(db: Db, job: ReferralImport) -> None:
    """Give the file up where it is, and keep nothing of the rest; sending it again goes on by external ids."""
    job.stopped, job.finished_at = True, db.now
    part = ReferralImportPart
    await db.execute(delete(part).where(part.agency_id == job.agency_id, part.import_id == job.id))


async def _next_part(db: Db, job: ReferralImport) -> ReferralImportPart | None:
    part = ReferralImportPart
    question = select(part).where(part.agency_id == job.agency_id, part.import_id == job.id)
    found: ReferralImportPart | None = await db.scalar(question.order_by(part.place).limit(1))
    return found
