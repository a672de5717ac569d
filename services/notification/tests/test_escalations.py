"""A safety concern on its way up: who is paged, when, with what words, and when it ends."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.contracts.codes import SafetyStatus
from common.contracts.intake import SAFETY_CONCERN_CHANGED, SAFETY_CONCERN_OPENED, SafetyFacts

DUTIES = "/api/notification/v1/duties"
ON_CALL = "/api/notification/v1/on-call"
ESCALATIONS = "/api/notification/v1/escalations"
ALWAYS = {"weekdays": [0, 1, 2, 3, 4, 5, 6], "begins": "00:00", "ends": "00:00", "valid_from": "2026-01-01"}


def concern(concern_id: UUID, status: SafetyStatus = SafetyStatus.OPEN, **more: Any) -> SafetyFacts:
    return SafetyFacts(
        concern_id=concern_id,
        participant_id=uuid4(),
        status=status,
        opened_at=datetime.now(UTC),
        opened_by=None,
        **more,
    )


async def put_on_call(workplace: Any, *, rung: int = 1, **more: Any) -> tuple[UUID, str, UUID]:
    """Hire somebody for this rung; return their id, address and duty."""
    staff_id, address = await workplace.hire("supervisor")
    await workplace.platform.eventually("select count(*) from notification.staff where id = :id", 1, id=staff_id)
    body = ALWAYS | {"staff_id": str(staff_id), "rung": rung} | more
    return staff_id, address, await workplace.administrator.created(DUTIES, body)


async def open_concern(bus: Any, workplace: Any) -> UUID:
    concern_id = uuid4()
    await bus.tell(SAFETY_CONCERN_OPENED, concern(concern_id), workplace.agency_id, about=concern_id)
    return concern_id


async def let_climb(workplace: Any, concern_id: UUID) -> None:
    """Make five minutes pass, as far as this concern can tell."""
    async with workplace.platform.admin.begin() as connection:
        for change in (
            "update notification.escalation set paged_at = paged_at - interval '6 minutes' where id = :id",
            "update notification.climb set at = clock_timestamp() where concern_id = :id",
        ):
            await connection.execute(text(change), {"id": concern_id})


async def level(workplace: Any, concern_id: UUID, expected: int) -> None:
    await workplace.platform.eventually(
        "select level from notification.escalation where id = :id", expected, id=concern_id
    )


async def test_a_page_says_nothing_but_that_somebody_is_needed(own_workplace: Any, bus: Any, mail: Any) -> None:
    _, address, _ = await put_on_call(own_workplace)
    _, elsewhere = await own_workplace.hire("peer")

    concern_id = await open_concern(bus, own_workplace)
    await own_workplace.platform.eventually(
        "select handed_over_at is not null from notification.escalation where id = :id", True, id=concern_id
    )

    (page,) = mail.to(address)
    said = f"{page['Subject']} {page.get_content()}".lower()
    assert "a safety alert needs you" in said
    assert not [word for word in ("suicid", "overdose", "988", "crisis", str(concern_id)) if word in said]
    assert mail.to(elsewhere) == []


async def test_unanswered_it_goes_from_rung_to_rung_and_then_to_everybody(
    own_workplace: Any, bus: Any, mail: Any
) -> None:
    _, first, _ = await put_on_call(own_workplace, rung=1)
    _, second, _ = await put_on_call(own_workplace, rung=4)
    supervisor, third = await own_workplace.hire("supervisor")
    await own_workplace.platform.eventually("select count(*) from notification.staff where id = :id", 1, id=supervisor)

    concern_id = await open_concern(bus, own_workplace)
    seen = []
    for expected in (1, 2, 3):
        await level(own_workplace, concern_id, expected)
        await own_workplace.platform.eventually(
            "select count(*) from notification.message where template = 'safety-page' "
            "and occasion like :occasion and state in ('queued', 'sending')",
            0,
            occasion=f"{concern_id}%",
        )
        seen.append([len(mail.to(address)) for address in (first, second, third)])
        await let_climb(own_workplace, concern_id)

    assert seen == [[1, 0, 0], [1, 1, 0], [2, 2, 1]]


async def test_whoever_takes_it_on_ends_the_pages(own_workplace: Any, bus: Any, mail: Any) -> None:
    await put_on_call(own_workplace)
    concern_id = await open_concern(bus, own_workplace)
    await level(own_workplace, concern_id, 1)

    now = datetime.now(UTC)
    taken = concern(concern_id, SafetyStatus.ACKNOWLEDGED, acknowledged_at=now)
    await bus.tell(SAFETY_CONCERN_CHANGED, taken, own_workplace.agency_id, about=concern_id, seq=2)
    await own_workplace.platform.eventually(
        "select status from notification.escalation where id = :id", "acknowledged", id=concern_id
    )

    (listed,) = (await own_workplace.administrator.get(ESCALATIONS)).json()["items"]
    assert (listed["level"], listed["nobody_on_call"]) == (1, False)
    assert 14 * 60 < listed["seconds_to_next"] <= 15 * 60


async def test_closed_it_is_never_paged_again(own_workplace: Any, bus: Any) -> None:
    await put_on_call(own_workplace)
    concern_id = await open_concern(bus, own_workplace)
    closed = concern(concern_id, SafetyStatus.CLOSED, closed_at=datetime.now(UTC))

    await bus.tell(SAFETY_CONCERN_CHANGED, closed, own_workplace.agency_id, about=concern_id, seq=5)

    await own_workplace.platform.eventually(
        "select count(*) from notification.climb where concern_id = :id", 0, id=concern_id
    )


async def test_an_older_state_that_arrives_late_undoes_nothing(own_workplace: Any, bus: Any) -> None:
    concern_id = uuid4()
    newer = concern(concern_id, SafetyStatus.HANDED_OFF, handed_off_at=datetime.now(UTC))
    await bus.tell(SAFETY_CONCERN_CHANGED, newer, own_workplace.agency_id, about=concern_id, seq=4)
    await own_workplace.platform.eventually("select seq from notification.escalation where id = :id", 4, id=concern_id)

    row = await bus.tell(SAFETY_CONCERN_OPENED, concern(concern_id), own_workplace.agency_id, about=concern_id, seq=1)
    await own_workplace.platform.eventually(
        "select count(*) from notification.inbox where event_id = :id", 1, id=row["event_id"]
    )

    shown = await own_workplace.platform.value(
        "select status from notification.escalation where id = :id", id=concern_id
    )
    assert shown == "handed_off"


async def test_with_nobody_on_call_supervisors_are_paged_and_the_screen_says_988(
    own_workplace: Any, bus: Any, mail: Any
) -> None:
    supervisor, address = await own_workplace.hire("supervisor")
    await own_workplace.platform.eventually("select count(*) from notification.staff where id = :id", 1, id=supervisor)

    on_call = (await own_workplace.administrator.get(ON_CALL)).json()
    concern_id = await open_concern(bus, own_workplace)
    await level(own_workplace, concern_id, 1)
    await own_workplace.platform.eventually(
        "select handed_over_at is not null from notification.escalation where id = :id", True, id=concern_id
    )

    assert on_call["staff_ids"] == []
    assert "988" in on_call["say"]["en"]
    assert "911" in on_call["say"]["es"]
    assert len(mail.to(address)) == 1
    await own_workplace.platform.eventually(
        "select count(*) from notification.ledger where aggregate_id = :id", 2, id=concern_id
    )
    told = await own_workplace.platform.fetch(
        "select payload::jsonb -> 'data' as said from notification.ledger where aggregate_id = :id order by event_id",
        id=concern_id,
    )
    assert [row["said"]["nobody_on_call"] for row in told] == [True, True]


async def test_who_is_on_call_follows_the_agencys_clock_and_the_days(own_workplace: Any) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    first, _, duty = await put_on_call(own_workplace, rung=2)
    second, _, _ = await put_on_call(own_workplace, rung=1)
    await put_on_call(own_workplace, valid_to=yesterday)

    now = (await own_workplace.administrator.get(ON_CALL)).json()
    ended = await own_workplace.administrator.put(f"{DUTIES}/{duty}/end", {}, version=1)
    later = (await own_workplace.administrator.get(ON_CALL)).json()

    assert now["staff_ids"] == [str(second), str(first)]
    assert ended.status_code == 200
    assert later["staff_ids"] == [str(second)]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"staff_id": str(UUID(int=5))}, "no-such-staff"),
        ({"weekdays": []}, "invalid-request"),
        ({"weekdays": [1, 1]}, "invalid-request"),
        ({"begins": "25:00"}, "invalid-request"),
        ({"rung": 0}, "invalid-request"),
        ({"valid_from": "2026-02-02", "valid_to": "2026-02-01"}, "invalid-request"),
    ],
)
async def test_a_duty_that_cannot_be_is_refused(workplace: Any, more: dict[str, Any], code: str) -> None:
    staff_id, _ = await workplace.hire("supervisor")
    await workplace.platform.eventually("select count(*) from notification.staff where id = :id", 1, id=staff_id)

    refused = await workplace.administrator.post(DUTIES, ALWAYS | {"staff_id": str(staff_id)} | more)

    assert refused.status_code == 422
    assert refused.json()["type"].endswith(code), refused.json()


async def test_history_of_who_was_on_call_is_not_rewritten(own_workplace: Any) -> None:
    _, _, duty = await put_on_call(own_workplace)

    refused = await own_workplace.administrator.put(f"{DUTIES}/{duty}/end", {"last_day": "2026-01-05"}, version=1)

    assert refused.status_code == 422
    assert refused.json()["type"].endswith("day-is-past")
