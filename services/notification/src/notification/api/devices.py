"""On which devices one is told: added, confirmed, listed, withdrawn."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from common.errors import Refused
from common.http import Created, CurrentCall
from notification.api.admission import TOLD
from notification.commands import devices as commands
from notification.queries import devices as queries
from notification.senders.providers import Providers

router = APIRouter(prefix="/v1")


class PushKey(BaseModel):
    public_key: str = Field(description="VAPID (RFC 8292): an uncompressed P-256 point, base64url")


@router.get("/devices", dependencies=TOLD)
async def devices(call: CurrentCall) -> queries.Devices:
    """Return one's own devices; of a number its last digits."""
    async with call.reading("device.list", call.actor.staff_id) as db:
        return await queries.devices(db, call.runtime.keys, call.actor)


@router.get("/push-key", dependencies=TOLD)
async def push_key(call: CurrentCall, request: Request) -> PushKey:
    """Return what a browser needs to subscribe to pushes (`applicationServerKey`)."""
    providers: Providers = request.state.providers
    if providers.vapid is None:
        detail = "Pushes are not set up here. Ask the operator for HANDRAIL_PUSH_PRIVATE_KEY, or choose another way."
        raise Refused("push-not-set-up", detail, status=404)
    async with call.transaction():
        return PushKey(public_key=providers.vapid.public_key)


@router.post("/devices/pushes", status_code=201, response_model=Created, dependencies=TOLD)
async def add_push(call: CurrentCall, body: commands.AddPush) -> Response:
    """Add a browser that takes pushes; the same one again is the same device."""
    return await call.once(body, lambda db: commands.add_push(db, call.runtime.keys, call.actor, body))


@router.post("/devices/numbers", status_code=201, response_model=Created, dependencies=TOLD)
async def add_number(call: CurrentCall, body: commands.AddNumber) -> Response:
    """Add a mobile number; a code is sent to it, and nothing else before it is confirmed."""
    return await call.once(body, lambda db: commands.add_number(db, call.runtime.keys, call.actor, body))


@router.post("/devices/{device_id}/codes", status_code=201, response_model=Created, dependencies=TOLD)
async def send_code(call: CurrentCall, device_id: UUID, body: commands.SendCode) -> Response:
    """Send another code; the one before counts no more."""
    return await call.once(body, lambda db: commands.send_code(db, call.actor, device_id))


@router.put("/devices/{device_id}/confirmation", dependencies=TOLD)
async def confirm_device(call: CurrentCall, device_id: UUID, body: commands.ConfirmDevice) -> Created:
    """Confirm a number by the code that was sent to it; a repeat changes nothing."""
    async with call.transaction() as db:
        device = await commands.confirm_device(db, call.runtime.keys, call.actor, device_id, body)
    if device is None:  # after the commit, so that the wrong guess counts
        raise Refused("code-wrong", "This is not the code that was sent. Look again, or ask for another.", status=422)
    return Created(id=device.id, version=device.version)


@router.put("/devices/{device_id}/withdrawal", response_model=Created, dependencies=TOLD)
async def withdraw_device(call: CurrentCall, device_id: UUID) -> Response:
    """Withdraw a device; its address is forgotten. A repeat changes nothing."""
    return await call.change(lambda db, expected: commands.withdraw_device(db, call.actor, device_id, expected))
