"""Recording work with people whom nobody enrolled: counts, and no field for words.

Words about an unnamed person are how they become known: a place, a hair colour, a story. Whoever later gives a name is
linked where people are enrolled, in intake, from its own outreach contact and with their consent; nothing here is.
"""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field
from uuid_utils.compat import uuid7

from common.contracts.codes import Activity, Location, Modality
from common.contracts.envelope import Fact
from common.contracts.session_logging import (
    ANONYMOUS_CONTACT_HELD,
    ANONYMOUS_CONTACT_WITHDRAWN,
    AnonymousContactFacts,
)
from common.database import Db
from common.http import Created
from common.identity import Actor
from common.text import Asked
from session_logging.commands.lookups import require_new, unknown, zone_of
from session_logging.commands.requests import WHEN, Activities, Id, Moment
from session_logging.commands.withdrawals import Withdraw, is_withdrawn, locked
from session_logging.models import AnonymousContact, Program
from session_logging.queries.anonymous_contacts import require_sight
from session_logging.rules.anonymous import (
    PEOPLE_MOST,
    SUPPLIES_MOST,
    require_anybody,
    require_place,
    require_threads,
)
from session_logging.rules.forms import require_peer_work
from session_logging.rules.times import period

Amount = Annotated[int, Field(ge=0, le=SUPPLIES_MOST)]


class Supplies(Asked):
    """What was handed out, in pieces."""

    naloxone_kits: Amount = 0
    test_strips: Amount = 0
    hygiene_kits: Amount = 0
    information: Amount = Field(default=0, description="leaflets, cards and lists of places to go")


class RecordAnonymousContact(Asked):
    """One stretch of work. `people`: how many were met; the same person may be met many times."""

    id: Id = None
    program_id: UUID
    modality: Modality
    location: Location | None = None
    activities: Annotated[Activities, BeforeValidator(require_peer_work)] = Field(
        description="none of them is clinical"
    )
    started_at: Moment = Field(description=WHEN)
    ended_at: Moment = Field(description=WHEN)
    people: int = Field(ge=0, le=PEOPLE_MOST)
    supplies: Supplies = Supplies()
    threads_answered: Amount = Field(default=0, description="in an online forum")


async def record_anonymous_contact(db: Db, actor: Actor, request: RecordAnonymousContact) -> Created:
    """Record work of the actor's own. Raises `NotThere`, `Refused`, `Unprocessable`."""
    require_anybody(request.modality)
    require_place(request.modality, request.location)
    require_threads(request.modality, request.threads_answered)
    when = period(request.started_at, request.ended_at, await zone_of(db), now=db.now)
    if await db.get(Program, (db.scope.agency_id, request.program_id)) is None:
        raise unknown("program", "/program_id")
    await require_new(db, AnonymousContact, request.id)
    contact = AnonymousContact(
        agency_id=db.scope.agency_id,
        id=request.id or uuid7(),
        staff_id=actor.staff_id,
        started_at=when.started_at,
        ended_at=when.ended_at,
        service_date=when.service_date,
        minutes=when.minutes,
        recorded_at=db.now,
        version=1,
        **request.model_dump(exclude={"id", "started_at", "ended_at", "supplies"}),
        **request.supplies.model_dump(),
    )
    db.add(contact)
    return _told(db, contact, ANONYMOUS_CONTACT_HELD, "anonymous-contact.record")


async def withdraw_anonymous_contact(
    db: Db, actor: Actor, contact_id: UUID, expected: int, request: Withdraw
) -> Created:
    """Withdraw a mistaken entry; the row stays. Raises `NotThere`, `Refused`."""
    contact = await locked(db, AnonymousContact, contact_id)
    require_sight(actor, contact.staff_id)
    if not is_withdrawn(db, actor, contact, expected, request):
        return Created(id=contact.id, version=contact.version)
    return _told(db, contact, ANONYMOUS_CONTACT_WITHDRAWN, "anonymous-contact.withdraw")


def _told(db: Db, contact: AnonymousContact, fact: Fact, action: str) -> Created:
    told = AnonymousContactFacts(
        contact_id=contact.id,
        program_id=contact.program_id,
        staff_id=contact.staff_id,
        modality=Modality(contact.modality),
        location=Location(contact.location) if contact.location else None,
        activities=[Activity(one) for one in contact.activities],
        people=contact.people,
        started_at=contact.started_at,
        ended_at=contact.ended_at,
        service_date=contact.service_date,
        minutes=contact.minutes,
        withdrawn=contact.withdrawn_at is not None,
    )
    db.publish(fact, told, about=contact.id, seq=contact.version)
    db.audit(action, contact.id, program_id=contact.program_id)
    return Created(id=contact.id, version=contact.version)
