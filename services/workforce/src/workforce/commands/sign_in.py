"""Signing in with a password, in one step or, where a second factor is on file or demanded, in two."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import Field, SecretStr
from sqlalchemy import delete, select

from common.database import Db
from common.errors import Forbidden, Refused, Unauthenticated
from common.identity import NOBODY
from common.privacy import KeyRing, blind_index
from common.text import Asked, Email
from workforce.commands import passwords, second_factors
from workforce.commands.sign_ins import SignedIn, end_sign_ins, require_working, start_sign_in
from workforce.commands.throttles import Attempt, count_proof, count_sign_in, take_back
from workforce.models import Challenge, Login, Password
from workforce.rules.passwords import is_short
from workforce.rules.signing import EndReason, SignInMethod

CHALLENGE_FOR = timedelta(minutes=5)
CODES_PER_CHALLENGE = 5


class PasswordSignIn(Asked):
    email: Email
    password: SecretStr = Field(max_length=1000)
    new_password: SecretStr | None = Field(
        default=None, max_length=1000, description="replaces the password; needed after a one-time password"
    )
    known_device: str | None = Field(
        default=None, max_length=200, description="what an earlier sign-in from this device was given"
    )


class SecondStep(Asked):
    challenge: SecretStr = Field(max_length=200, description="from the problem that the first step answered")
    code: SecretStr = Field(max_length=64, description="of the authenticator app, or a recovery code")
    known_device: str | None = Field(
        default=None, max_length=200, description="what an earlier sign-in from this device was given"
    )


class SignInRefused(Refused):
    """Which of name and password is wrong, or whether there is such a person, stays unsaid."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "sign-in-refused",
            "E-mail or password is wrong. Try again, or ask for a one-time password.",
        )


class CodeRefused(Refused):
    status = 401

    def __init__(self) -> None:
        super().__init__("code-refused", "The code is wrong, used or too old. Try the next one, or start again.")


class SecondFactorNeeded(Refused):
    """The password was right; the answer carries the challenge for the second step."""

    status = 403

    def __init__(self, halfway: "Halfway") -> None:
        if halfway.enrols:
            code, detail = "second-factor-enrolment-needed", "Your agency asks for a second factor. Enrol one now."
        else:
            code, detail = (
                "second-factor-needed",
                "Sign in with your passkey, or send the code of your authenticator app or a recovery code.",
            )
        super().__init__(code, detail)
        self.members = {"challenge": halfway.challenge}


@dataclass(frozen=True)
class Halfway:
    """The password was right. `enrols`: the second factor has to be enrolled first."""

    challenge: str
    enrols: bool


@dataclass(frozen=True)
class Limits:
    """How long a sign-in lasts: in all, and unused."""

    life: timedelta
    idle: timedelta


async def find_login(db: Db, keys: KeyRing, request: PasswordSignIn, network: str | None) -> tuple[UUID, UUID, Attempt]:
    """Count an attempt and return the (agency, staff) of its name; nobody's for an unknown one, who is then refused.

    Runs without any agency's context. Raises `TooManyAttempts`.
    """
    attempt = await count_sign_in(db, keys, request.email, network, request.known_device)
    handle = blind_index(keys.platform_index_key(), "login", request.email)
    found = await db.execute(select(Login.owner_agency_id, Login.staff_id).where(Login.handle == handle))
    row = found.first()
    return (row.owner_agency_id, row.staff_id, attempt) if row else (NOBODY, NOBODY, attempt)


async def sign_in(
    db: Db, keys: KeyRing, staff_id: UUID, request: PasswordSignIn, limits: Limits, attempt: Attempt
) -> SignedIn | Halfway | Refused:
    """Check a password; start the sign-in, or ask for the second factor. Raises `SignInRefused`.

    Returns the refusal of a right password that has to be replaced otherwise: the caller commits, then raises it, so
    that nobody waits for what was no wrong guess.
    """
    given = request.password.get_secret_value()
    stored = await passwords.check_password(db, staff_id, given)
    if stored is None:
        raise SignInRefused
    try:
        staff, _ = await require_working(db, staff_id)
    except Unauthenticated:
        raise SignInRefused from None
    await take_back(db, attempt)
    try:
        replacement = await _replacement(db, keys, stored, request)
    except Refused as refusal:
        return refusal
    if await passwords.has_second_factor(db, staff_id):
        return await _halfway(db, staff_id, replacement, enrols=False)
    if await second_factors.is_demanded(db, staff.roles):
        return await _halfway(db, staff_id, replacement, enrols=True)
    if replacement is not None:
        await _replace(db, staff_id, *replacement)
    return await start_sign_in(db, staff_id, method=SignInMethod.PASSWORD, life=limits.life, idle=limits.idle)


async def _replacement(db: Db, keys: KeyRing, stored: Password, request: PasswordSignIn) -> tuple[str, bool] | None:
    """Return the hash of the new password and whether it is short, if one was sent. Raises `Refused` without need."""
    if request.new_password is None:
        if stored.one_time:
            raise Forbidden("new-password-needed", "This is a one-time password. Sign in with it and a new_password.")
        return None
    new = request.new_password.get_secret_value()
    await passwords.require_acceptable(db, keys, stored.staff_id, request.password.get_secret_value(), new)
    return await passwords.hashed(new), is_short(new)


async def _replace(db: Db, staff_id: UUID, hash_: str, short: bool) -> None:
    await passwords.store(db, staff_id, hash_, short=short, one_time=False)
    await end_sign_ins(db, staff_id=staff_id, reason=EndReason.PASSWORD_CHANGED)
    db.audit("password.change", staff_id)


async def _halfway(db: Db, staff_id: UUID, replacement: tuple[str, bool] | None, *, enrols: bool) -> Halfway:
    """Keep the new password, if any, until the second factor was right too; what is past keeps nothing."""
    past = Challenge.agency_id == db.scope.agency_id, Challenge.staff_id == staff_id, Challenge.expires_at <= db.now
    await db.execute(delete(Challenge).where(*past))
    secret = secrets.token_urlsafe(32)
    new_hash, short = replacement or (None, False)
    db.add(
        Challenge(
            agency_id=db.scope.agency_id,
            digest=_digest(secret),
            staff_id=staff_id,
            enrols=enrols,
            new_hash=new_hash,
            new_is_short=short,
            attempts_left=CODES_PER_CHALLENGE,
            expires_at=db.now + CHALLENGE_FOR,
        )
    )
    db.audit("sign-in.halfway", staff_id, enrols=enrols)
    return Halfway(f"{db.scope.agency_id}.{secret}", enrols)


async def enrol_halfway(db: Db, keys: KeyRing, secret: str) -> second_factors.Enrolment:
    """Give a second factor's secret to somebody whose password was right and whose agency demands one."""
    challenge = await _challenge(db, secret)
    if not challenge.enrols or await passwords.has_second_factor(db, challenge.staff_id):
        raise CodeRefused
    return await second_factors.enrol(db, keys, challenge.staff_id)


async def second_step(
    db: Db, keys: KeyRing, secret: str, code: str, limits: Limits, known_device: str | None = None
) -> tuple[SignedIn, str, list[str]] | None:
    """Finish a sign-in with a code; return it, the e-mail address, and recovery codes if it enrolled; None if wrong.

    The caller commits either way: a wrong code has to count.
    """
    challenge = await _challenge(db, secret)
    staff_id = challenge.staff_id
    if challenge.enrols and await passwords.has_second_factor(db, staff_id):
        raise CodeRefused  # one came first meanwhile: a password alone enrols no other
    email = str((await passwords.identity(db, keys, staff_id))["email"])
    attempt = await count_proof(db, keys, staff_id, email=email, device=known_device)
    challenge.attempts_left -= 1
    codes: list[str] | None = []
    if challenge.enrols:
        codes, method = await second_factors.confirm(db, keys, staff_id, code), SignInMethod.PASSWORD_AND_TOTP
    else:
        method = await second_factors.prove(db, keys, staff_id, code)  # type: ignore[assignment]  # None is looked at
    if codes is None or method is None:
        return None
    await take_back(db, attempt)
    if challenge.new_hash is not None:
        await _replace(db, staff_id, challenge.new_hash, challenge.new_is_short)
    await db.execute(delete(Challenge).where(Challenge.staff_id == staff_id))
    signed_in = await start_sign_in(db, staff_id, method=method, life=limits.life, idle=limits.idle)
    return signed_in, email, codes


async def _challenge(db: Db, secret: str) -> Challenge:
    """Return an open challenge, locked. Raises `CodeRefused`.

    The locks are taken in the order that everything else takes them: password, staff, challenge.
    """
    key = (db.scope.agency_id, _digest(secret))
    seen = await db.get(Challenge, key)
    if seen is None:
        raise CodeRefused
    await db.get(Password, (db.scope.agency_id, seen.staff_id), with_for_update=True)
    await require_working(db, seen.staff_id)
    challenge = await db.get(Challenge, key, with_for_update=True, populate_existing=True)
    if challenge is None or challenge.expires_at <= db.now or challenge.attempts_left <= 0:
        raise CodeRefused
    return challenge


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
