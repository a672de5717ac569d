"""The privacy notice before the first service (42 CFR 2.22): nothing is signed while nobody has given it."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from common.contracts.codes import Modality, Outcome
from common.database import Db
from common.errors import Refused
from session_logging.commands.lines import Line
from session_logging.queries.people import family_of
from session_logging.rules.consents import needs_notice

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
    if not served:
        return
    is_program, given = await _asked(db, frozenset(served.values()))
    for pointer, participant_id in served.items() if is_program else ():
        if participant_id in given or (await _asked(db, frozenset(await family_of(db, participant_id))))[1]:
            continue
        fields = [{"pointer": pointer, "detail": GIVE_IT}] if pointer else []
        raise Refused("notice-not-given", GIVE_IT, fields=fields)


NOTICES = text(
    """
    select coalesce((
        select is_program from session_logging.privacy_status where agency_id = :agency and id = :agency
    ), true) as is_program, array(
        select distinct participant_id from session_logging.notice
        where agency_id = :agency and participant_id = any(:people)
    ) as given
    """
).bindparams(bindparam("people", type_=ARRAY(Uuid)))


async def _asked(db: Db, people: frozenset[UUID]) -> tuple[bool, set[UUID]]:
    """Return whether the agency is a program under 42 CFR Part 2, and who of these people was given the notice.

    It is one unless somebody determined that it is not.
    """
    row = (await db.execute(NOTICES, {"agency": db.scope.agency_id, "people": sorted(people)})).one()
    return row.is_program, set(row.given)
