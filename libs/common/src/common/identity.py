"""Who calls: short-lived Ed25519 tokens, verified against workforce's published keys, of sign-ins that still last."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
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
FETCH_SECONDS = 2.0
LATE = 3  # intervals without news of ended sign-ins after which a request waits for it

AskEnded = Callable[[], Awaitable[frozenset[UUID]]]


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller, as the token says: never from a header, a query or a body.

    `aal`: the assurance level of the sign-in, 1 or 2. `authenticated_at`: when they last proved who they are.
    """

    staff_id: UUID
    agency_id: UUID
    roles: frozenset[str]
    sign_in_id: UUID
    aal: int
    authenticated_at: datetime

    def may(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def require(self, *roles: Role) -> None:
        """Raise `Forbidden` unless the actor has one of `roles`."""
        if not self.may(*roles):
            raise Forbidden


class EndedSignIns:
    """Which sign-ins ended lately, asked of workforce now and then; who is among them is out.

    While workforce cannot be asked, the last list stands, and each token's own short life is the limit.
    """

    def __init__(self, ask: AskEnded, every: float) -> None:
        self.ask = ask
        self._every = every
        self._ended: frozenset[UUID] = frozenset()
        self._known_at = self._tried_at = -math.inf  # of the monotonic clock, which a machine begins at its start
        self._asking: asyncio.Task[None] | None = None

    async def refuse(self, sign_in_id: UUID) -> None:
        """Raise `Unauthenticated` if the sign-in ended, as far as is known; waits only for news that is overdue."""
        now = time.monotonic()
        if now - self._known_at > self._every:
            if self._asking is None and now - self._tried_at > self._every:
                self._tried_at = now
                self._asking = asyncio.create_task(self._learn(now))
            if self._asking is not None and now - self._known_at > LATE * self._every:
                await asyncio.shield(self._asking)
        if sign_in_id in self._ended:
            raise Unauthenticated

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()

    async def _learn(self, now: float) -> None:
        try:
            self._ended = await asyncio.wait_for(self.ask(), FETCH_SECONDS)
            self._known_at = now
        except Exception as error:  # whatever is wrong over there must keep nobody out here
            log.warning("ended_sign_ins_not_known", error=type(error).__name__)
        finally:
            self._asking = None


class Verifier:
    """Checks access tokens; keeps the keys, and each good token for at most a minute."""

    def __init__(self, *, issuer: str, jwks_url: str, ended_every: float = 15.0) -> None:
        self._jwks_url = jwks_url
        self._keys: KeySet | None = None
        self._fetched = -REFETCH_SECONDS
        self._fetching = asyncio.Lock()
        self._seen: dict[str, tuple[Actor, float]] = {}
        self._ended = EndedSignIns(self._fetch_ended, ended_every)
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

    def learn_ended_from(self, ask: AskEnded) -> None:
        """Ask here which sign-ins ended instead of over HTTP (for the service that publishes them)."""
        self._ended.ask = ask

    def close(self) -> None:
        """Ask nobody any more."""
        self._ended.close()

    async def actor(self, authorization: str | None) -> Actor:
        """Return the actor of an `Authorization` header. Raises `Unauthenticated`."""
        if not authorization or not authorization.startswith("Bearer "):
            raise Unauthenticated
        now = time.time()
        if (hit := self._seen.get(authorization)) and hit[1] > now:
            actor = hit[0]
        else:
            actor, expires = await self._verified(authorization[7:])
            if len(self._seen) >= CACHE_TOKENS:
                self._seen.clear()
            self._seen[authorization] = actor, min(expires, now + CACHE_SECONDS)
        await self._ended.refuse(actor.sign_in_id)
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
            except (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                raise Unauthenticated from error
        raise Unauthenticated

    def _decoded(self, token: str) -> tuple[Actor, float]:
        if self._keys is None:
            raise Refused("unavailable", "Sign-in cannot be checked right now. Try again in a moment.", status=503)
        decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
        if decoded.header.get("typ") != TOKEN_TYPE:
            raise Unauthenticated
        self._claims.validate(decoded.claims)
        return _actor(decoded.claims), float(decoded.claims["exp"])

    async def _fetch_ended(self) -> frozenset[UUID]:
        async with httpx.AsyncClient(timeout=FETCH_SECONDS) as client:
            answer = await client.get(self._jwks_url.removesuffix("jwks") + "ended-sign-ins")
            answer.raise_for_status()
            return frozenset(UUID(one) for one in answer.json()["sign_in_ids"])

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


def _actor(claims: dict[str, Any]) -> Actor:
    """Raises `KeyError`, `TypeError` or `ValueError` where a claim is missing or makes no sense."""
    if claims["aal"] not in (1, 2) or not isinstance(claims["roles"], list):
        raise ValueError
    return Actor(
        staff_id=UUID(claims["sub"]),
        agency_id=UUID(claims["agency"]),
        roles=frozenset(claims["roles"]),
        sign_in_id=UUID(claims["sid"]),
        aal=claims["aal"],
        authenticated_at=datetime.fromtimestamp(claims["auth_time"], UTC),
    )
