"""Passkeys: registering one, signing in and confirming with it, removing it."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused, Unauthenticated
from common.http import Created, require_version
from common.privacy import KeyRing
from common.text import Asked, Label
from workforce.commands.passwords import has_password, has_provider, has_totp, identity
from workforce.commands.recovery_codes import make_recovery_codes, remove_recovery_codes, unused_recovery_codes
from workforce.commands.second_factors import require_going_without
from workforce.commands.sign_in import Limits
from workforce.commands.sign_ins import (
    SignedIn,
    end_sign_ins,
    hold_caller,
    prove_again,
    require_working,
    start_sign_in,
)
from workforce.models import Passkey, UsedChallenge
from workforce.rules.passkeys import (
    CHALLENGE_FOR,
    PASSKEYS_MOST,
    Ceremony,
    NotAcceptable,
    RelyingParty,
    challenge_in,
    count_went_back,
    creation_options,
    decoded,
    is_open,
    new_challenge,
    person_of,
    request_options,
    user_handle,
    verified_registration,
    verified_use,
)
from workforce.rules.signing import EndReason, SignInMethod

LABEL = "passkey.label"
KEPT_FOR = CHALLENGE_FOR + timedelta(minutes=5)  # an answered challenge is remembered longer than it is open
PRUNED_AT_ONCE = 100


class AuthenticatorAnswer(Asked):
    """What the browser's `PublicKeyCredential.toJSON()` gives."""

    id: str = Field(max_length=1400)
    raw_id: str = Field(alias="rawId", max_length=1400)
    type: str = Field(pattern="^public-key$")
    response: dict[str, Any] = Field(max_length=20)
    authenticator_attachment: str | None = Field(default=None, alias="authenticatorAttachment", max_length=40)
    client_extension_results: dict[str, Any] = Field(default={}, alias="clientExtensionResults", max_length=20)

    def said(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True)

    def text(self, name: str) -> str:
        """Return a part of the response. Raises `NotAcceptable`."""
        part = self.response.get(name)
        if not isinstance(part, str) or len(part) > 20_000:
            raise NotAcceptable
        return part


class RegisterPasskey(Asked):
    label: Label = Field(description="what its owner calls it, such as: work phone")
    credential: AuthenticatorAnswer


class RenamePasskey(Asked):
    label: Label


class UsePasskey(Asked):
    credential: AuthenticatorAnswer


class PasskeyRefused(Refused):
    """Why stays unsaid: to a stranger every answer that proves nothing looks alike."""

    status = 401

    def __init__(self) -> None:
        super().__init__("passkey-refused", "This passkey does not sign anybody in. Try again, or sign in another way.")


@dataclass(frozen=True)
class Site:
    """The site that passkeys are for, and what its challenges are marked with."""

    party: RelyingParty
    key: bytes


async def registration_options(db: Db, keys: KeyRing, site: Site, staff_id: UUID, sign_in_id: UUID) -> dict[str, Any]:
    """Return what the browser makes a new passkey from."""
    known = await identity(db, keys, staff_id)
    existing = await db.scalars(select(Passkey.credential_id).where(*_of(db, staff_id)))
    return creation_options(
        site.party,
        handle=user_handle(db.scope.agency_id, staff_id),
        challenge=new_challenge(site.key, Ceremony.REGISTRATION, sign_in_id, db.now),
        name=str(known["name"]),
        email=str(known["email"]),
        existing=list(existing),
    )


async def register(
    db: Db, keys: KeyRing, site: Site, staff_id: UUID, sign_in_id: UUID, request: RegisterPasskey
) -> tuple[Created, list[str]]:
    """Keep a new passkey; return it, and recovery codes if there were none yet. Raises `Refused`.

    It ends the sign-ins that a password alone started, for somebody else may have known it.
    """
    await hold_caller(db, staff_id, sign_in_id)
    if (await db.scalar(select(func.count()).select_from(Passkey).where(*_of(db, staff_id))) or 0) >= PASSKEYS_MOST:
        raise Refused("passkeys-enough", f"There are {PASSKEYS_MOST} passkeys already. Remove one first.")
    try:
        challenge = await _answered(db, site, request.credential, Ceremony.REGISTRATION, sign_in_id)
        made = verified_registration(site.party, request.credential.said(), challenge)
    except NotAcceptable:
        raise Refused("passkey-not-registered", "The browser's answer does not fit. Ask for new options.") from None
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    row = {
        "agency_id": db.scope.agency_id,
        "id": uuid7(),
        "staff_id": staff_id,
        "credential_id": made.credential_id,
        "public_key": made.credential_public_key,
        "sign_count": made.sign_count,
        "backed_up": made.credential_backed_up,
        "label": sealer.seal(LABEL, request.label),
        "registered_at": db.now,
        "version": 1,
    }
    kept = await db.execute(insert(Passkey).values(row).on_conflict_do_nothing().returning(Passkey.id))
    if kept.first() is None:
        raise Refused("passkey-known", "This passkey is registered already. Nothing needs to be done.")
    db.audit("passkey.register", staff_id, passkey_id=row["id"])
    await end_sign_ins(db, staff_id=staff_id, but=sign_in_id, below_aal=2, reason=EndReason.SECOND_FACTOR_ADDED)
    codes = [] if await unused_recovery_codes(db, staff_id) else await make_recovery_codes(db, staff_id)
    return Created(id=row["id"], version=1), codes


def sign_in_options(site: Site, now: Any) -> dict[str, Any]:
    """Return what the browser asks its passkeys with; it names nobody, and nothing is kept of it."""
    return request_options(site.party, challenge=new_challenge(site.key, Ceremony.SIGN_IN, None, now))


def person_in(credential: AuthenticatorAnswer) -> tuple[UUID, UUID]:
    """Return whose passkey an answer says it is: (agency, staff). Raises `PasskeyRefused`."""
    try:
        return person_of(decoded(credential.text("userHandle")))
    except NotAcceptable:
        raise PasskeyRefused from None


async def sign_in(db: Db, site: Site, staff_id: UUID, request: UsePasskey, limits: Limits) -> SignedIn | None:
    """Sign in with a passkey; None for a copied one, which the caller commits. Raises `PasskeyRefused`."""
    if not await _proved(db, site, staff_id, request.credential, Ceremony.SIGN_IN, None):
        return None
    return await start_sign_in(db, staff_id, method=SignInMethod.PASSKEY, life=limits.life, idle=limits.idle)


async def step_up_options(db: Db, site: Site, staff_id: UUID, sign_in_id: UUID) -> dict[str, Any]:
    allowed = list(await db.scalars(select(Passkey.credential_id).where(*_of(db, staff_id))))
    if not allowed:
        raise Refused("no-passkey", "Register a passkey first, or confirm with your password or a code.")
    challenge = new_challenge(site.key, Ceremony.STEP_UP, sign_in_id, db.now)
    return request_options(site.party, challenge=challenge, allowed=allowed)


async def step_up(db: Db, site: Site, staff_id: UUID, sign_in_id: UUID, request: UsePasskey) -> SignedIn | None:
    """Note a fresh proof on the caller's sign-in; None for a copied passkey, which the caller commits."""
    if not await _proved(db, site, staff_id, request.credential, Ceremony.STEP_UP, sign_in_id):
        return None
    return await prove_again(db, sign_in_id, aal=2)


async def _proved(
    db: Db, site: Site, staff_id: UUID, credential: AuthenticatorAnswer, ceremony: Ceremony, of: UUID | None
) -> bool:
    """Tell whether a passkey of theirs answered, and not a copy of it. Raises `PasskeyRefused`."""
    try:
        await require_working(db, staff_id)
        challenge = await _answered(db, site, credential, ceremony, of)
        credential_id = decoded(credential.raw_id)
        mine = (*_of(db, staff_id), Passkey.credential_id == credential_id)
        passkey = await db.scalar(select(Passkey).where(*mine).with_for_update())
        if passkey is None:
            raise PasskeyRefused
        used = verified_use(site.party, credential.said(), challenge, passkey.public_key)
    except (NotAcceptable, Unauthenticated):
        raise PasskeyRefused from None
    if count_went_back(passkey.sign_count, used.new_sign_count):
        passkey.count_went_back_at = db.now
        db.audit("passkey.count-went-back", staff_id, passkey_id=passkey.id)
        return False
    passkey.sign_count, passkey.backed_up = used.new_sign_count, used.credential_backed_up
    passkey.last_used_at = db.now
    return True


async def _answered(db: Db, site: Site, credential: AuthenticatorAnswer, ceremony: Ceremony, of: UUID | None) -> bytes:
    """Return the challenge that an answer is to, used from now on. Raises `NotAcceptable`."""
    challenge = challenge_in(credential.text("clientDataJSON"))
    if not is_open(challenge, site.key, ceremony, of, db.now):
        raise NotAcceptable
    row = {"agency_id": db.scope.agency_id, "digest": hashlib.sha256(challenge).digest(), "used_at": db.now}
    claim = insert(UsedChallenge).values(row).on_conflict_do_nothing().returning(UsedChallenge.digest)
    if (await db.execute(claim)).first() is None:
        raise NotAcceptable
    old = select(UsedChallenge.digest).where(UsedChallenge.used_at < db.now - KEPT_FOR).limit(PRUNED_AT_ONCE)
    await db.execute(delete(UsedChallenge).where(UsedChallenge.digest.in_(old.with_for_update(skip_locked=True))))
    return challenge


async def rename(
    db: Db, keys: KeyRing, staff_id: UUID, passkey_id: UUID, request: RenamePasskey, expected: int
) -> Created:
    passkey = await _own(db, staff_id, passkey_id)
    require_version(passkey.version, expected)
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    passkey.label = sealer.seal(LABEL, request.label)
    passkey.version += 1
    db.audit("passkey.rename", staff_id, passkey_id=passkey.id)
    return Created(id=passkey.id, version=passkey.version)


async def remove(db: Db, staff_id: UUID, sign_in_id: UUID, roles: list[str], passkey_id: UUID) -> None:
    """Remove one of one's own passkeys. Raises `Refused` if the last one is needed, as a factor or as the way in."""
    await hold_caller(db, staff_id, sign_in_id)
    passkey = await _own(db, staff_id, passkey_id)
    others = select(Passkey.id).where(*_of(db, staff_id), Passkey.id != passkey_id)
    if await db.scalar(others.limit(1)) is None:
        await _require_going_without(db, staff_id, roles)
    await db.delete(passkey)
    db.audit("passkey.remove", staff_id, passkey_id=passkey_id)


async def _require_going_without(db: Db, staff_id: UUID, roles: list[str]) -> None:
    """Raise `Refused` if somebody may not be without any passkey; recovery codes for nothing else go with it."""
    if not await has_password(db, staff_id) and not await has_provider(db, staff_id):
        detail = "Register another passkey first: without this one you could not sign in any more."
        raise Refused("last-way-in", detail)
    if not await has_totp(db, staff_id):
        await require_going_without(db, staff_id, roles)
        await remove_recovery_codes(db, staff_id)


async def _own(db: Db, staff_id: UUID, passkey_id: UUID) -> Passkey:
    found = await db.get(Passkey, (db.scope.agency_id, passkey_id), with_for_update=True)
    if found is None or found.staff_id != staff_id:
        raise NotThere
    return found


def _of(db: Db, staff_id: UUID) -> tuple[Any, ...]:
    return Passkey.agency_id == db.scope.agency_id, Passkey.staff_id == staff_id
