"""Who calls: short-lived Ed25519 tokens, verified against workforce's published keys."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from common.contracts.codes import Role
from common.errors import Forbidden, Refused, Unauthenticated

log = structlog.get_logger()

ALGORITHMS = ["Ed25519"]
AUDIENCE = "handrail"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type, not a secret
NOBODY = UUID(int=0)  # the agency of what belongs to none: refused strangers, the platform itself
CACHE_SECONDS = 60.0
CACHE_TOKENS = 10_000
REFETCH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller, as the token says: never from a header, a query or a body."""

    staff_id: UUID
    agency_id: UUID
    roles: frozenset[str]

    def may(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def require(self, *roles: Role) -> None:
        """Raise `Forbidden` unless the actor has one of `roles`."""
        if not self.may(*roles):
            raise Forbidden


class Verifier:
    """Checks access tokens; keeps the keys, and each good token for at most a minute."""

    def __init__(self, *, issuer: str, jwks_url: str) -> None:
        self._jwks_url = jwks_url
        self._keys: KeySet | None = None
        self._fetched = -REFETCH_SECONDS
        self._fetching = asyncio.Lock()
        self._seen: dict[str, tuple[Actor, float]] = {}
        self._claims = jwt.JWTClaimsRegistry(
            leeway=5,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            iat={"essential": True},
        )

    def trust(self, key_set: Any) -> None:
        """Take the verification keys from here instead of fetching them (for the service that publishes them)."""
        self._keys = KeySet.import_key_set(key_set)

    async def actor(self, authorization: str | None) -> Actor:
        """Return the actor of an `Authorization` header. Raises `Unauthenticated`."""
        if not authorization or not authorization.startswith("Bearer "):
            raise Unauthenticated
        now = time.time()
        if (hit := self._seen.get(authorization)) and hit[1] > now:
            return hit[0]
        actor, expires = await self._verified(authorization[7:])
        if len(self._seen) >= CACHE_TOKENS:
            self._seen.clear()
        self._seen[authorization] = actor, min(expires, now + CACHE_SECONDS)
        return actor

    async def _verified(self, token: str) -> tuple[Actor, float]:
        for may_refetch in (True, False):
            if self._keys is None:
                await self._fetch()
            try:
                return self._decoded(token)
            except InvalidKeyIdError as error:
                # A token signed with a key we have not seen yet: perhaps the keys were rotated.
                if not may_refetch or not await self._fetch():
                    raise Unauthenticated from error
            except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise Unauthenticated from error
        raise Unauthenticated

    def _decoded(self, token: str) -> tuple[Actor, float]:
        if self._keys is None:
            raise Refused("unavailable", "Sign-in cannot be checked right now. Try again in a moment.", status=503)
        decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
        if decoded.header.get("typ") != TOKEN_TYPE:
            raise Unauthenticated
        self._claims.validate(decoded.claims)
        claims = decoded.claims
        actor = Actor(UUID(claims["sub"]), UUID(claims["agency"]), frozenset(claims["roles"]))
        return actor, float(claims["exp"])

    async def _fetch(self) -> bool:
        """Fetch the key set, at most every few seconds; return whether a fetch happened."""
        async with self._fetching:
            if time.monotonic() - self._fetched < REFETCH_SECONDS:
                return False
            self._fetched = time.monotonic()
            try:
                async with httpx.AsyncClient(timeout=5) as client:
                    answer = await client.get(self._jwks_url)
                    answer.raise_for_status()
                    self._keys = KeySet.import_key_set(answer.json())
            except (httpx.HTTPError, ValueError) as error:
                log.warning("keys_not_fetched", error=type(error).__name__)
                return False
            return True
