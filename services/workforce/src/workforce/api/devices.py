"""Phones set up for work offline: one's own, and those of whom one answers for."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from common.http import Created, CurrentCall
from workforce.api.admission import LEADING, PEOPLE
from workforce.commands import devices
from workforce.queries import devices as queries

router = APIRouter(prefix="/v1", tags=["devices"])


class DeviceSetUp(BaseModel):
    """Both secrets are shown this once."""

    id: UUID
    device_token: str = Field(description="the phone shows it after each sign-in")
    unlock_secret: str = Field(description="base64 of 32 bytes, for memory only: what the phone keeps opens with it")


class Unlocked(BaseModel):
    unlock_secret: str = Field(description="base64 of 32 bytes, for memory only")


@router.post("/me/devices", status_code=201, dependencies=PEOPLE)
async def set_up(call: CurrentCall, body: devices.SetUpDevice) -> DeviceSetUp:
    """Set this phone up for work offline. Needs no Idempotency-Key: a repeat is another phone, which one ends."""
    async with call.transaction() as db:
        made = await devices.set_up_device(db, call.runtime.keys, call.actor, body)
    return DeviceSetUp(id=made.id, device_token=made.device_token, unlock_secret=made.unlock_secret)


@router.get("/me/devices", dependencies=PEOPLE)
async def own_devices(call: CurrentCall) -> queries.Devices:
    async with call.reading("device.list", call.actor.staff_id) as db:
        return await queries.devices(db, call.runtime.keys, call.actor, call.actor.staff_id)


@router.post("/me/device-bindings", status_code=204, dependencies=PEOPLE)
async def bind(call: CurrentCall, body: devices.BindDevice) -> None:
    """After signing in on a phone that is set up: this sign-in is that phone's, and ends with it."""
    async with call.transaction() as db:
        await devices.bind_device(db, call.actor, body)


@router.post("/me/devices/{device_id}/unlocks", dependencies=PEOPLE)
async def unlock(call: CurrentCall, device_id: UUID) -> Unlocked:
    """What opens the phone's store, once a page; only for a sign-in that is bound to that phone."""
    async with call.transaction() as db:
        secret = await devices.unlock_device(db, call.runtime.keys, call.actor, device_id)
    return Unlocked(unlock_secret=secret)


@router.put("/me/devices/{device_id}/waiting", status_code=204, dependencies=PEOPLE)
async def report_waiting(call: CurrentCall, device_id: UUID, body: devices.ReportWaiting) -> None:
    async with call.transaction() as db:
        await devices.report_waiting(db, call.actor, device_id, body)


@router.post("/devices/{device_id}/endings", response_model=Created, dependencies=PEOPLE)
async def end(call: CurrentCall, device_id: UUID, body: devices.EndDevice) -> Response:
    """End a lost, replaced or returned phone: one's own, of whom one supervises, or as administrator."""
    return await call.once(body, lambda db: devices.end_device(db, call.actor, device_id, body), status=200)


@router.get("/staff/{staff_id}/devices", dependencies=LEADING)
async def devices_of(call: CurrentCall, staff_id: UUID) -> queries.Devices:
    async with call.reading("device.list", staff_id) as db:
        return await queries.devices(db, call.runtime.keys, call.actor, staff_id)
