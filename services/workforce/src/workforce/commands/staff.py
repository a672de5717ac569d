"""Adding members of staff, and what is told of each."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created
from common.privacy import KeyRing, blind_index
from common.text import Asked, Day, Distinct, Email, Line
from workforce.models import Login, Staff
from workforce.rules.staff import FTE, LANGUAGE, Shift, in_order, overlap


def _apart(shifts: list[Shift]) -> list[Shift]:
    if overlap(shifts):
        raise ValueError("must not name a minute twice")
    return in_order(shifts)


SpokenLanguages = Annotated[
    list[Annotated[str, Field(pattern=LANGUAGE, description="ISO 639 code, such as en, es or ase")]],
    Distinct,
    Field(max_length=20),
]
Schedule = Annotated[list[Shift], AfterValidator(_apart), Field(max_length=28)]
PEOPLE = [Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR]
AGENCY_WIDE = frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR})
IDENTITY = "staff.identity"


class HowTheyWork(Asked):
    """`peer_worker_since`: direct experience of this work, here or elsewhere, began on this day."""

    fte: Annotated[Decimal, Field(gt=0, le=1, max_digits=3, decimal_places=2, description=FTE)] = Decimal(1)
    peer_worker_since: Day | None = None
    languages: SpokenLanguages = []
    schedule: Schedule = []

    def columns(self) -> dict[str, Any]:
        """Return what the staff row keeps of it."""
        return {
            "fte": self.fte,
            "peer_worker_since": self.peer_worker_since,
            "languages": self.languages,
            "schedule": [one.code() for one in self.schedule],
        }


class AddStaff(HowTheyWork):
    name: Line
    email: Email
    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    language: str = Field(default="en", pattern="^(en|es)$", description="of pages and mails")
    employed_from: Day
    employed_to: Day | None = None


async def add_staff(db: Db, keys: KeyRing, request: AddStaff) -> Created:
    """Add a member of staff. Raises `Refused` if the e-mail address signs somebody in already."""
    require_human(request.roles)
    if request.employed_to and request.employed_to < request.employed_from:
        raise Unprocessable("employment-ends-before-it-starts", "Correct the days of employment.", "/employed_to")
    staff_id = uuid7()
    await claim_login(db, keys, request.email, staff_id)
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    staff = Staff(
        agency_id=db.scope.agency_id,
        id=staff_id,
        identity=sealer.seal(IDENTITY, {"name": request.name, "email": request.email}),
        language=request.language,
        roles=sorted(set(request.roles)),
        employed_from=request.employed_from,
        employed_to=request.employed_to,
        version=1,
        **request.columns(),
    )
    db.add(staff)
    tell_staff(db, facts.STAFF_JOINED, staff)
    db.audit("staff.add", staff.id)
    return Created(id=staff.id, version=1)


def require_human(roles: Sequence[Role]) -> None:
    if Role.SERVICE in roles:
        raise Unprocessable("role-not-for-people", "The role `service` is not for people.", "/roles")


async def claim_login(db: Db, keys: KeyRing, email: str, staff_id: UUID) -> None:
    claim = insert(Login).values(
        handle=blind_index(keys.platform_index_key(), "login", email),
        owner_agency_id=db.scope.agency_id,
        staff_id=staff_id,
    )
    if not (await db.execute(claim.on_conflict_do_nothing().returning(Login.staff_id))).first():
        raise Refused("email-in-use", "This e-mail address already signs somebody in. Use another one.")


def tell_staff(db: Db, fact: Fact, staff: Staff) -> None:
    state = facts.StaffFacts(
        staff_id=staff.id,
        roles=[Role(role) for role in staff.roles],
        employed_from=staff.employed_from,
        employed_to=staff.employed_to,
        caseload_to=staff.caseload_to,
        fte=staff.fte,
        peer_worker_since=staff.peer_worker_since,
    )
    db.publish(fact, state, about=staff.id, seq=staff.version)


async def require_staff(db: Db, staff_id: UUID) -> Staff:
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None:
        raise NotThere
    return staff
