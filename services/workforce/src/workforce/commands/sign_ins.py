"""Sign-ins from start to end, whatever the proof was, and their rotating refresh tokens."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Unauthenticated
from common.text import local_day
from workforce.models import Access, Agency, Challenge, EndedSignIn, Password, RefreshToken, SignIn, Staff
from workforce.rules.signing import IDLE, EndReason, SignInMethod, access_until, is_employed, is_idle

LISTED = timedelta(hours=2)  # longer than any access token lives, so that no ended one comes back to life
PRUNED_AT_ONCE = 500


@dataclass(frozen=True)
class SignedIn:
    """Somebody who proved who they are. `until`: no access token of theirs lives longer than this."""

    staff_id: UUID
    agency_id: UUID
    roles: list[str]
    refresh_token: str
    sign_in_id: UUID
    aal: int
    authenticated_at: datetime
    until: datetime


async def start_sign_in(
    db: Db,
    staff_id: UUID,
    *,
    method: SignInMethod,
    life: timedelta,
    idle: timedelta = IDLE,
    aal: int | None = None,
) -> SignedIn:
    """Start a sign-in of somebody who has just proved who they are. Raises `Unauthenticated` if they may not work.

    `life`: the absolute limit. `idle`: unused for longer, it is over. `aal`: if the proof gave another than usual.
    """
    staff, zone = await require_working(db, staff_id)
    started = SignIn(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        staff_id=staff_id,
        method=method,
        aal=aal or method.aal,
        started_at=db.now,
        authenticated_at=db.now,
        last_used_at=db.now,
        idle_seconds=int(idle.total_seconds()),
        expires_at=db.now + life,
    )
    db.add(started)
    db.audit("sign-in", staff_id, sign_in_id=started.id, method=method, aal=started.aal)
    return _signed_in(db, started, staff, zone, _new_token(db, started))


async def require_working(db: Db, staff_id: UUID) -> tuple[Staff, str]:
    """Return who works here today and the agency's zone. Raises `Unauthenticated`.

    Their row is locked for sharing: a departure or an ending of access waits for a sign-in under way, then ends it.
    """
    staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update={"read": True}, populate_existing=True)
    agency = await db.get(Agency, db.scope.agency_id)
    access = await db.get(Access, (db.scope.agency_id, staff_id), populate_existing=True)
    if staff is None or agency is None or (access is not None and access.ended):
        raise Unauthenticated
    if not is_employed(staff.employed_from, staff.employed_to, local_day(db.now, agency.zone)):
        raise Unauthenticated
    return staff, agency.zone


async def hold_person(db: Db, staff_id: UUID) -> None:
    """Let through one change at a time of how somebody signs in; sign-ins of theirs wait for it, or it for them.

    Taken before anything else, and in the order that everything else takes these locks: password, staff.
    """
    await db.get(Password, (db.scope.agency_id, staff_id), with_for_update=True, populate_existing=True)
    await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True, populate_existing=True)


async def hold_caller(db: Db, staff_id: UUID, sign_in_id: UUID) -> None:
    """Hold a caller whose sign-in is open at this very moment: its token may outlive it for up to a minute.

    So nobody who was put out plants a way back in. Raises `Unauthenticated`.
    """
    await hold_person(db, staff_id)
    await require_working(db, staff_id)
    await open_sign_in(db, sign_in_id)


async def require_open(db: Db, sign_in_id: UUID) -> None:
    """Raise `Unauthenticated` if the caller's sign-in ended, though its token is not known as ended yet."""
    found = await db.get(SignIn, (db.scope.agency_id, sign_in_id))
    if found is None or found.ended_at is not None:
        raise Unauthenticated


async def end_sign_ins(
    db: Db,
    *,
    staff_id: UUID | None = None,
    device_id: UUID | None = None,
    sign_in_id: UUID | None = None,
    but: UUID | None = None,
    below_aal: int | None = None,
    reason: EndReason,
) -> int:
    """End the open sign-ins that all given ids hold for, everywhere within a minute; return how many those were.

    `but`: the one that stays. `below_aal`: only those of less assurance. At least one of the other ids is needed, so
    that nobody ends a whole agency's by mistake.
    """
    which = _which(staff_id, device_id, sign_in_id)
    if but is not None:
        which.append(SignIn.id != but)
    if below_aal is not None:
        which.append(SignIn.aal < below_aal)
    ended = update(SignIn).where(*which, SignIn.ended_at.is_(None)).values(ended_at=db.now, end_reason=reason)
    await db.flush()
    ids = [row.id for row in await db.execute(ended.returning(SignIn.id))]
    if staff_id is not None:
        await db.execute(delete(Challenge).where(Challenge.staff_id == staff_id))
    if ids:
        of_those = RefreshToken.family_id.in_(ids)
        await db.execute(update(RefreshToken).where(of_those, RefreshToken.ended_at.is_(None)).values(ended_at=db.now))
        await _list_as_ended(db, ids)
        db.audit("sign-in.end", staff_id, reason=reason, sign_in_ids=[str(one) for one in ids])
    return len(ids)


def _which(staff_id: UUID | None, device_id: UUID | None, sign_in_id: UUID | None) -> list[ColumnElement[bool]]:
    pairs = ((SignIn.staff_id, staff_id), (SignIn.device_id, device_id), (SignIn.id, sign_in_id))
    which = [column == value for column, value in pairs if value is not None]
    assert which  # a caller's mistake, never a request's
    return which


async def _list_as_ended(db: Db, ids: list[UUID]) -> None:
    """Tell every service; rows that no living token can need any more make room."""
    old = select(EndedSignIn.sign_in_id).where(EndedSignIn.ended_at < db.now - LISTED).limit(PRUNED_AT_ONCE)
    await db.execute(delete(EndedSignIn).where(EndedSignIn.sign_in_id.in_(old.with_for_update(skip_locked=True))))
    rows = [{"sign_in_id": one, "ended_at": db.now} for one in ids]
    await db.execute(insert(EndedSignIn).values(rows).on_conflict_do_nothing())


async def refresh(db: Db, secret: str) -> SignedIn | None:
    """Exchange a refresh token for the next of its family; None if the whole family is over from now on.

    That is so for a token that was used before, and for a sign-in that was unused too long.
    """
    found = await db.get(RefreshToken, (db.scope.agency_id, _digest(secret)))
    if found is None:
        raise Unauthenticated
    staff, zone = await require_working(db, found.staff_id)
    current = await open_sign_in(db, found.family_id)
    token = await db.get(RefreshToken, (db.scope.agency_id, found.digest), with_for_update=True, populate_existing=True)
    assert token is not None  # tokens are never deleted while their sign-in is open
    if token.used_at is not None:
        db.audit("sign-in.replayed", token.staff_id, sign_in_id=current.id)
        await end_sign_ins(db, sign_in_id=current.id, reason=EndReason.REPLAYED)
        return None
    if is_idle(current.last_used_at, timedelta(seconds=current.idle_seconds), db.now):
        await end_sign_ins(db, sign_in_id=current.id, reason=EndReason.IDLE)
        return None
    token.used_at = current.last_used_at = db.now
    return _signed_in(db, current, staff, zone, _new_token(db, current))


async def open_sign_in(db: Db, sign_in_id: UUID) -> SignIn:
    """Return an open sign-in, locked. Raises `Unauthenticated`."""
    found = await db.get(SignIn, (db.scope.agency_id, sign_in_id), with_for_update=True, populate_existing=True)
    if found is None or found.ended_at is not None or db.now >= found.expires_at:
        raise Unauthenticated
    return found


async def prove_again(db: Db, sign_in_id: UUID, *, aal: int) -> SignedIn:
    """Note that the person of an open sign-in has just proved again who they are; assurance never falls by it.

    The answer holds no refresh token: the one that is there stays good.
    """
    await db.flush()
    seen = await db.get(SignIn, (db.scope.agency_id, sign_in_id))
    if seen is None:
        raise Unauthenticated
    staff, zone = await require_working(db, seen.staff_id)
    current = await open_sign_in(db, sign_in_id)
    current.authenticated_at = current.last_used_at = db.now
    current.aal = max(current.aal, aal)
    db.audit("sign-in.step-up", current.staff_id, sign_in_id=current.id, aal=aal)
    return _signed_in(db, current, staff, zone, "")


async def sign_out(db: Db, secret: str) -> None:
    """End the token's whole sign-in; an unknown token is as good as ended."""
    token = await db.get(RefreshToken, (db.scope.agency_id, _digest(secret)))
    if token is not None:
        await end_sign_ins(db, sign_in_id=token.family_id, reason=EndReason.SIGNED_OUT)
        db.audit("sign-out", token.staff_id, sign_in_id=token.family_id)


def agency_of_token(token: str) -> tuple[UUID, str]:
    """Split a token that starts with its agency's id. Raises `Unauthenticated`."""
    agency, _, secret = token.partition(".")
    try:
        return UUID(agency), secret
    except ValueError as error:
        raise Unauthenticated from error


def _new_token(db: Db, of: SignIn) -> str:
    """Store a refresh token's digest and return the token: the agency's id and a random secret."""
    secret = secrets.token_urlsafe(32)
    db.add(
        RefreshToken(
            agency_id=db.scope.agency_id,
            digest=_digest(secret),
            family_id=of.id,
            staff_id=of.staff_id,
            expires_at=of.expires_at,
        )
    )
    return f"{db.scope.agency_id}.{secret}"


def _signed_in(db: Db, current: SignIn, staff: Staff, zone: str, refresh_token: str) -> SignedIn:
    return SignedIn(
        staff_id=staff.id,
        agency_id=db.scope.agency_id,
        roles=staff.roles,
        refresh_token=refresh_token,
        sign_in_id=current.id,
        aal=current.aal,
        authenticated_at=current.authenticated_at,
        until=access_until(current.expires_at, staff.employed_to, zone),
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
