"""Signing access tokens and publishing the keys that verify them."""

import time
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import OKPKey

from common.identity import ALGORITHMS, AUDIENCE, TOKEN_TYPE


class Tokens:
    """Issues Ed25519 tokens of a fixed life."""

    def __init__(self, seed: bytes, issuer: str, life: timedelta) -> None:
        private = Ed25519PrivateKey.from_private_bytes(seed)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._key = OKPKey.import_key(pem)
        self._key.ensure_kid()
        self._issuer = issuer
        self._seconds = int(life.total_seconds())

    def issue(self, subject: UUID, agency_id: UUID, roles: Iterable[str]) -> tuple[str, int]:
        """Return a token and its life in seconds."""
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(subject),
            "agency": str(agency_id),
            "roles": sorted(roles),
            "iat": now,
            "exp": now + self._seconds,
            "jti": str(uuid4()),
        }
        header = {"alg": ALGORITHMS[0], "typ": TOKEN_TYPE, "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=ALGORITHMS), self._seconds

    def public_keys(self) -> dict[str, object]:
        return {"keys": [self._key.as_dict(private=False, alg=ALGORITHMS[0], use="sig")]}
