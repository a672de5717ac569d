"""What becomes of a referral: contacted, connected or closed, each with its time and who noted it."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from common.contracts import intake as facts
from common.contracts.codes import ReferralKind, ReferralStatus
from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Instant
from intake.commands.recording import Recording, recording
from intake.commands.referral_tellings import Telling, tell_receiver
from intake.commands.referrals import (
    Party,
    reach_referral,
    step_of,
    tell,
)
from intake.models import Referral, ReferralStep
from intake.rules.referrals import Introduction, ReferralCloseReason, fits, is_live_introduction, may_become

RECEIVER = "referral_step.receiver"


class ChangeReferral(Asked):
    """What the referral became. A warm hand-off is connected by a live introduction that the receiver accepted."""

    status: Literal[ReferralStatus.CONTACTED, ReferralStatus.CONNECTED, ReferralStatus.CLOSED]
    at: Instant | None = Field(default=None, description="when it was so; now if not given")
    reason: ReferralCloseReason | None = Field(default=None, description="with closed, and only then")
    introduction: Introduction | None = Field(default=None, description="how the warm hand-off was made")
    accepted_at: Instant | None = Field(default=None, description="when the receiver said yes")
    receiver: Party | None = Field(default=None, description="who said yes, if not who the referral names")
    kind: Literal[ReferralKind.REFERRAL] | None = Field(
        default=None, description="only a number was given: the warm hand-off becomes a referral"
    )
    told: Telling | None = Field(default=None, description="on what basis the receiver of one that goes out is told")
    by_person: bool = Field(default=False, description="the person made the contact themselves; we told nobody")

    @model_validator(mode="after")
    def _belongs_to_the_status(self) -> Self:
        if (self.reason is not None) != (self.status is ReferralStatus.CLOSED):
            raise ValueError("give a reason with closed, and only then")
        if self.status is not ReferralStatus.CONNECTED and (self.introduction or self.accepted_at or self.receiver):
            raise ValueError("introduction, accepted_at and receiver belong to connected")
        if self.status is ReferralStatus.CLOSED and (self.told or self.by_person):
            raise ValueError("told and by_person belong to contacted and connected")
        if self.told and self.by_person:
            raise ValueError("give told or by_person, not both")
        if self.kind is not None and self.introduction is not None:
            raise ValueError("an introduction makes it a warm hand-off; leave kind out")
        return self


async def change_referral(
    db: Db, keys: KeyRing, actor: Actor, referral_id: UUID, request: ChangeReferral, *, expected: int
) -> Created:
    now = await recording(db)
    referral = await reach_referral(db, actor, referral_id, now, lock=True)
    require_version(referral.version, expected)
    _require_next(referral, request.status)
    referral.kind = request.kind or referral.kind
    at = stated_since(now, referral, request.at, "/at")
    step = _become(referral, request, at, now, actor)
    if request.status is not ReferralStatus.CLOSED:
        introduced = request.introduction is not None
        await tell_receiver(
            db, keys, actor, referral, told=request.told, by_person=request.by_person, introduced=introduced
        )
    if request.receiver:
        sealer = await keys.sealer(db, db.scope.agency_id, referral.id)
        step.receiver = sealer.seal(RECEIVER, request.receiver.model_dump(mode="json", exclude_none=True))
    db.add(step)
    tell(db, facts.REFERRAL_CHANGED, referral)
    db.audit("referral.change", referral.id, status=request.status, reason=request.reason)
    return Created(id=referral.id, version=referral.version)


def _require_next(referral: Referral, wanted: ReferralStatus) -> None:
    if not may_become(ReferralStatus(referral.status), wanted):
        sentence = "A referral goes from received to contacted, connected and closed. Read how far this one is."
        raise Refused("not-next", sentence)


def stated_since(now: Recording, referral: Referral, at: datetime | None, pointer: str) -> datetime:
    """Return when something was so: not before the day of the referral nor before what was so already."""
    stated = now.stated(at, pointer)
    before = [one for one in (referral.contacted_at, referral.connected_at) if one]
    if now.day(stated) < referral.referred_on or (before and stated < max(before)):
        raise Unprocessable("out-of-order", "This is before the referral or its last change.", pointer)
    return stated


def _become(referral: Referral, request: ChangeReferral, at: datetime, now: Recording, actor: Actor) -> ReferralStep:
    """Write the new status with what it needs, and return the step to keep."""
    if request.status is ReferralStatus.CONNECTED:
        require_introduction(referral, request.introduction, request.accepted_at)
        accepted_at = request.accepted_at and _accepted(now, referral, request.accepted_at)
        connect(referral, at, accepted_at)
    elif request.reason is not None:
        _close(referral, at, request.reason)
    else:
        referral.status, referral.contacted_at = ReferralStatus.CONTACTED, at
    referral.version += 1
    step = step_of(referral, at=at, now=now, by=actor.staff_id)
    step.introduction, step.accepted_at = request.introduction, request.accepted_at
    return step


def _accepted(now: Recording, referral: Referral, at: datetime) -> datetime:
    """Return when the receiver said yes, which may be before the introduction but not before the referral."""
    stated = now.stated(at, "/accepted_at")
    if now.day(stated) < referral.referred_on:
        raise Unprocessable("out-of-order", "This is before the referral.", "/accepted_at")
    return stated


def require_introduction(referral: Referral, introduction: Introduction | None, accepted_at: datetime | None) -> None:
    """Raise unless a warm hand-off says how and when it was one; what is none must not look like one."""
    if not is_live_introduction(ReferralKind(referral.kind)):
        if introduction:
            raise Unprocessable("no-handoff", "This is no warm hand-off: leave introduction out.", "/introduction")
        return
    if introduction is None or accepted_at is None:
        sentence = (
            "A warm hand-off is a live introduction: say how it was made and when the receiver accepted, "
            "or give kind referral if only a number was given."
        )
        raise Unprocessable("introduction-missing", sentence, "/introduction")


def connect(referral: Referral, at: datetime, accepted_at: datetime | None) -> None:
    """Whoever is connected was reached: where nobody said when, it was then."""
    referral.status = ReferralStatus.CONNECTED
    referral.contacted_at = referral.contacted_at or at
    referral.connected_at = at
    referral.accepted_at = accepted_at


def _close(referral: Referral, at: datetime, reason: ReferralCloseReason) -> None:
    if not fits(reason, connected=referral.connected_at is not None):
        sentence = "This reason does not fit whether the person was connected. Choose another one."
        raise Unprocessable("reason-does-not-fit", sentence, "/reason")
    referral.status, referral.closed_at, referral.close_reason = ReferralStatus.CLOSED, at, reason
