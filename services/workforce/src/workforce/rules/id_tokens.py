"""What an ID token has to say before it proves who somebody is (OpenID Connect Core 1.0, 3.1.3.7)."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from workforce.rules.providers import ALGORITHMS, NotAcceptable

LEEWAY_SECONDS = 60
TOKEN_AGE_SECONDS = 600  # an ID token comes straight from its issuer: an old one was not made for this sign-in
SUBJECT_MOST = 255  # OpenID Connect Core 1.0, 2
UNTOLD = timedelta(days=1)  # a proof of untold age is taken for older than any sensitive act allows


class UnknownKey(NotAcceptable):
    """Signed with a key that was not published when we looked: perhaps the keys were rotated."""


@dataclass(frozen=True)
class Identity:
    """Whom a provider says it has in front of it. `email`: only if the provider verified it.

    `proved_at`: when the person proved it to the provider, None if that was not told.
    """

    subject: str
    email: str | None
    acr: str | None
    amr: frozenset[str]
    proved_at: datetime | None


@dataclass(frozen=True)
class Expected:
    """What an ID token has to say to be the answer to this very sign-in. `now`: seconds since the epoch."""

    issuer: str
    client_id: str
    nonce: str
    now: float


def key_set(document: object) -> KeySet:
    """Return published keys, without those that cannot sign with a public key. Raises `NotAcceptable`."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > 100:
        raise NotAcceptable
    usable = [key for key in listed if isinstance(key, dict) and key.get("use", "sig") == "sig"]
    found = []
    for key in usable:
        if key.get("kty") not in ("RSA", "EC", "OKP"):
            continue
        try:
            found += KeySet.import_key_set({"keys": [key]}).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue  # one key that cannot be read must not keep out the others
    if not found:
        raise NotAcceptable
    return KeySet(found)


def identity_in(token: str, keys: KeySet, expected: Expected) -> Identity:
    """Return whom an ID token names. Raises `UnknownKey` or `NotAcceptable`."""
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotAcceptable from error
    claims = decoded.claims
    if not (_is_meant_for(claims, expected) and _is_fresh(claims, expected)):
        raise NotAcceptable
    return _identity(claims, expected.now)


def _is_meant_for(claims: Mapping[str, Any], expected: Expected) -> bool:
    audience = claims.get("aud")
    listed = [audience] if isinstance(audience, str) else audience
    if not isinstance(listed, list) or expected.client_id not in listed:
        return False
    if ("azp" in claims or len(listed) > 1) and claims.get("azp") != expected.client_id:
        return False
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(_digest(nonce), _digest(expected.nonce)):
        return False
    return bool(claims.get("iss") == expected.issuer)


def _is_fresh(claims: Mapping[str, Any], expected: Expected) -> bool:
    expires, issued = _instant(claims.get("exp")), _instant(claims.get("iat"))
    earliest = _instant(claims.get("nbf", 0))
    if expires is None or issued is None or earliest is None:
        return False
    latest_start = expected.now + LEEWAY_SECONDS
    if issued > latest_start or earliest > latest_start:
        return False
    return expected.now < expires + LEEWAY_SECONDS and expected.now - issued < TOKEN_AGE_SECONDS


def _instant(value: object) -> float | None:
    """Return seconds since the epoch, or None for what is no such number: true, NaN and the infinite among it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e12 and isfinite(value) else None


def _identity(claims: Mapping[str, Any], now: float) -> Identity:
    subject, email, amr, acr = (claims.get(name) for name in ("sub", "email", "amr", "acr"))
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MOST:
        raise NotAcceptable
    verified = claims.get("email_verified") is True and isinstance(email, str) and 3 <= len(email) <= 254
    proved = _instant(claims.get("auth_time"))
    return Identity(
        subject=subject,
        email=email if verified else None,
        acr=acr if isinstance(acr, str) else None,
        amr=frozenset(one for one in (amr if isinstance(amr, list) else []) if isinstance(one, str)),
        proved_at=None if proved is None or proved < 0 else datetime.fromtimestamp(min(proved, now), UTC),
    )


def assurance(identity: Identity, acr_values: Collection[str], amr_values: Collection[str]) -> int:
    """Return 2 where the provider named an assurance or a method that the agency counts as two factors, else 1."""
    strong = identity.acr in acr_values or not identity.amr.isdisjoint(amr_values)
    return 2 if strong else 1


def proof_counts_from(identity: Identity, now: datetime) -> datetime:
    """Return since when a sign-in's proof ages: a provider that remembers people may have seen it long ago."""
    return min(identity.proved_at, now) if identity.proved_at else now - UNTOLD


def was_proved_since(identity: Identity, asked_at: datetime) -> bool:
    """Tell whether the person proved themself after they were asked to, give or take how far clocks differ."""
    return identity.proved_at is not None and identity.proved_at >= asked_at - timedelta(seconds=LEEWAY_SECONDS)


def subject_digest(key: bytes, provider_id: UUID, subject: str) -> bytes:
    """Return the keyed digest of whom a provider knows somebody as; case counts in a subject."""
    return hmac.digest(key, f"provider-subject\0{provider_id}\0{subject}".encode(), hashlib.sha256)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
