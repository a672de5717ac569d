"""The privacy notice before the first service (42 CFR 2.22): nothing is signed while nobody has given it."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select

from common.contracts.codes import Modality, Outcome
from common.database import Db
from common.errors import Refused
from session_logging.commands.lines import Line
from session_logging.commands.lookups import is_one_of
from session_logging.models import Notice, PrivacyStatus
from session_logging.queries.people import family_of
from session_logging.rules import needs_notice

GIVE_IT = (
    "Give this person the privacy notice, or record why it must wait, then sign. "
    "If that was done just now, try again in a moment."
)


async def require_notice(db: Db, participant_id: UUID, modality: Modality, outcome: Outcome) -> None:
    """Raise `Refused` if a service to this person may not be signed yet."""
    if needs_notice(modality, outcome):
        await _require(db, {"": participant_id})


async def require_notices(db: Db, lines: Iterable[Line]) -> None:
    """Raise `Refused`, pointing at the first attendee, if a group's sessions may not be signed yet."""
    await _require(
        db,
        {
            f"/attendees/{place}/participant_id": line.entry.participant_id
            for place, line in enumerate(lines)
            if needs_notice(line.service.modality, line.told.outcome)
        },
    )


async def _require(db: Db, served: Mapping[str, UUID]) -> None:
    if not served or not await _is_program(db):
        return
    given = await _given(db, set(served.values()))
    for pointer, participant_id in served.items():
        if participant_id not in given and not await _given(db, await family_of(db, participant_id)):
            fields = [{"pointer": pointer, "detail": GIVE_IT}] if pointer else []
            raise Refused("notice-not-given", GIVE_IT, fields=fields)


async def _is_program(db: Db) -> bool:
    """Tell whether the agency is a program under 42 CFR Part 2: yes, unless somebody determined that it is not."""
    return await db.scalar(select(PrivacyStatus.is_program).where(PrivacyStatus.id == db.scope.agency_id)) is not False


async def _given(db: Db, participant_ids: Iterable[UUID]) -> set[UUID]:
    question = select(Notice.participant_id).where(is_one_of(Notice.participant_id, list(participant_ids)))
    return set(await db.scalars(question.distinct()))
