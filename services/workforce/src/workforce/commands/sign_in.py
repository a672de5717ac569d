"""Passwords, sign-in and rotating refresh tokens."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field, SecretStr
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Forbidden, Refused, Unauthenticated, Unprocessable
from common.privacy import KeyRing, blind_index
from common.text import Asked, Email, local_day
from workforce.commands.staff import require_staff
from workforce.models import Agency, Login, Password, RefreshToken, Staff
from workforce.rules.signing import is_employed, is_token_usable, normalized_password, password_faults

HASHER = PasswordHasher()
# Verified when there is no such user, so that both answers take the same work.
NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$fs+9ED9jNdBXHRv5cIhpjA$5qmi4j9zWUsBUfF3kmmcEPFrWLE55qO7pJ8xm4mtpgs"


class SignIn(Asked):
    email: Email
    password: SecretStr = Field(max_length=1000)
    new_password: SecretStr | None = Field(
        default=None, max_length=1000, description="replaces the password; needed after a one-time password"
    )


class SignInRefused(Refused):
    """Which of name and password is wrong, or whether there is such a person, stays unsaid."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "sign-in-refused",
            "E-mail or password is wrong. Try again, or ask for a one-time password.",
        )


@dataclass(frozen=True)
class SignedIn:
    """Somebody who proved who they are, and the refresh token to give them."""

    staff_id: UUID
    agency_id: UUID
    roles: list[str]
    refresh_token: str


async def give_one_time_password(db: Db, staff_id: UUID) -> str:
    """Replace a member of staff's password by one that must be changed at the next sign-in; return it, once."""
    await require_staff(db, staff_id)
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
    """Check a password and start a family of refresh tokens. Raises `Refused`."""
    given = request.password.get_secret_value()
    stored = await db.get(Password, (db.scope.agency_id, staff_id), with_for_update=True)
    if not await asyncio.to_thread(_matches, stored.hash if stored else NOBODYS_HASH, given) or stored is None:
        raise SignInRefused
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
