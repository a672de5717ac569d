"""Passwords: storing, checking, changing and replacing them."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field, SecretStr
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.errors import NotThere, Unprocessable
from common.privacy import KeyRing
from common.text import Asked
from workforce.commands.sign_ins import end_sign_ins, hold_person
from workforce.commands.staff import IDENTITY
from workforce.models import Agency, Passkey, Password, ProviderLink, Staff, Totp
from workforce.rules.passwords import is_short, normalized_password, password_faults
from workforce.rules.signing import EndReason

# Argon2id with one lane, more than the floor of OWASP's ASVS (two passes over 19 MiB).
PASSES, MEMORY_KIB = 3, 32 * 1024
HASHER = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
# Few at a time: each takes its memory, and strangers decide how many sign-ins there are.
THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="password")


class ChangePassword(Asked):
    password: SecretStr = Field(max_length=1000, description="the present one")
    new_password: SecretStr = Field(max_length=1000)


async def give_one_time_password(db: Db, staff_id: UUID) -> str:
    """Replace a member of staff's password by one that must be changed at the next sign-in; return it, once.

    A second factor stays: who has one is asked for it as ever.
    """
    if await db.get(Staff, (db.scope.agency_id, staff_id)) is None:
        raise NotThere
    password = secrets.token_urlsafe(15)
    hash_ = await hashed(password)
    await hold_person(db, staff_id)
    await store(db, staff_id, hash_, short=False, one_time=True)
    await end_sign_ins(db, staff_id=staff_id, reason=EndReason.PASSWORD_RESET)
    db.audit("password.give", staff_id)
    return password


async def change_password(db: Db, keys: KeyRing, staff_id: UUID, request: ChangePassword, sign_in_id: UUID) -> None:
    """Change one's own password, which ends the other sign-ins. The old one was checked before."""
    old, new = request.password.get_secret_value(), request.new_password.get_secret_value()
    await require_acceptable(db, keys, staff_id, old, new)
    await store(db, staff_id, await hashed(new), short=is_short(new), one_time=False)
    await end_sign_ins(db, staff_id=staff_id, but=sign_in_id, reason=EndReason.PASSWORD_CHANGED)
    db.audit("password.change", staff_id)


async def require_acceptable(db: Db, keys: KeyRing, staff_id: UUID, old: str, new: str) -> None:
    """Raise `Unprocessable` if a new password is too short, too well known or the old one."""
    fault = "must differ from the old one" if normalized_password(new) == normalized_password(old) else None
    has_other = await has_second_factor(db, staff_id)
    fault = fault or password_faults(new, second_factor=has_other, own=await _own_words(db, keys, staff_id))
    if fault:
        raise Unprocessable("password-not-accepted", fault, "/new_password")


async def has_totp(db: Db, staff_id: UUID) -> bool:
    on_file = select(Totp.staff_id).where(Totp.staff_id == staff_id, Totp.confirmed_at.is_not(None))
    return await db.scalar(on_file) is not None


async def has_passkey(db: Db, staff_id: UUID) -> bool:
    of = select(Passkey.id).where(Passkey.agency_id == db.scope.agency_id, Passkey.staff_id == staff_id)
    return await db.scalar(of.limit(1)) is not None


async def has_password(db: Db, staff_id: UUID) -> bool:
    return await db.get(Password, (db.scope.agency_id, staff_id)) is not None


async def has_provider(db: Db, staff_id: UUID) -> bool:
    of = select(ProviderLink.provider_id).where(
        ProviderLink.agency_id == db.scope.agency_id, ProviderLink.staff_id == staff_id
    )
    return await db.scalar(of.limit(1)) is not None


async def has_second_factor(db: Db, staff_id: UUID) -> bool:
    """Tell whether a password alone is not enough for somebody any more."""
    return await has_totp(db, staff_id) or await has_passkey(db, staff_id)


async def _own_words(db: Db, keys: KeyRing, staff_id: UUID) -> list[str]:
    """Return what strangers would try first for this person."""
    agency = await db.get(Agency, db.scope.agency_id)
    known = (await identity(db, keys, staff_id)).values()
    return [agency.name if agency else "", *(str(value) for value in known if value)]


async def identity(db: Db, keys: KeyRing, staff_id: UUID) -> dict[str, object]:
    """Return somebody's name and e-mail address. Raises `NotThere`."""
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None:
        raise NotThere
    opened = (await keys.sealer(db, db.scope.agency_id, staff_id)).open(IDENTITY, staff.identity)
    assert isinstance(opened, dict)  # sealed by add_staff
    return opened


async def store(db: Db, staff_id: UUID, hash_: str, *, short: bool, one_time: bool) -> None:
    values = {"hash": hash_, "one_time": one_time, "changed_at": db.now, "short": short}
    new = insert(Password).values(agency_id=db.scope.agency_id, staff_id=staff_id, **values)
    await db.execute(new.on_conflict_do_update(index_elements=["agency_id", "staff_id"], set_=values))


async def check_password(db: Db, staff_id: UUID, given: str) -> Password | None:
    """Return the stored password, locked, if `given` is it. Takes as long for nobody as for somebody.

    A hash that was made with other parameters than today's is made anew.
    """
    stored = await db.get(Password, (db.scope.agency_id, staff_id), with_for_update=True)
    against = stored.hash if stored else nobodys_hash(HASHER)
    right = await asyncio.get_running_loop().run_in_executor(THREADS, _matches, against, given)
    if not right or stored is None:
        return None
    if HASHER.check_needs_rehash(stored.hash):
        stored.hash = await hashed(given)
    return stored


async def hashed(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(THREADS, HASHER.hash, normalized_password(password))


@cache
def nobodys_hash(hasher: PasswordHasher) -> str:
    """Return a hash that is verified when there is no such user, so that both answers take the same work."""
    return hasher.hash(secrets.token_urlsafe(32))


def _matches(hash_: str, password: str) -> bool:
    try:
        return HASHER.verify(hash_, normalized_password(password))
    except (VerificationError, InvalidHashError):
        return False
