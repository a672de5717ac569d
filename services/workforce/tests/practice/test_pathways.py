"""That somebody attested to lived experience shows to those who may see it, and to nobody else."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from common.contracts.codes import Role
from common.database import Scope, transaction
from common.identity import Actor
from handrail.testing import Caller
from workforce.models import TABLES
from workforce.queries.pathways import LivedExperience, lived_experience_of

W = "/api/workforce/v1"


async def _shown(house: Any, caller: Caller, *roles: Role, on: str | None = None) -> bool:
    """Ask whether the peer's record shows the caller that they attested."""
    assert caller.agency_id is not None
    assert caller.staff_id is not None
    now = datetime.now(UTC)
    actor = Actor(caller.staff_id, caller.agency_id, frozenset(roles), UUID(int=1), 1, now)
    day = date.fromisoformat(on or house.day())
    scope = Scope(caller.agency_id, caller.staff_id, uuid4())
    async with transaction(house.platform.admin, TABLES, scope) as db:
        shown = await lived_experience_of(db, actor, house.peer.staff_id, day)
    assert shown in (None, LivedExperience.ATTESTED)
    return shown is not None


async def _seen_by(house: Any) -> set[str]:
    asking = {
        "peer": (Role.PEER,), "supervisor": (Role.SUPERVISOR,), "administrator": (Role.ADMINISTRATOR,),
        "colleague": (Role.SUPERVISOR,), "auditor": (Role.AUDITOR,), "stranger": (Role.ADMINISTRATOR,),
    }  # fmt: skip
    return {who for who, roles in asking.items() if await _shown(house, getattr(house, who), *roles)}


async def test_an_attestation_shows_to_the_person_their_supervisor_and_administrators(open_house: Any) -> None:
    house = await open_house()
    before = await _seen_by(house)

    await house.peer.created(f"{W}/attestations", {"kind": "lived_experience", "text_version": "1"})

    assert before == set()
    assert await _seen_by(house) == {"peer", "supervisor", "administrator"}


async def test_a_withdrawn_attestation_shows_to_nobody(open_house: Any) -> None:
    house = await open_house()
    attestation_id = await house.peer.created(f"{W}/attestations", {"kind": "lived_experience", "text_version": "1"})

    await house.peer.put(f"{W}/attestations/{attestation_id}/withdrawal", {}, 1)

    assert await _seen_by(house) == set()


@pytest.mark.parametrize("kind", ["recovery", "code_of_ethics", "confidentiality"])
async def test_other_declarations_are_not_lived_experience(open_house: Any, kind: str) -> None:
    house = await open_house()

    await house.peer.created(f"{W}/attestations", {"kind": kind, "text_version": "1"})

    assert await _seen_by(house) == set()


async def test_it_shows_from_the_day_of_signing(open_house: Any) -> None:
    house = await open_house()
    body = {"kind": "lived_experience", "text_version": "1", "signed_on": "2026-02-02"}

    await house.administrator.created(f"{W}/paper-attestations", body | {"staff_id": str(house.peer.staff_id)})

    days = ("2026-02-01", "2026-02-02")
    assert [await _shown(house, house.peer, Role.PEER, on=day) for day in days] == [False, True]
