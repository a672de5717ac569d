"""What can be done in workforce: one function per intention, each inside the caller's transaction."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field, SecretStr
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import CredentialStatus, CredentialType, Role, Specialty, UnitMethod
from common.database import Db
from common.errors import Forbidden, NotThere, Refused, Unauthenticated, Unprocessable
from common.http import Created, require_version
from common.privacy import KeyRing, blind_index
from common.text import Asked, Email, Line, Zone, local_day
from workforce.models import Agency, Credential, Login, Password, Program, RefreshToken, Staff, SupervisorAssignment
from workforce.rules import is_employed, is_token_usable, normalized_password, password_faults

HASHER = PasswordHasher()
# Verified when there is no such user, so that both answers take the same work.
NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$fs+9ED9jNdBXHRv5cIhpjA$5qmi4j9zWUsBUfF3kmmcEPFrWLE55qO7pJ8xm4mtpgs"
PEOPLE = [Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR]
IDENTITY = "staff.identity"


class AddStaff(Asked):
    name: Line
    email: Email
    roles: list[Role] = Field(min_length=1)
    language: str = Field(default="en", pattern="^(en|es)$")
    employed_from: date
    employed_to: date | None = None


class OpenAgency(Asked):
    """Only the operator opens agencies; the first administrator comes with it."""

    agency_id: UUID = Field(description="chosen by the caller, so that a repeat is noticed")
    name: Line
    zone: Zone
    holidays: list[date] = Field(default=[], max_length=400, description="days that are no business days")
    administrator_name: Line
    administrator_email: Email


class OpenProgram(Asked):
    name: Line
    credential_required: bool = True
    required_specialty: Specialty | None = None
    accepted_credentials: list[CredentialType] = Field(default=[], description="empty accepts every type")
    unit_method: UnitMethod = UnitMethod.MIDPOINT_8
    group_max: int = Field(default=12, ge=2, le=100)
    group_modifier: str | None = Field(default="HQ", pattern="^[A-Z0-9]{2}$")
    note_deadline_business_days: int = Field(default=2, ge=0, le=60)
    plan_deadline_days: int = Field(default=30, ge=1, le=365)
    opened_on: date


class RecordCredential(Asked):
    staff_id: UUID
    credential_type: CredentialType
    specialty: Specialty
    issuer: Line
    valid_from: date
    valid_to: date
    status: CredentialStatus = CredentialStatus.ACTIVE


class AssignSupervisor(Asked):
    staff_id: UUID
    supervisor_id: UUID
    valid_from: date
    valid_to: date | None = None


class Depart(Asked):
    last_day: date


class SignIn(Asked):
    email: Email
    password: SecretStr = Field(max_length=1000)
    new_password: SecretStr | None = Field(
        default=None, max_length=1000, description="replaces the password; needed after a one-time password"
    )


@dataclass(frozen=True)
class SignedIn:
    """Somebody who proved who they are, and the refresh token to give them."""

    staff_id: UUID
    agency_id: UUID
    roles: list[str]
    refresh_token: str


async def open_agency(db: Db, keys: KeyRing, request: OpenAgency) -> tuple[UUID, str]:
    """Open an agency; return its first administrator's id and one-time password."""
    if await db.get(Agency, request.agency_id):
        raise Refused("agency-exists", "An agency with this id is open already.")
    agency = Agency(
        agency_id=request.agency_id,
        name=request.name,
        zone=request.zone,
        holidays=sorted(set(request.holidays)),
        activated_at=db.now,
        version=1,
    )
    db.add(agency)
    db.publish(
        facts.AGENCY_ACTIVATED,
        facts.AgencyFacts(
            agency_id=agency.agency_id, zone=agency.zone, holidays=agency.holidays, activated_at=agency.activated_at
        ),
        about=agency.agency_id,
        seq=1,
    )
    db.audit("agency.open", agency.agency_id)
    administrator = await add_staff(
        db,
        keys,
        AddStaff(
            name=request.administrator_name,
            email=request.administrator_email,
            roles=[Role.ADMINISTRATOR],
            employed_from=local_day(db.now, request.zone),
        ),
    )
    return administrator.id, await give_one_time_password(db, administrator.id)


async def open_program(db: Db, request: OpenProgram) -> Created:
    program = Program(agency_id=db.scope.agency_id, id=uuid7(), version=1, **request.model_dump())
    db.add(program)
    db.publish(
        facts.PROGRAM_OPENED,
        facts.ProgramFacts(program_id=program.id, **request.model_dump(exclude={"name"})),
        about=program.id,
        seq=1,
    )
    db.audit("program.open", program.id)
    return Created(id=program.id, version=1)


async def add_staff(db: Db, keys: KeyRing, request: AddStaff) -> Created:
    """Add a member of staff. Raises `Refused` if the e-mail address signs somebody in already."""
    if Role.SERVICE in request.roles:
        raise Unprocessable("role-not-for-people", "The role `service` is not for people.", "/roles")
    if request.employed_to and request.employed_to < request.employed_from:
        raise Unprocessable("employment-ends-before-it-starts", "Correct the days of employment.", "/employed_to")
    staff_id = uuid7()
    await _claim_login(db, keys, request.email, staff_id)
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
    )
    db.add(staff)
    db.publish(facts.STAFF_JOINED, _staff_facts(staff), about=staff.id, seq=1)
    db.audit("staff.add", staff.id)
    return Created(id=staff.id, version=1)


async def _claim_login(db: Db, keys: KeyRing, email: str, staff_id: UUID) -> None:
    claim = insert(Login).values(
        handle=blind_index(keys.platform_index_key(), "login", email),
        owner_agency_id=db.scope.agency_id,
        staff_id=staff_id,
    )
    if not (await db.execute(claim.on_conflict_do_nothing().returning(Login.staff_id))).first():
        raise Refused("email-in-use", "This e-mail address already signs somebody in. Use another one.")


def _staff_facts(staff: Staff) -> facts.StaffFacts:
    return facts.StaffFacts(
        staff_id=staff.id,
        roles=[Role(role) for role in staff.roles],
        employed_from=staff.employed_from,
        employed_to=staff.employed_to,
    )


async def depart(db: Db, staff_id: UUID, request: Depart, expected: int) -> Created:
    """Record a member of staff's last day; from the day after, sign-in is over."""
    staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    if staff is None:
        raise NotThere
    require_version(staff.version, expected)
    if request.last_day < staff.employed_from:
        raise Unprocessable("employment-ends-before-it-starts", "The last day is before the first.", "/last_day")
    staff.employed_to = request.last_day
    staff.version += 1
    db.publish(facts.STAFF_LEFT, _staff_facts(staff), about=staff.id, seq=staff.version)
    db.audit("staff.depart", staff.id)
    return Created(id=staff.id, version=staff.version)


async def record_credential(db: Db, request: RecordCredential) -> Created:
    if request.valid_to < request.valid_from:
        raise Unprocessable("credential-ends-before-it-starts", "Correct the days of validity.", "/valid_to")
    await _require_staff(db, request.staff_id)
    credential = Credential(agency_id=db.scope.agency_id, id=uuid7(), version=1, **request.model_dump())
    db.add(credential)
    db.publish(
        facts.CREDENTIAL_RECORDED,
        facts.CredentialFacts(credential_id=credential.id, **request.model_dump(exclude={"issuer"})),
        about=credential.id,
        seq=1,
    )
    db.audit("credential.record", credential.id)
    return Created(id=credential.id, version=1)


async def assign_supervisor(db: Db, request: AssignSupervisor) -> Created:
    """Say who supervises whom from a day on; an open assignment before it ends the day before."""
    if request.staff_id == request.supervisor_id:
        raise Unprocessable("supervises-oneself", "Choose somebody else as supervisor.", "/supervisor_id")
    if request.valid_to and request.valid_to < request.valid_from:
        raise Unprocessable("supervision-ends-before-it-starts", "Correct the days.", "/valid_to")
    await _require_staff(db, request.staff_id)
    supervisor = await _require_staff(db, request.supervisor_id)
    if Role.SUPERVISOR not in supervisor.roles:
        raise Unprocessable("not-a-supervisor", "This member of staff has no supervisor role.", "/supervisor_id")
    await _end_open_supervision(db, request)
    assignment = SupervisorAssignment(agency_id=db.scope.agency_id, id=uuid7(), version=1, **request.model_dump())
    db.add(assignment)
    db.publish(facts.SUPERVISOR_ASSIGNED, _supervision(assignment), about=assignment.id, seq=1)
    db.audit("supervisor.assign", assignment.id)
    return Created(id=assignment.id, version=1)


async def _end_open_supervision(db: Db, request: AssignSupervisor) -> None:
    found = await db.scalars(
        select(SupervisorAssignment)
        .where(SupervisorAssignment.staff_id == request.staff_id, SupervisorAssignment.valid_to.is_(None))
        .with_for_update()
    )
    for earlier in found:
        if earlier.valid_from >= request.valid_from:
            raise Refused("supervision-overlaps", "A later supervisor is recorded already. Choose a later first day.")
        earlier.valid_to = request.valid_from - timedelta(days=1)
        earlier.version += 1
        db.publish(facts.SUPERVISOR_ASSIGNED, _supervision(earlier), about=earlier.id, seq=earlier.version)


def _supervision(assignment: SupervisorAssignment) -> facts.SupervisorFacts:
    return facts.SupervisorFacts(
        assignment_id=assignment.id,
        staff_id=assignment.staff_id,
        supervisor_id=assignment.supervisor_id,
        valid_from=assignment.valid_from,
        valid_to=assignment.valid_to,
    )


async def _require_staff(db: Db, staff_id: UUID) -> Staff:
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None:
        raise NotThere
    return staff


async def give_one_time_password(db: Db, staff_id: UUID) -> str:
    """Replace a member of staff's password by one that must be changed at the next sign-in; return it, once."""
    await _require_staff(db, staff_id)
    password = secrets.token_urlsafe(15)
    await _store_password(db, staff_id, password, one_time=True)
    await _end_tokens(db, RefreshToken.staff_id == staff_id)
    db.audit("password.give", staff_id)
    return password


async def _store_password(db: Db, staff_id: UUID, password: str, *, one_time: bool) -> None:
    hashed = await asyncio.to_thread(HASHER.hash, normalized_password(password))
    values = {"hash": hashed, "one_time": one_time, "changed_at": db.now}
    store = insert(Password).values(agency_id=db.scope.agency_id, staff_id=staff_id, **values)
    await db.execute(store.on_conflict_do_update(index_elements=["agency_id", "staff_id"], set_=values))


async def find_login(db: Db, keys: KeyRing, email: str) -> tuple[UUID, UUID] | None:
    """Return (agency, staff) of a sign-in name, without any agency's context."""
    handle = blind_index(keys.platform_index_key(), "login", email)
    found = await db.execute(select(Login.owner_agency_id, Login.staff_id).where(Login.handle == handle))
    row = found.first()
    return (row.owner_agency_id, row.staff_id) if row else None


async def waste_the_same_time(password: str) -> None:
    """Do for an unknown name the work that a known one costs."""
    await asyncio.to_thread(_matches, NOBODYS_HASH, password)


async def sign_in(db: Db, staff_id: UUID, request: SignIn, life: timedelta) -> SignedIn:
    """Check a password and start a family of refresh tokens. Raises `Unauthenticated` or `Refused`."""
    given = request.password.get_secret_value()
    stored = await db.get(Password, (db.scope.agency_id, staff_id), with_for_update=True)
    if not await asyncio.to_thread(_matches, stored.hash if stored else NOBODYS_HASH, given) or stored is None:
        raise Unauthenticated
    staff = await _require_working(db, staff_id)
    if request.new_password is not None:
        await _change_password(db, staff_id, given, request.new_password.get_secret_value())
    elif stored.one_time:
        raise Forbidden("new-password-needed", "This is a one-time password. Sign in with it and a new_password.")
    db.audit("sign-in", staff_id)
    token = await _new_token(db, staff_id, uuid7(), db.now + life)
    return SignedIn(staff_id, db.scope.agency_id, staff.roles, token)


async def _require_working(db: Db, staff_id: UUID) -> Staff:
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    agency = await db.get(Agency, db.scope.agency_id)
    if staff is None or agency is None:
        raise Unauthenticated
    if not is_employed(staff.employed_from, staff.employed_to, local_day(db.now, agency.zone)):
        raise Unauthenticated
    return staff


async def _change_password(db: Db, staff_id: UUID, old: str, new: str) -> None:
    fault = "must differ from the old one" if new == old else password_faults(new)
    if fault:
        raise Unprocessable("password-not-accepted", fault, "/new_password")
    await _store_password(db, staff_id, new, one_time=False)
    db.audit("password.change", staff_id)


def _matches(hashed: str, password: str) -> bool:
    try:
        return HASHER.verify(hashed, normalized_password(password))
    except (VerificationError, InvalidHashError):
        return False


async def _new_token(db: Db, staff_id: UUID, family_id: UUID, expires_at: datetime) -> str:
    """Store a refresh token's digest and return the token: the agency's id and a random secret."""
    secret = secrets.token_urlsafe(32)
    db.add(
        RefreshToken(
            agency_id=db.scope.agency_id,
            digest=_digest(secret),
            family_id=family_id,
            staff_id=staff_id,
            expires_at=expires_at,
        )
    )
    return f"{db.scope.agency_id}.{secret}"


def agency_of_token(token: str) -> tuple[UUID, str]:
    """Split a refresh token. Raises `Unauthenticated`."""
    agency, _, secret = token.partition(".")
    try:
        return UUID(agency), secret
    except ValueError as error:
        raise Unauthenticated from error


async def refresh(db: Db, secret: str) -> SignedIn | None:
    """Exchange a refresh token for the next of its family; None if it was used before, which ends the family."""
    token = await db.get(RefreshToken, (db.scope.agency_id, _digest(secret)), with_for_update=True)
    if token is None or not is_token_usable(token.expires_at, token.ended_at, db.now):
        raise Unauthenticated
    if token.used_at is not None:
        await _end_tokens(db, RefreshToken.family_id == token.family_id)
        db.audit("sign-in.replayed", token.staff_id)
        return None
    staff = await _require_working(db, token.staff_id)
    token.used_at = db.now
    successor = await _new_token(db, token.staff_id, token.family_id, token.expires_at)
    return SignedIn(token.staff_id, db.scope.agency_id, staff.roles, successor)


async def sign_out(db: Db, secret: str) -> None:
    """End the token's whole family; an unknown token is as good as ended."""
    token = await db.get(RefreshToken, (db.scope.agency_id, _digest(secret)))
    if token is not None:
        await _end_tokens(db, RefreshToken.family_id == token.family_id)
        db.audit("sign-out", token.staff_id)


async def _end_tokens(db: Db, which: object) -> None:
    await db.execute(
        update(RefreshToken).where(which, RefreshToken.ended_at.is_(None)).values(ended_at=db.now)  # type: ignore[arg-type]  # a column comparison
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
