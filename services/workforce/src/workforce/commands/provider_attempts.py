"""The way to a provider and back: begun in one browser, finished in the same, once and within minutes.

Nothing is kept of an open attempt: the browser holds it, sealed, so that strangers who begin many fill no table.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field, SecretStr, model_validator
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.errors import Refused
from common.privacy import KeyRing, Sealer, WrongKey
from common.text import Asked, Email
from workforce.commands.email_domains import owner_of
from workforce.commands.issuers import Client, Issuers, Returned
from workforce.commands.providers import client_of
from workforce.models import Provider, UsedProviderAttempt
from workforce.rules.providers import Question, authorization_url, domain_of

ATTEMPT = "provider.attempt"
OPEN_FOR = timedelta(minutes=10)
KEPT_FOR = OPEN_FOR + timedelta(minutes=5)  # a used attempt is remembered longer than it is open
PRUNED_AT_ONCE = 100


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    LINK = "link"
    STEP_UP = "step_up"


class BeginSignIn(Asked):
    """An e-mail address, of which only the domain is looked at, or a provider of an agency."""

    email: Email | None = None
    agency_id: UUID | None = None
    provider_id: UUID | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "BeginSignIn":
        named = self.agency_id is not None and self.provider_id is not None
        half = (self.agency_id is None) != (self.provider_id is None)
        if half or named == (self.email is not None):
            raise ValueError("must hold an email, or agency_id and provider_id")
        return self


class ComeBack(Asked):
    """What the provider's redirect said, and the attempt that the browser kept meanwhile."""

    attempt: SecretStr = Field(max_length=2000)
    state: SecretStr = Field(max_length=200)
    code: SecretStr = Field(min_length=1, max_length=4000)
    iss: str | None = Field(default=None, max_length=500)


class NoProvider(Refused):
    """Speaks of domains only: whether there is such a person is not even looked at."""

    status = 404

    def __init__(self) -> None:
        detail = "No provider signs this address in. Sign in with your passkey or password, or ask your administrator."
        super().__init__("no-provider", detail)


class AttemptRefused(Refused):
    status = 401

    def __init__(self) -> None:
        detail = "This was begun elsewhere, is used or too old. Start again in this browser."
        super().__init__("provider-attempt-refused", detail)


@dataclass(frozen=True)
class Begun:
    """An attempt that waits for the browser to come back."""

    attempt: str
    client: Client
    state: str
    nonce: str
    verifier: str
    acr_values: tuple[str, ...]
    anew: bool


@dataclass(frozen=True)
class Open:
    """An attempt that came back to the browser it began in; used from now on. `version`: the provider's then."""

    provider_id: UUID
    version: int
    client: Client
    nonce: str
    verifier: str
    begun_at: datetime

    def returned(self, request: ComeBack) -> Returned:
        return Returned(request.code.get_secret_value(), request.iss, self.verifier, self.nonce)


async def agency_of(db: Db, request: BeginSignIn) -> UUID:
    """Return whose provider is asked for; runs without any agency's context. Raises `NoProvider`."""
    if request.agency_id is not None:
        return request.agency_id
    agency_id = await owner_of(db, domain_of(str(request.email)))
    if agency_id is None:
        raise NoProvider
    return agency_id


async def begin_sign_in(db: Db, keys: KeyRing, request: BeginSignIn) -> Begun:
    found = select(Provider).where(Provider.agency_id == db.scope.agency_id, Provider.enabled)
    if request.provider_id is not None:
        found = found.where(Provider.id == request.provider_id)
    else:
        found = found.where(Provider.email_domains.contains([domain_of(str(request.email))]))
    provider = await db.scalar(found.limit(1))
    if provider is None:
        raise NoProvider
    return await _begin(db, keys, provider, Purpose.SIGN_IN, None)


async def begin_own(db: Db, keys: KeyRing, provider_id: UUID, purpose: Purpose, sign_in_id: UUID) -> Begun:
    """Begin to link an account, or to confirm who one is, as somebody who is signed in."""
    provider = await db.get(Provider, (db.scope.agency_id, provider_id))
    if provider is None or not provider.enabled:
        raise NoProvider
    return await _begin(db, keys, provider, purpose, sign_in_id)


async def _begin(db: Db, keys: KeyRing, provider: Provider, purpose: Purpose, of: UUID | None) -> Begun:
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    kept = {
        "for": purpose,
        "of": str(of),
        "version": provider.version,
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "begun_at": db.now.isoformat(),
    }
    sealer = await keys.sealer(db, db.scope.agency_id, provider.id)
    opaque = urlsafe_b64encode(provider.id.bytes + sealer.seal(ATTEMPT, kept)).decode().rstrip("=")
    return Begun(
        attempt=f"{db.scope.agency_id}.{opaque}",
        client=await client_of(db, keys, provider),
        state=state,
        nonce=nonce,
        verifier=verifier,
        acr_values=tuple(provider.aal2_acr_values),
        anew=purpose is Purpose.STEP_UP,
    )


async def address_of(issuers: Issuers, begun: Begun) -> str:
    """Return where to send the browser. Asks the network; raises `ProviderUnavailable` or `ProviderUnusable`."""
    question = Question(
        client_id=begun.client.client_id,
        redirect_uri=issuers.redirect_uri,
        state=begun.state,
        nonce=begun.nonce,
        verifier=begun.verifier,
        acr_values=begun.acr_values,
        anew=begun.anew,
    )
    return authorization_url(await issuers.metadata(begun.client.issuer), question)


async def take_up(
    db: Db, keys: KeyRing, opaque: str, request: ComeBack, purpose: Purpose, of: UUID | None = None
) -> Open:
    """Return the attempt that a browser came back with; it is used from now on. Raises `AttemptRefused`."""
    provider_id, sealed = _parts(opaque)
    provider = await db.get(Provider, (db.scope.agency_id, provider_id))
    if provider is None or not provider.enabled:
        raise AttemptRefused
    kept = _opened(await keys.sealer(db, db.scope.agency_id, provider_id), sealed)
    begun_at = datetime.fromisoformat(kept["begun_at"])
    fits = (
        hmac.compare_digest(kept["state"].encode(), request.state.get_secret_value().encode()),
        kept["for"] == purpose and kept["of"] == str(of),
        kept["version"] == provider.version,
        db.now < begun_at + OPEN_FOR,
    )
    if not all(fits) or not await _is_first(db, sealed):
        raise AttemptRefused
    client = await client_of(db, keys, provider)
    return Open(provider_id, provider.version, client, kept["nonce"], kept["verifier"], begun_at)


def _parts(opaque: str) -> tuple[UUID, bytes]:
    try:
        raw = urlsafe_b64decode(opaque + "=" * (-len(opaque) % 4))
        return UUID(bytes=raw[:16]), raw[16:]
    except ValueError:
        raise AttemptRefused from None


def _opened(sealer: Sealer, sealed: bytes) -> dict[str, Any]:
    try:
        kept = sealer.open(ATTEMPT, sealed)
    except WrongKey:
        raise AttemptRefused from None
    assert isinstance(kept, dict)  # sealed by `_begin`
    return kept


async def _is_first(db: Db, sealed: bytes) -> bool:
    """Use an attempt up; tell whether nobody did before."""
    row = {"agency_id": db.scope.agency_id, "digest": hashlib.sha256(sealed).digest(), "used_at": db.now}
    claim = insert(UsedProviderAttempt).values(row).on_conflict_do_nothing().returning(UsedProviderAttempt.digest)
    if (await db.execute(claim)).first() is None:
        return False
    old = select(UsedProviderAttempt.digest).where(
        UsedProviderAttempt.agency_id == db.scope.agency_id, UsedProviderAttempt.used_at < db.now - KEPT_FOR
    )
    some = old.limit(PRUNED_AT_ONCE).with_for_update(skip_locked=True)
    await db.execute(delete(UsedProviderAttempt).where(UsedProviderAttempt.digest.in_(some)))
    return True
