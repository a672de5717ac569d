"""What a payer needs to know of whom, taken down with the line, so that a run says for ever what it said then."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from common.database import Db
from common.privacy import KeyRing
from session_logging.commands.lookups import is_one_of
from session_logging.models import AUTHORISATION, CLAIM, COVERAGE, Authorisation, Coverage
from session_logging.rules.claims import Line

Of = tuple[UUID, UUID | None]  # a coverage, and an authorisation if there is one


async def claimed_details(db: Db, keys: KeyRing, lines: Sequence[Line]) -> dict[Of, dict[str, Any]]:
    """Return the sealed columns of lines, by coverage and authorisation: member, diagnoses, authorisation's number."""
    wanted: set[Of] = {(line.key.coverage_id, line.authorisation_id) for line in lines}
    coverages = {one.id: one for one in await _named(db, Coverage, {of[0] for of in wanted})}
    numbers = {one.id: one for one in await _named(db, Authorisation, {of[1] for of in wanted if of[1]})}
    people = {one.participant_id for one in (*coverages.values(), *numbers.values())}
    sealers = await keys.sealers(db, db.scope.agency_id, people)
    sealed: dict[Of, dict[str, Any]] = {}
    for coverage_id, authorisation_id in wanted:
        coverage = coverages[coverage_id]
        opened: Any = sealers[coverage.participant_id].open(COVERAGE, coverage.details)
        number = numbers[authorisation_id] if authorisation_id else None
        told = None if number is None else sealers[number.participant_id].open(AUTHORISATION, number.number)
        content = sealers[coverage.participant_id].seal(CLAIM, opened | {"authorisation_number": told})
        sealed[coverage_id, authorisation_id] = {"sealed_for": coverage.participant_id, "details": content}
    return sealed


async def _named(db: Db, of: Any, ids: Iterable[UUID]) -> Sequence[Any]:
    return (await db.scalars(select(of).where(of.agency_id == db.scope.agency_id, is_one_of(of.id, list(ids))))).all()
