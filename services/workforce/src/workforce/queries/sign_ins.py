"""What can be asked about sign-ins, second factors and access."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere
from workforce.commands.recovery_codes import unused_recovery_codes
from workforce.models import Access, EndedSignIn, SignIn, SignInPolicy, Staff, Totp
from workforce.rules.signing import EndReason, SecondFactorFor, SignInMethod

SHOWN = 50
LISTED_MOST = 100_000


class EndedSignIns(BaseModel):
    """Ids that open nothing and name nobody; tokens of these sign-ins are refused from now on."""

    sign_in_ids: frozenset[UUID]


class OwnSignIn(BaseModel):
    id: UUID
    method: SignInMethod
    aal: int = Field(description="assurance level, 1 or 2")
    device_id: UUID | None
    started_at: datetime
    last_used_at: datetime = Field(description="to within the life of an access token")
    idle_minutes: int = Field(description="unused for longer, it is over")
    expires_at: datetime
    ended_at: datetime | None
    end_reason: EndReason | None
    this_one: bool


class OwnSignIns(BaseModel):
    """The newest 50, open or ended."""

    items: list[OwnSignIn]


class SecondFactors(BaseModel):
    totp_since: datetime | None
    recovery_codes_left: int


class AccessState(BaseModel):
    ended: bool
    reason: str | None
    changed_at: datetime | None
    version: int


class Policy(BaseModel):
    second_factor: SecondFactorFor
    roles: list[Role]
    version: int


async def ended_sign_ins(db: Db, since: datetime) -> frozenset[UUID]:
    """Return the sign-ins of all agencies that ended since an instant, the newest first."""
    newest = select(EndedSignIn.sign_in_id).where(EndedSignIn.ended_at >= since).order_by(EndedSignIn.ended_at.desc())
    return frozenset(await db.scalars(newest.limit(LISTED_MOST)))


async def own_sign_ins(db: Db, staff_id: UUID, current: UUID) -> OwnSignIns:
    mine = select(SignIn).where(SignIn.staff_id == staff_id).order_by(SignIn.started_at.desc()).limit(SHOWN)
    return OwnSignIns(items=[_own(row, current) for row in await db.scalars(mine)])


def _own(row: SignIn, current: UUID) -> OwnSignIn:
    return OwnSignIn(
        id=row.id,
        method=SignInMethod(row.method),
        aal=row.aal,
        device_id=row.device_id,
        started_at=row.started_at,
        last_used_at=row.last_used_at,
        idle_minutes=row.idle_seconds // 60,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        end_reason=EndReason(row.end_reason) if row.end_reason else None,
        this_one=row.id == current,
    )


async def second_factors(db: Db, staff_id: UUID) -> SecondFactors:
    totp = await db.get(Totp, (db.scope.agency_id, staff_id))
    return SecondFactors(
        totp_since=totp.confirmed_at if totp else None, recovery_codes_left=await unused_recovery_codes(db, staff_id)
    )


async def access_state(db: Db, staff_id: UUID) -> AccessState:
    """Return whether somebody's access was ended; version 0 where nobody ever touched it."""
    if await db.get(Staff, (db.scope.agency_id, staff_id)) is None:
        raise NotThere
    row = await db.get(Access, (db.scope.agency_id, staff_id))
    if row is None:
        return AccessState(ended=False, reason=None, changed_at=None, version=0)
    return AccessState(ended=row.ended, reason=row.reason, changed_at=row.changed_at, version=row.version)


async def policy(db: Db) -> Policy:
    row = await db.get(SignInPolicy, db.scope.agency_id)
    if row is None:
        return Policy(second_factor=SecondFactorFor.NOBODY, roles=[], version=0)
    roles = [Role(role) for role in row.roles]
    return Policy(second_factor=SecondFactorFor(row.second_factor), roles=roles, version=row.version)
