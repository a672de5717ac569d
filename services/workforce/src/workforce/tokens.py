"""Signing access tokens and publishing the keys that verify them."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import OKPKey

from common.identity import ALGORITHMS, AUDIENCE, TOKEN_TYPE


@dataclass(frozen=True)
class Proof:
    """The sign-in that a token stands for. `until`: the token never lives longer than this."""

    sign_in_id: UUID
    aal: int
    authenticated_at: datetime
    until: datetime


class Tokens:
    """Issues Ed25519 tokens of a fixed life or a shorter one."""

    def __init__(self, seed: bytes, issuer: str, life: timedelta) -> None:
        private = Ed25519PrivateKey.from_private_bytes(seed)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._key = OKPKey.import_key(pem)
        self._key.ensure_kid()
        self._issuer = issuer
        self._seconds = int(life.total_seconds())

    def issue(
        self, subject: UUID, agency_id: UUID, roles: Iterable[str], proof: Proof | None = None
    ) -> tuple[str, int]:
        """Return a token and its life in seconds, which may be shorter than usual.

        Without a `proof` it stands for itself: a service has no sign-in, and shows its secret for each token.
        """
        now = int(time.time())
        usual = now + self._seconds
        expires = min(usual, int(proof.until.timestamp())) if proof else usual
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(subject),
            "agency": str(agency_id),
            "roles": sorted(roles),
            "sid": str(proof.sign_in_id if proof else uuid4()),
            "aal": proof.aal if proof else 1,
            "auth_time": int(proof.authenticated_at.timestamp()) if proof else now,
            "iat": now,
            "exp": expires,
            "jti": str(uuid4()),
        }
        header = {"alg": ALGORITHMS[0], "typ": TOKEN_TYPE, "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=ALGORITHMS), expires - now

    def public_keys(self) -> dict[str, object]:
        return {"keys": [self._key.as_dict(private=False, alg=ALGORITHMS[0], use="sig")]}
