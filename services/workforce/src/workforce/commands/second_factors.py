"""Authenticator apps beside a password: enrolling, proving, removing."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import pyotp
from pydantic import Field, SecretStr
from sqlalchemy import delete, update

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.privacy import KeyRing
from common.text import Asked, Distinct
from workforce.commands.passwords import has_passkey, has_second_factor, identity
from workforce.commands.recovery_codes import make_recovery_codes, remove_recovery_codes, use_recovery_code
from workforce.commands.sign_ins import end_sign_ins, hold_caller, hold_person
from workforce.models import Passkey, Password, SignInPolicy, Staff, Totp
from workforce.rules.signing import EndReason, SecondFactorFor, SignInMethod, needs_second_factor
from workforce.rules.totp import compact, enrolment_uri, matching_step

SECRET = "totp.secret"  # noqa: S105 - a place
PENDING_FOR = timedelta(minutes=15)


class GiveCode(Asked):
    code: SecretStr = Field(max_length=64, description="six digits of the authenticator app")


class SetPolicy(Asked):
    second_factor: SecondFactorFor
    roles: Annotated[list[Role], Distinct] = Field(default=[], max_length=10, description="only with `roles`")


@dataclass(frozen=True)
class Enrolment:
    """What the app needs; shown once."""

    secret: str
    otpauth_uri: str


async def enrol(db: Db, keys: KeyRing, staff_id: UUID) -> Enrolment:
    """Give a new secret, which counts once a code of it was shown; one that counts already stays until then."""
    account = str((await identity(db, keys, staff_id))["email"])
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    secret = pyotp.random_base32()
    row = await _totp(db, staff_id)
    if row is None:
        row = Totp(agency_id=db.scope.agency_id, staff_id=staff_id, last_step=0, version=0)
        db.add(row)
    row.pending, row.pending_at = sealer.seal(SECRET, secret), db.now
    row.version += 1
    db.audit("totp.enrol", staff_id)
    return Enrolment(secret, enrolment_uri(secret, account))


async def confirm(db: Db, keys: KeyRing, staff_id: UUID, code: str) -> list[str] | None:
    """Make the pending secret count if this is a code of it; return fresh recovery codes, or None if it is not."""
    row = await _totp(db, staff_id)
    if row is None or row.pending is None or row.pending_at is None or db.now - row.pending_at > PENDING_FOR:
        raise Refused("no-enrolment-pending", "Start again: ask for a new secret, then show its first code.")
    step = matching_step(await _opened(db, keys, staff_id, row.pending), compact(code), db.now, 0)
    if step is None:
        return None
    row.secret, row.confirmed_at, row.last_step = row.pending, db.now, step
    row.pending = row.pending_at = None
    row.version += 1
    db.audit("totp.confirm", staff_id)
    return await make_recovery_codes(db, staff_id)


async def prove(db: Db, keys: KeyRing, staff_id: UUID, code: str) -> SignInMethod | None:
    """Return what kind of second factor this code proved, or None; a code proves once."""
    if await _use_totp(db, keys, staff_id, compact(code)):
        return SignInMethod.PASSWORD_AND_TOTP
    if await use_recovery_code(db, staff_id, code):
        return SignInMethod.PASSWORD_AND_RECOVERY_CODE
    return None


async def _use_totp(db: Db, keys: KeyRing, staff_id: UUID, code: str) -> bool:
    row = await db.get(Totp, (db.scope.agency_id, staff_id))
    if row is None or row.secret is None:
        return False
    step = matching_step(await _opened(db, keys, staff_id, row.secret), code, db.now, row.last_step)
    if step is None:
        return False
    # Of two requests with one code only one finds the step unused.
    mine = Totp.staff_id == staff_id, Totp.last_step < step
    return bool((await db.execute(update(Totp).where(*mine).values(last_step=step).returning(Totp.version))).first())


async def _opened(db: Db, keys: KeyRing, staff_id: UUID, sealed: bytes) -> str:
    return str((await keys.sealer(db, db.scope.agency_id, staff_id)).open(SECRET, sealed))


async def _totp(db: Db, staff_id: UUID) -> Totp | None:
    return await db.get(Totp, (db.scope.agency_id, staff_id), with_for_update=True, populate_existing=True)


async def new_recovery_codes(db: Db, staff_id: UUID, sign_in_id: UUID) -> list[str]:
    """Return ten new recovery codes. Raises `Refused` unless a passkey or an authenticator is on file."""
    await hold_caller(db, staff_id, sign_in_id)
    if not await has_second_factor(db, staff_id):
        raise Refused("no-second-factor", "Register a passkey or an authenticator app first.")
    return await make_recovery_codes(db, staff_id)


async def remove_own(db: Db, staff_id: UUID, sign_in_id: UUID, roles: list[str]) -> None:
    """Remove one's own authenticator. Raises `Refused` if the agency demands one or the password needs it."""
    await hold_caller(db, staff_id, sign_in_id)
    if await has_passkey(db, staff_id):
        return await _remove_totp(db, staff_id)
    await require_going_without(db, staff_id, roles)
    await _remove_totp(db, staff_id)
    return await remove_recovery_codes(db, staff_id)


async def require_going_without(db: Db, staff_id: UUID, roles: list[str]) -> None:
    """Raise `Refused` if somebody, who is held, may not be without any second factor."""
    if await is_demanded(db, roles):
        raise Refused("second-factor-demanded", "Your agency asks for a second factor. Enrol another one instead.")
    stored = await db.get(Password, (db.scope.agency_id, staff_id))
    if stored is not None and stored.short:
        raise Refused("password-too-short-alone", "Change to a password of 15 characters or more first.")


async def remove_for(db: Db, staff_id: UUID) -> None:
    """Remove somebody's lost second factors for them, passkeys too, which ends their sign-ins. Raises `NotThere`.

    A password that was good only beside it must be replaced at the next sign-in.
    """
    await hold_person(db, staff_id)
    stored = await db.get(Password, (db.scope.agency_id, staff_id))
    if await db.get(Staff, (db.scope.agency_id, staff_id)) is None:
        raise NotThere
    if stored is not None and stored.short:
        stored.one_time = True
    await _remove_totp(db, staff_id)
    await remove_recovery_codes(db, staff_id)
    await db.execute(delete(Passkey).where(Passkey.agency_id == db.scope.agency_id, Passkey.staff_id == staff_id))
    await end_sign_ins(db, staff_id=staff_id, reason=EndReason.SECOND_FACTOR_REMOVED)


async def _remove_totp(db: Db, staff_id: UUID) -> None:
    row = await _totp(db, staff_id)
    if row is not None:
        row.secret = row.confirmed_at = row.pending = row.pending_at = None
        row.version += 1
    db.audit("second-factor.remove", staff_id)


async def is_demanded(db: Db, roles: list[str]) -> bool:
    """Tell whether the agency demands a second factor of somebody with these roles."""
    policy = await db.get(SignInPolicy, db.scope.agency_id)
    return policy is not None and needs_second_factor(SecondFactorFor(policy.second_factor), policy.roles, roles)


async def set_policy(db: Db, request: SetPolicy, expected: int) -> Created:
    """Say of whom a second factor is demanded; who has none enrols at the next sign-in."""
    policy = await db.get(SignInPolicy, db.scope.agency_id, with_for_update=True)
    require_version(policy.version if policy else 0, expected)
    if policy is None:
        policy = SignInPolicy(agency_id=db.scope.agency_id, version=0)
        db.add(policy)
    policy.second_factor, policy.roles = request.second_factor, sorted(request.roles)
    policy.version = expected + 1
    db.audit("sign-in-policy.set", db.scope.agency_id, second_factor=request.second_factor, roles=policy.roles)
    return Created(id=db.scope.agency_id, version=policy.version)
