"""What intake hears: real facts, through the bus."""

from datetime import date
from typing import Any

from handrail.testing import add_staff


async def test_agency_program_and_staff_are_known_as_workforce_tells_them(clinic: Any) -> None:
    (agency,) = await clinic.platform.fetch(
        "select zone from intake.agency where id = :a", a=clinic.administrator.agency_id
    )
    (program,) = await clinic.platform.fetch("select opened_on from intake.program where id = :p", p=clinic.program_id)
    (peer,) = await clinic.platform.fetch(
        "select roles, employed_to from intake.staff where id = :s", s=clinic.peer.staff_id
    )

    assert agency["zone"] == "America/Chicago"
    assert program["opened_on"] == date(2025, 1, 1)
    assert (peer["roles"], peer["employed_to"]) == (["peer"], None)


async def test_who_leaves_is_known_to_have_left(clinic: Any) -> None:
    leaver = await add_staff(clinic.administrator, "peer")

    path = f"/api/workforce/v1/staff/{leaver.staff_id}/departure"
    await clinic.administrator.put(path, {"last_day": "2026-02-28"}, version=1)

    sql = "select employed_to from intake.staff where id = :s"
    await clinic.platform.eventually(sql, date(2026, 2, 28), s=leaver.staff_id)
