"""How referrals come in and go out, and how a referrer without an account follows one."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import ReferralDirection, ReferralStatus
from common.http import Created, CurrentCall, decode_cursor
from intake.api.admission import ENROLLING, SEEING, SERVING, Limit, shown
from intake.commands import follow_links, referral_enrolments, referral_steps, referrals
from intake.queries import referrals as reading

router = APIRouter(prefix="/v1")


@router.post("/referrals", status_code=201, response_model=referrals.Recorded, dependencies=SERVING)
async def record_referral(call: CurrentCall, body: referrals.RecordReferral) -> Response:
    """Record who is sent to us or by us. `GET …/follow-link` then answers the link for the referrer."""
    keys, actor, where = call.runtime.keys, call.actor, "/api/intake/v1/referrals/{id}"
    return await call.once(body, lambda db: referrals.record_referral(db, keys, actor, body), location=where)


@router.get("/referrals", dependencies=SEEING)
async def referral_queue(
    call: CurrentCall,
    status: ReferralStatus | None = None,
    direction: ReferralDirection | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> reading.ReferralQueue:
    """Everything for who oversees; for a peer, what they recorded and what is about their people."""
    keys, after = call.runtime.keys, decode_cursor(next)
    async with call.transaction() as db:
        page = await reading.queue(db, keys, call.actor, status=status, direction=direction, after=after, limit=limit)
        db.audit("referral.queue", None, seen=[entry.id for entry in page.items])
    return page


@router.get("/referrals/{referral_id}", response_model=reading.ReferralRecord, dependencies=SEEING)
async def referral(call: CurrentCall, referral_id: UUID) -> Response:
    async with call.reading("referral.read", referral_id) as db:
        record = await reading.referral(db, call.runtime.keys, call.actor, referral_id)
    return shown(record, record.version)


@router.put("/referrals/{referral_id}/status", response_model=Created, dependencies=SERVING)
async def change_referral(call: CurrentCall, referral_id: UUID, body: referral_steps.ChangeReferral) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: referral_steps.change_referral(db, keys, actor, referral_id, body, expected=expected)
    )


@router.post(
    "/referrals/{referral_id}/enrolments",
    status_code=201,
    response_model=referral_enrolments.Accepted,
    dependencies=ENROLLING,
)
async def accept_referral(call: CurrentCall, referral_id: UUID, body: referral_enrolments.AcceptReferral) -> Response:
    """Take somebody on: a new participant, or one who is served already, and an episode if asked."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: referral_enrolments.accept_referral(db, keys, actor, referral_id, body))


@router.get("/referrals/{referral_id}/follow-link", response_model=reading.FollowLink, dependencies=SEEING)
async def follow_link(call: CurrentCall, referral_id: UUID) -> Response:
    async with call.reading("referral.link.read", referral_id) as db:
        link = await reading.follow_link(db, call.runtime.keys, call.actor, referral_id)
    return shown(link, link.version)


@router.put("/referrals/{referral_id}/follow-link", response_model=Created, dependencies=SERVING)
async def set_follow_link(call: CurrentCall, referral_id: UUID, body: follow_links.SetFollowLink) -> Response:
    """Make a new link, which ends the one before, or close it."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: follow_links.set_follow_link(db, keys, actor, referral_id, body, expected=expected)
    )
