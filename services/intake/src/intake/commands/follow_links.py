"""The link by which a referrer without an account follows a referral: made from keys, stored nowhere, revocable."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from common.contracts.codes import ReferralStatus
from common.database import Db
from common.errors import NotThere
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, blind_index
from common.text import Asked
from intake.commands.recording import recording
from intake.commands.referral_tellings import Telling, link_terms, shown_by_link
from intake.commands.referrals import reach_referral
from intake.models import Referral

ID_BYTES = 16
PROOF_BYTES = 16  # 128 bits that nobody guesses
TOKEN_CHARACTERS = 64


class SetFollowLink(Asked):
    """Every change makes a new link and ends the one before; a closed one answers nothing.

    A link says `received` for ever, unless `told` says on what basis the referrer may know more.
    """

    open: bool
    told: Telling | None = None


class FollowStatus(BaseModel):
    """All that a referrer without an account may know. `since`: the day, where the agency is."""

    status: ReferralStatus
    since: date


@dataclass(frozen=True, slots=True)
class FollowToken:
    """What a link names, and the proof that we made it."""

    agency_id: UUID
    referral_id: UUID
    proof: bytes


def read_token(token: str) -> FollowToken:
    """Return what a token names. Raises `NotThere` if it cannot be one of ours."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise NotThere from error
    if len(token) != TOKEN_CHARACTERS:
        raise NotThere
    return FollowToken(UUID(bytes=raw[:ID_BYTES]), UUID(bytes=raw[ID_BYTES : 2 * ID_BYTES]), raw[2 * ID_BYTES :])


async def follow_token(db: Db, keys: KeyRing, referral: Referral) -> str:
    proof = await _proof(db, keys, referral)
    raw = referral.agency_id.bytes + referral.id.bytes + proof
    return base64.urlsafe_b64encode(raw).decode()


async def _proof(db: Db, keys: KeyRing, referral: Referral) -> bytes:
    key = await keys.index_key(db, referral.agency_id)
    return blind_index(key, "follow-link", str(referral.id), str(referral.link_version))[:PROOF_BYTES]


async def require_proof(db: Db, keys: KeyRing, referral: Referral, proof: bytes) -> None:
    """Raise `NotThere` unless the proof is of the link as it stands, and the link is open."""
    right = await _proof(db, keys, referral)
    if not hmac.compare_digest(right, proof) or not referral.link_open:
        raise NotThere


async def set_follow_link(
    db: Db, keys: KeyRing, actor: Actor, referral_id: UUID, request: SetFollowLink, *, expected: int
) -> Created:
    referral = await reach_referral(db, actor, referral_id, await recording(db), lock=True)
    require_version(referral.version, expected)
    referral.link_version += 1
    referral.link_open = request.open
    referral.link_terms = await link_terms(db, keys, referral, request.told)
    referral.version += 1
    db.audit("referral.link", referral.id, open=request.open, link_version=referral.link_version)
    return Created(id=referral.id, version=referral.version)


async def follow_status(db: Db, keys: KeyRing, token: str) -> FollowStatus:
    """Return how far a referral is, for whoever has its link; no key is made for what is not there."""
    named = read_token(token)
    found = await db.get(Referral, (named.agency_id, named.referral_id))
    if found is None:
        raise NotThere
    await require_proof(db, keys, found, named.proof)
    status, since = await shown_by_link(db, keys, found)
    db.audit("referral.follow", found.id, status=status)
    return FollowStatus(status=status, since=since)
