"""How payers, coverages and authorisations are kept."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, answer
from session_logging.api.admission import ADMINISTERING
from session_logging.commands import payers
from session_logging.queries import payers as queries

router = APIRouter(prefix="/v1")
LOOKING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]


@router.post("/payers", status_code=201, response_model=Created, dependencies=ADMINISTERING)
async def set_contract(call: CurrentCall, body: payers.SetContract) -> Response:
    """Enter what a payer pays for; every rule in it is what the agency's own contract says."""
    return await call.once(body, lambda db: payers.set_contract(db, body))


@router.put("/payers/{contract_id}", response_model=Created, dependencies=ADMINISTERING)
async def change_contract(call: CurrentCall, contract_id: UUID, body: payers.SetContract) -> Response:
    """Replace a payer's whole terms, from the next run on."""
    return await call.change(lambda db, expected: payers.change_contract(db, contract_id, expected, body))


@router.get("/payers", dependencies=ADMINISTERING)
async def contracts(call: CurrentCall) -> queries.ContractList:
    """Return all payers, and the unit limits that packs know of, each with how sure we are."""
    async with call.reading("payer-contract.list") as db:
        return await queries.contracts(db)


@router.get("/payers/{contract_id}", response_model=queries.ContractRead, dependencies=ADMINISTERING)
async def contract(call: CurrentCall, contract_id: UUID) -> Response:
    async with call.reading("payer-contract.read", contract_id) as db:
        read = await queries.contract(db, contract_id)
    return answer(read.model_dump_json().encode(), etag=read.version)


@router.post(
    "/participants/{participant_id}/coverages", status_code=201, response_model=Created, dependencies=ADMINISTERING
)
async def cover(call: CurrentCall, participant_id: UUID, body: payers.Cover) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: payers.cover(db, keys, participant_id, body))


@router.put("/coverages/{coverage_id}", response_model=Created, dependencies=ADMINISTERING)
async def change_coverage(call: CurrentCall, coverage_id: UUID, body: payers.Cover) -> Response:
    keys = call.runtime.keys
    return await call.change(lambda db, expected: payers.change_coverage(db, keys, coverage_id, expected, body))


@router.put("/coverages/{coverage_id}/withdrawal", response_model=Created, dependencies=ADMINISTERING)
async def withdraw_coverage(call: CurrentCall, coverage_id: UUID) -> Response:
    """Take back a coverage that was entered by mistake."""
    return await call.change(lambda db, expected: payers.withdraw_coverage(db, coverage_id, expected))


@router.get("/participants/{participant_id}/coverages", dependencies=ADMINISTERING)
async def coverages(call: CurrentCall, participant_id: UUID) -> list[queries.CoverageRead]:
    async with call.reading("coverage.list", participant_id) as db:
        return await queries.coverages(db, call.runtime.keys, participant_id)


@router.post(
    "/participants/{participant_id}/authorisations", status_code=201, response_model=Created, dependencies=ADMINISTERING
)
async def authorise(call: CurrentCall, participant_id: UUID, body: payers.Authorise) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: payers.authorise(db, keys, participant_id, body))


@router.put("/authorisations/{authorisation_id}/withdrawal", response_model=Created, dependencies=ADMINISTERING)
async def withdraw_authorisation(call: CurrentCall, authorisation_id: UUID) -> Response:
    """Take back an authorisation that was entered by mistake."""
    return await call.change(lambda db, expected: payers.withdraw_authorisation(db, authorisation_id, expected))


@router.get("/participants/{participant_id}/authorisations", dependencies=LOOKING)
async def authorisations(call: CurrentCall, participant_id: UUID) -> list[queries.AuthorisationRead]:
    """Return what was authorised for a person, and how many units are left."""
    async with call.reading("authorisation.list", participant_id) as db:
        return await queries.authorisations(db, call.runtime.keys, call.actor, participant_id)
