"""What makes a passkey acceptable: whose it is, for which site it was made, and what its answers must hold."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

CHALLENGE_BYTES = 32  # when it was given (4), chance (12), and the mark of who gave it (16)
CHALLENGE_FOR = timedelta(minutes=5)
PASSKEYS_MOST = 10
CREDENTIAL_ID_MOST = 1023  # bytes; WebAuthn level 2, 4
LOOPBACK_NAMES = frozenset({"localhost"})
SITE = "Handrail"
# What a malformed answer makes the library or its decoders raise.
MALFORMED = (WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError)


class Ceremony(StrEnum):
    """What a challenge was given for; it is good for nothing else."""

    REGISTRATION = "registration"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"


class NotAcceptable(Exception):
    """An answer of an authenticator that proves nothing; why stays here."""


@dataclass(frozen=True)
class RelyingParty:
    """The site that passkeys are made for. `id`: its name; `origins`: the exact origins that may ask for them."""

    id: str
    origins: tuple[str, ...]


def relying_party(public_url: str, rp_id: str | None = None, more_origins: Collection[str] = ()) -> RelyingParty:
    """Return the site that people see at `public_url`.

    `rp_id`: a parent domain to make passkeys for, instead of the host itself. `more_origins`: exact origins besides,
    such as an app's. Raises `ValueError` where browsers would refuse: plain http (but on localhost), a bare address,
    or an id that is not the host or a parent of it.
    """
    host = urlsplit(public_url).hostname or ""
    party = rp_id or host
    if ("." not in party and party not in LOOPBACK_NAMES) or party.replace(".", "").isdigit() or ":" in party:
        raise ValueError(f"passkeys need a domain name or localhost, not {party!r}")
    origins = [origin_of(public_url), *more_origins]
    for origin in origins:
        if "://" in origin and not _belongs(origin, party):
            raise ValueError(f"{origin!r} cannot use passkeys of {party!r}")
    return RelyingParty(party, tuple(dict.fromkeys(origins)))


def site_for(public_url: str, rp_id: str | None = None) -> RelyingParty | None:
    """Return the site, or None where browsers would make no passkeys: a bare address, or http but on localhost."""
    try:
        return relying_party(public_url, rp_id)
    except ValueError:
        return None


def _belongs(origin: str, party: str) -> bool:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK_NAMES)
    return secure and (host == party or host.endswith(f".{party}"))


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, as a browser writes an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def user_handle(agency_id: UUID, staff_id: UUID) -> bytes:
    """Return the 32 bytes that a passkey keeps of its owner; they say nothing to anybody else."""
    return agency_id.bytes + staff_id.bytes


def person_of(handle: bytes) -> tuple[UUID, UUID]:
    """Return the (agency, staff) of a user handle. Raises `NotAcceptable`."""
    if len(handle) != 32:
        raise NotAcceptable
    return UUID(bytes=handle[:16]), UUID(bytes=handle[16:])


def decoded(text: str) -> bytes:
    """Return what base64url text holds. Raises `NotAcceptable`."""
    try:
        return base64url_to_bytes(text)
    except MALFORMED as error:
        raise NotAcceptable from error


def challenge_in(client_data: str) -> bytes:
    """Return the challenge that an answer names; whether it is one of ours is looked up. Raises `NotAcceptable`."""
    try:
        said = json.loads(decoded(client_data))
        if said.get("crossOrigin") or "topOrigin" in said:
            raise NotAcceptable  # asked for from inside another site's page
        challenge = base64url_to_bytes(said["challenge"])
    except (*MALFORMED, RecursionError) as error:
        raise NotAcceptable from error
    if len(challenge) != CHALLENGE_BYTES:
        raise NotAcceptable
    return challenge


def new_challenge(key: bytes, ceremony: Ceremony, of: UUID | None, now: datetime) -> bytes:
    """Return a challenge that is known again by its mark: whoever asks for many fills nothing.

    `of`: the sign-in that asked; None where nobody is signed in yet.
    """
    given = int(now.timestamp()).to_bytes(4) + secrets.token_bytes(12)
    return given + _mark(key, ceremony, of, given)


def is_open(challenge: bytes, key: bytes, ceremony: Ceremony, of: UUID | None, now: datetime) -> bool:
    """Tell whether we gave this challenge, for this, to them, minutes ago; whether it was used is looked up."""
    given, mark = challenge[:16], challenge[16:]
    age = now.timestamp() - int.from_bytes(given[:4])
    return hmac.compare_digest(mark, _mark(key, ceremony, of, given)) and -60 < age < CHALLENGE_FOR.total_seconds()


def _mark(key: bytes, ceremony: Ceremony, of: UUID | None, given: bytes) -> bytes:
    said = b"passkey-challenge\0" + ceremony.encode() + b"\0" + (of.bytes if of else b"") + b"\0" + given
    return hmac.digest(key, said, hashlib.sha256)[:16]


def creation_options(
    party: RelyingParty, *, handle: bytes, challenge: bytes, name: str, email: str, existing: Sequence[bytes]
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` takes, as JSON: a discoverable key behind the owner's own check."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=SITE,
        user_id=handle,
        user_name=email,
        user_display_name=name,
        challenge=challenge,
        timeout=int(CHALLENGE_FOR.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in existing],
    )
    return dict(options_to_json_dict(options))


def request_options(party: RelyingParty, *, challenge: bytes, allowed: Sequence[bytes] = ()) -> dict[str, Any]:
    """Return what `navigator.credentials.get` takes, as JSON; with nothing `allowed`, the person chooses a passkey."""
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=int(CHALLENGE_FOR.total_seconds() * 1000),
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options_to_json_dict(options))


def verified_registration(party: RelyingParty, credential: Mapping[str, Any], challenge: bytes) -> VerifiedRegistration:
    """Return a new key. Raises `NotAcceptable` unless this site asked for it and its owner was verified."""
    try:
        made = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise NotAcceptable from error
    if len(made.credential_id) > CREDENTIAL_ID_MOST:
        raise NotAcceptable
    return made


def verified_use(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, public_key: bytes
) -> VerifiedAuthentication:
    """Return a proof of possession. Raises `NotAcceptable`.

    The count is judged by `count_went_back`, after the signature: nobody without the key learns anything of it.
    """
    try:
        return verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise NotAcceptable from error


def count_went_back(stored: int, given: int) -> bool:
    """Tell whether a key was used that is not the one we know: each use counts up, where a key counts at all.

    Keys that are synchronised between devices say 0 for ever. Source: WebAuthn level 2, 6.1.1.
    """
    return (stored > 0 or given > 0) and given <= stored
