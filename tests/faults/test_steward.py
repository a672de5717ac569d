"""The steward: what was lost between a ledger and an inbox is found and delivered, without a restart."""

from uuid import UUID, uuid4

import nats
from sqlalchemy import text

from handrail.testing import Caller, Platform


async def _program(platform: Platform, administrator: Caller) -> UUID:
    body = {"name": "Center", "opened_on": "2025-01-01"}
    program_id = await administrator.created("/api/workforce/v1/programs", body)
    for hearer in ("intake", "session_logging", "compliance_reporting"):
        table = "fact_program" if hearer == "compliance_reporting" else "program"
        await platform.eventually(f"select count(*) from {hearer}.{table} where id = :id", 1, id=program_id)
    return program_id


async def test_a_deleted_stream_is_made_again_and_what_its_hearers_lack_is_refilled(
    platform: Platform, administrator: Caller
) -> None:
    program_id = await _program(platform, administrator)
    async with platform.admin.begin() as connection:  # as if intake's database came back from a backup
        await connection.execute(text("delete from intake.program where id = :id"), {"id": program_id})
        await connection.execute(
            text(
                "delete from intake.inbox where event_id in "
                "(select event_id from workforce.ledger where aggregate_id = :id)"
            ),
            {"id": program_id},
        )
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))

    await client.jetstream().delete_stream("workforce")

    await platform.eventually("select count(*) from intake.program where id = :id", 1, seconds=40, id=program_id)
    await platform.eventually("select count(*) from workforce.refill", 0, seconds=20)
    again = await _program(platform, administrator)
    assert again != program_id
    assert (await client.jetstream().stream_info("workforce")).config.name == "workforce"
    await client.close()


async def test_a_stream_that_cannot_be_made_is_made_once_it_can(platform: Platform, administrator: Caller) -> None:
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))
    bus = client.jetstream()
    attempts = await client.subscribe("$JS.API.STREAM.CREATE.workforce")
    await bus.delete_stream("workforce")
    await bus.add_stream(
        name="squatter", subjects=["handrail.workforce.squatter"]
    )  # overlaps: refused while it is there
    for _ in range(2):
        await attempts.next_msg(timeout=20)

    await bus.delete_stream("squatter")

    await _program(platform, administrator)
    await client.close()


async def test_a_deleted_consumer_is_made_again(platform: Platform, administrator: Caller) -> None:
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))

    await client.jetstream().delete_consumer("workforce", "intake--workforce")

    await _program(platform, administrator)
    await client.close()


async def test_freshness_says_what_is_missing_and_then_that_nothing_is(
    platform: Platform, administrator: Caller
) -> None:
    async def heard() -> dict[str, object]:
        answer = await administrator.get("/api/compliance-reporting/v1/freshness")
        return {one["publisher"]: one for one in answer.json()["heard"]}

    await _program(platform, administrator)
    lost = uuid4()
    row = {
        "event": lost,
        "agency": administrator.agency_id,
        "type": "handrail.workforce.program-opened.v1",
    }
    async with platform.admin.begin() as connection:  # published long ago, never delivered, and not readable either
        await connection.execute(
            text(
                "insert into workforce.ledger "
                "(event_id, agency_id, aggregate_id, aggregate_seq, type, payload, published_at) "
                "values (:event, :agency, :event, 1, :type, '{}', now() - interval '3 seconds')"
            ),
            row,
        )

    question = "select missing > 0 from compliance_reporting.freshness where publisher = 'workforce'"
    await platform.eventually(question, True, seconds=10)
    # Refilled, it proves unreadable: each hearer buries it, and it counts as settled.
    buried = "select count(*) from compliance_reporting.dead_letter where event_id = :id"
    await platform.eventually(buried, 1, seconds=40, id=lost)
    await platform.eventually(question, False, seconds=20)
    workforce = (await heard())["workforce"]
    assert isinstance(workforce, dict)
    assert workforce["dead_letters"] >= 1
