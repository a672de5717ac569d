"""Looking for records of the same person while one is written, and deciding about a pair that was found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ARRAY, BigInteger, LargeBinary, Select, Uuid, and_, bindparam, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.identity import NOBODY, Actor
from common.text import Asked
from intake.commands.access import WHOLE_AGENCY, within_reach
from intake.commands.recording import Recording
from intake.models import Participant, PossiblePair
from intake.rules.duplicates import DismissReason, DuplicateReason, PairState, strongest_first

MOST_MATCHES = 20  # each way to match: a telephone that more people share is a shelter's and tells nobody apart
TAKE_LOCKS = select(func.pg_advisory_xact_lock(func.unnest(bindparam("locks", type_=ARRAY(BigInteger)))))


class PossibleDuplicate(BaseModel):
    """A record that may be the same person's, and why; who it is, its own record says."""

    id: UUID
    reasons: list[DuplicateReason]


class Enrolled(Created):
    """`possible_duplicates` holds only what the asker may reach, as if there were no others."""

    possible_duplicates: list[PossibleDuplicate] = Field(default=[], description="within the asker's reach only")


class DismissDuplicate(Asked):
    reason: DismissReason


@dataclass(frozen=True, slots=True)
class Found:
    """A record that met the one looked for. `state`: what became of this very pair before, if it is known."""

    id: UUID
    reasons: list[DuplicateReason]
    reached: bool
    state: PairState | None


# By column of the record looked for: the columns that its value is looked for in, and what a meeting says.
WAYS: Mapping[str, Sequence[tuple[str, DuplicateReason]]] = {
    "name_birth_index": (
        ("name_birth_index", DuplicateReason.NAME_AND_BIRTH_DATE),
        ("alias_birth_index", DuplicateReason.ALIAS_AND_BIRTH_DATE),
    ),
    "alias_birth_index": (
        ("name_birth_index", DuplicateReason.ALIAS_AND_BIRTH_DATE),
        ("alias_birth_index", DuplicateReason.ALIAS_AND_BIRTH_DATE),
    ),
    "sound_birth_index": (("sound_birth_index", DuplicateReason.SOUNDING_NAME_AND_BIRTH_DATE),),
    "phone_index": (("phone_index", DuplicateReason.PHONE),),
    "email_index": (("email_index", DuplicateReason.EMAIL),),
}


async def warn(db: Db, actor: Actor | None, now: Recording, participant: Participant) -> list[PossibleDuplicate]:
    """Propose every pair that is found, and return those that the asker may see.

    Runs in the transaction that writes the record. Of two that write the same person at once the later one waits
    here for the earlier one's commit, and then finds it.
    """
    digests = {column: getattr(participant, column) for column in WAYS}
    if not sought_columns(digests):
        return []
    await _wait_for_the_same(db, digests)
    found = await find(db, actor, now, digests, besides=participant.id)
    fresh = [one for one in found if one.state is None]
    if fresh:
        await _propose(db, now, participant.id, fresh)
    return shown(found)


def sought_columns(digests: Mapping[str, bytes | None]) -> list[str]:
    return [column for column in WAYS if digests.get(column) is not None]


def shown(found: Collection[Found]) -> list[PossibleDuplicate]:
    """Return what the asker may see: within reach, and nothing that was decided about before."""
    return [
        PossibleDuplicate(id=one.id, reasons=one.reasons)
        for one in found
        if one.reached and one.state in (None, PairState.PROPOSED)
    ]


async def _wait_for_the_same(db: Db, digests: Mapping[str, bytes | None]) -> None:
    """Lock the values, in order, to the end of the transaction: a lock each, named by the digest's first 8 bytes."""
    values = {digest[:8] for column in sought_columns(digests) if (digest := digests[column])}
    locks = sorted(int.from_bytes(value, "big", signed=True) for value in values)
    await db.execute(TAKE_LOCKS, {"locks": locks})


async def find(
    db: Db, actor: Actor | None, now: Recording, digests: Mapping[str, bytes | None], *, besides: UUID | None = None
) -> list[Found]:
    """Return the survivors of all records that share a value, the first `MOST_MATCHES` each way, in one statement."""
    if not sought_columns(digests):
        return []
    values: dict[str, object] = {"agency": db.scope.agency_id, "besides": besides or NOBODY}
    met = (await db.execute(MEETING, values | {column: digests.get(column) for column in WAYS})).all()
    reached = await _reached(db, actor, now, [row.id for row in met])
    return [
        Found(row.id, strongest_first(row.reasons), row.id in reached, PairState(row.state) if row.state else None)
        for row in met
    ]


async def _reached(db: Db, actor: Actor | None, now: Recording, ids: Collection[UUID]) -> Collection[UUID]:
    """Return those of `ids` that the actor may reach."""
    if not ids or actor is None:
        return ()
    if actor.may(*WHOLE_AGENCY):
        return ids
    question = select(Participant.id).where(Participant.agency_id == db.scope.agency_id, Participant.id.in_(ids))
    return set(await db.scalars(question.where(within_reach(actor, now.today))))


def _meeting() -> Select[Any]:
    """Ask for each survivor that shares a value: why, and the pair's state if it is known.

    Made once: it is part of every enrolment, and putting it together takes longer than Postgres takes to answer it.
    What is not known is null, which equals nothing.
    """
    met = union_all(*[_met(column, *way) for column, ways in WAYS.items() for way in ways]).subquery()
    besides = bindparam("besides", type_=Uuid())
    return (
        select(
            met.c.id,
            func.array_agg(met.c.reason.distinct()).label("reasons"),
            func.max(PossiblePair.state).label("state"),
        )
        .outerjoin(
            PossiblePair,
            and_(
                PossiblePair.agency_id == AGENCY,
                PossiblePair.first_id == func.least(met.c.id, besides),
                PossiblePair.second_id == func.greatest(met.c.id, besides),
            ),
        )
        .where(met.c.id != besides)
        .group_by(met.c.id)
        .order_by(met.c.id)
    )


def _met(column: str, there: str, reason: DuplicateReason) -> Select[Any]:
    survivor_id = func.coalesce(Participant.merged_into, Participant.id)
    value = bindparam(column, type_=LargeBinary())
    return (
        select(survivor_id.label("id"), literal(str(reason)).label("reason"))
        .where(Participant.agency_id == AGENCY, getattr(Participant, there) == value)
        .limit(MOST_MATCHES)
        .subquery()
        .select()
    )


AGENCY = bindparam("agency", type_=Uuid())
MEETING = _meeting()


async def _propose(db: Db, now: Recording, participant_id: UUID, found: Collection[Found]) -> None:
    rows = [
        _pair(db, now, one.id, participant_id)
        | {"reasons": one.reasons, "state": PairState.PROPOSED, "proposed_at": now.now}
        for one in found
    ]
    await db.execute(insert(PossiblePair).on_conflict_do_nothing(), rows)


def _pair(db: Db, now: Recording, one: UUID, other: UUID) -> dict[str, object]:
    first, second = sorted((one, other))
    return {"agency_id": db.scope.agency_id, "id": uuid7(), "first_id": first, "second_id": second, "version": 1}


async def decide_pair(db: Db, now: Recording, one: UUID, other: UUID, state: PairState, reason: str) -> None:
    """Note what became of two records, proposed before or not."""
    decided = {"state": state, "state_reason": reason, "decided_at": now.now, "decided_by": db.scope.actor_id}
    row = _pair(db, now, one, other) | {"reasons": [], "proposed_at": now.now} | decided
    note = insert(PossiblePair).values(row)
    await db.execute(
        note.on_conflict_do_update(
            index_elements=["agency_id", "first_id", "second_id"],
            set_=decided | {"version": PossiblePair.version + 1},
        )
    )


async def dismiss(db: Db, pair_id: UUID, request: DismissDuplicate, expected: int) -> Created:
    """Say that two records are two people; they are never proposed again."""
    pair = await db.get(PossiblePair, (db.scope.agency_id, pair_id), with_for_update=True)
    if pair is None:
        raise NotThere
    require_version(pair.version, expected)
    if pair.state != PairState.PROPOSED:
        raise Refused("decided-already", "This pair is decided already; nothing needs to be done.")
    pair.state, pair.state_reason = PairState.DISMISSED, request.reason
    pair.decided_at, pair.decided_by = db.now, db.scope.actor_id
    pair.version += 1
    db.audit("duplicate.dismiss", pair.first_id, pair_id=pair.id, other_id=pair.second_id, reason=request.reason)
    return Created(id=pair.id, version=pair.version)
