"""Which participants may be the very people who are referred, in one statement whatever the number of referrals.

The ways to meet are those of `duplicates.WAYS`; here a file's worth of people is looked for at once.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, Select, Uuid, bindparam, column, func, select, true, union

from common.database import Db
from intake.commands.duplicates import WAYS
from intake.models import Participant

MOST_MATCHES = 10  # for each referral and way to meet: a shelter's number may be hundreds of people's


async def possible_matches(db: Db, sought: Mapping[UUID, Mapping[str, bytes | None]]) -> dict[UUID, list[UUID]]:
    """Return who may be whom, at most `MOST_MATCHES` each. `sought`: by referral, the digests of who is referred."""
    bound: dict[str, Any] = {"agency": db.scope.agency_id}
    for way in WAYS:
        rows = [(key, digest) for key, digests in sought.items() if (digest := digests.get(way)) is not None]
        bound |= {f"{way}_keys": [key for key, _ in rows], f"{way}_digests": [digest for _, digest in rows]}
    found: dict[UUID, list[UUID]] = {}
    for key, participant_id in await db.execute(PAIRS, bound):
        if len(matches := found.setdefault(key, [])) < MOST_MATCHES:
            matches.append(participant_id)
    return found


def _asked(way: str) -> Any:
    """Return the rows that are bound as two arrays: the referral's id and its digest."""
    keys, digests = (
        bindparam(f"{way}_keys", type_=ARRAY(Uuid)),
        bindparam(f"{way}_digests", type_=ARRAY(LargeBinary)),
    )
    columns = column("key", Uuid), column("digest", LargeBinary)
    return func.unnest(keys, digests).table_valued(*columns, name=way).render_derived()


def _pairs(asked: Any, met: ColumnElement[bool]) -> Select[Any]:
    """Return each row with the first participants who meet it; lateral, so that each row is one look at an index."""
    survivor_id = func.coalesce(Participant.merged_into, Participant.id).label("id")
    mine = Participant.agency_id == bindparam("agency", type_=Uuid())
    who = select(survivor_id).where(mine, met).limit(MOST_MATCHES).lateral()
    return select(asked.c.key, who.c.id).select_from(asked).join(who, true())


def _statement() -> Any:
    questions = []
    for way, meetings in WAYS.items():
        for met, _ in meetings:
            asked = _asked(way)
            questions.append(_pairs(asked, getattr(Participant, met) == asked.c.digest))
    return union(*questions)


PAIRS = _statement()
