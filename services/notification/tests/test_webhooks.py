"""An agency's own systems: who connects them, what they are told, and what happens when they do not listen."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from common.contracts.envelope import CloudEvent
from common.contracts.intake import PEER_ASSIGNED, AssignmentFacts
from common.embedded import LOOPBACK, free_port
from common.runtime import running
from handrail.local import serving
from handrail.platform import settings_of
from handrail.providers import BREAK_AFTER_TAKING, AgencySystem, Answer, serving_provider
from handrail.testing import Caller, Platform, add_staff, open_agency
from notification.app import SERVICE, create_api, forwarding
from notification.commands.forwarding import Forwarding
from notification.rules.webhooks import FACTS, KINDS, next_try, thin
from notification.subscribers import REACTIONS

ASSIGNED = PEER_ASSIGNED.type
REASON = "Our scheduling system books rooms for them."


@dataclass
class Site:
    """Notification with an agency's system that the operator allows, and a worker that calls only when told."""

    platform: Platform
    system: AgencySystem
    http: httpx.AsyncClient
    calls: Forwarding

    async def forward(self) -> None:
        """Make every call that is due."""
        while await self.calls.forward():
            pass

    async def later(self, agency_id: UUID) -> None:
        """Make whatever waits be due, and call."""
        async with self.platform.admin.begin() as connection:
            due = text("update notification.webhook_due set at = clock_timestamp() where agency_id = :id")
            await connection.execute(due, {"id": agency_id})
        await self.forward()


@pytest_asyncio.fixture(scope="session")
async def site(platform: Platform) -> AsyncGenerator[Site]:
    system, port = AgencySystem(), free_port()
    async with serving_provider(system):
        entry = next(entry for entry in platform.services if entry.service.name == "notification")
        more: dict[str, Any] = {
            "webhook_hosts": [system.url.removeprefix("http://")],
            "outside_networks": ["127.0.0.0/8"],
            "outside_insecure": True,
            "pool_size": 2,
        }
        api: Any = settings_of(entry, "api", platform.addresses, platform.secrets, **more)
        worker: Any = settings_of(entry, "worker", platform.addresses, platform.secrets, **more)
        async with (
            serving(create_api(api), port),
            running(SERVICE, worker) as runtime,
            forwarding(runtime, worker) as calls,
            httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=20) as http,
        ):
            yield Site(platform, system, http, calls)


@dataclass
class Agency:
    """One agency whose administrator asks the notification of `site`."""

    site: Site
    administrator: Caller
    id: UUID

    @property
    def url(self) -> str:
        return f"{self.site.system.url}/facts/{self.id}"

    def asked(self, **more: Any) -> dict[str, Any]:
        return {"url": self.url, "kinds": [ASSIGNED]} | more

    async def register(self, **more: Any) -> UUID:
        return await self.administrator.created("/v1/webhooks", self.asked(**more))

    async def in_use(self, **more: Any) -> UUID:
        """Register a webhook whose secret the system knows."""
        webhook_id = await self.register(**more)
        self.site.system.secret = await self.secret(webhook_id)
        return webhook_id

    async def secret(self, webhook_id: UUID) -> str:
        answer = await self.administrator.post(f"/v1/webhooks/{webhook_id}/secrets", {})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["secret"])

    async def read(self, webhook_id: UUID) -> dict[str, Any]:
        read: dict[str, Any] = (await self.administrator.get(f"/v1/webhooks/{webhook_id}")).json()
        return read

    async def calls(self, webhook_id: UUID) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = (await self.administrator.get(f"/v1/webhooks/{webhook_id}/calls")).json()["items"]
        return calls

    async def hears(self, webhook_id: UUID, count: int = 1) -> None:
        """Wait until so many facts were kept for a webhook."""
        sql = "select count(*) from notification.webhook_delivery where webhook_id = :id"
        await self.site.platform.eventually(sql, count, id=webhook_id)

    def told(self) -> list[dict[str, Any]]:
        """Return what the system took from this agency, oldest first."""
        facts: list[Any] = list(self.site.system.facts.values())
        return [fact for fact in facts if fact["data"].get("agency_id") == str(self.id)]


@pytest_asyncio.fixture
async def agency(site: Site, http: httpx.AsyncClient, platform: Platform) -> Agency:
    opened = await open_agency(http, platform)
    assert opened.agency_id is not None
    await platform.eventually("select count(*) from notification.agency where agency_id = :id", 1, id=opened.agency_id)
    async with platform.admin.begin() as connection:  # what earlier agencies still try would take this one's answers
        await connection.execute(text("delete from notification.webhook_due"))
    site.system.answers.clear()
    return Agency(site, Caller(site.http, opened.token, opened.agency_id, opened.staff_id), opened.agency_id)


async def test_a_fact_is_told_once_signed_and_without_people(agency: Agency, bus: Any) -> None:
    webhook_id = await agency.in_use()

    row = await bus.assign(agency.id, uuid4())
    await bus.repeat(row)
    await agency.hears(webhook_id)
    await agency.site.forward()

    (fact,) = agency.told()
    assert fact["type"] == ASSIGNED
    assert fact["data"]["event_id"] == str(row["event_id"])
    assert "participant_id" not in fact["data"]
    assert "episode_id" not in fact["data"]
    [call] = await agency.calls(webhook_id)
    assert (call["state"], call["attempts"], call["last_error"]) == ("delivered", 1, None)


async def test_people_are_named_by_id_only_where_an_administrator_said_why(
    agency: Agency, bus: Any, platform: Platform
) -> None:
    webhook_id = await agency.in_use(participants_because=REASON)

    await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id)
    await agency.site.forward()

    assert UUID(agency.told()[0]["data"]["participant_id"])
    assert (await agency.read(webhook_id))["participants_because"] == REASON
    assert await platform.value("select count(*) from notification.webhook t where t::text like '%books rooms%'") == 0


async def test_what_was_not_asked_for_is_not_told(agency: Agency, bus: Any, platform: Platform) -> None:
    other = await agency.in_use(kinds=["handrail.workforce.staff-left.v1"])
    wanted = await agency.in_use()

    await bus.assign(agency.id, uuid4())
    await agency.hears(wanted)

    assert (
        await platform.value("select count(*) from notification.webhook_delivery where webhook_id = :id", id=other) == 0
    )


async def test_nothing_is_told_before_the_secret_is_known(agency: Agency, bus: Any, platform: Platform) -> None:
    silent = await agency.register()
    heard = await agency.in_use()

    await bus.assign(agency.id, uuid4())
    await agency.hears(heard)

    assert (await agency.read(silent))["in_use"] is False
    assert await agency.calls(silent) == []


async def test_a_test_call_says_nothing(agency: Agency) -> None:
    webhook_id = await agency.in_use()

    asked = await agency.administrator.post(f"/v1/webhooks/{webhook_id}/tests", {})
    await agency.site.forward()

    fact: Any = agency.site.system.facts[asked.json()["id"]]
    assert fact["type"] == "handrail.notification.webhook-test.v1"
    assert set(fact["data"]) == {"event_id", "webhook_id"}


async def test_a_system_that_fails_is_tried_again_with_the_same_id(agency: Agency, bus: Any) -> None:
    webhook_id = await agency.in_use()
    agency.site.system.answers.extend([Answer(500), BREAK_AFTER_TAKING])
    row = await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id)

    await agency.site.forward()
    failed = await agency.calls(webhook_id)
    await agency.site.later(agency.id)
    unknown = await agency.calls(webhook_id)
    await agency.site.later(agency.id)

    assert (failed[0]["state"], failed[0]["last_error"]) == ("queued", "status-500")
    assert (unknown[0]["state"], unknown[0]["last_error"]) == ("queued", "no-answer")
    assert (await agency.calls(webhook_id))[0]["state"] == "delivered"
    named = {asked.headers["webhook-id"] for asked in agency.site.system.asked if asked.target.endswith(str(agency.id))}
    assert named == {str(row["event_id"])}
    assert len(agency.told()) == 1
    assert (await agency.read(webhook_id))["failing_since"] is None


async def test_one_that_fails_is_not_called_for_each_of_its_facts(agency: Agency, bus: Any) -> None:
    webhook_id = await agency.in_use()
    for _ in range(3):
        await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id, 3)
    agency.site.system.answers.extend([Answer(503, {"Retry-After": "3600"})] * 3)
    await agency.site.forward()
    await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id, 4)
    before = len(agency.site.system.asked)

    await agency.site.forward()

    assert len(agency.site.system.asked) == before
    await agency.site.later(agency.id)
    assert {call["state"] for call in await agency.calls(webhook_id)} == {"delivered"}


async def test_one_that_failed_for_days_is_switched_off_and_on_again(
    agency: Agency, bus: Any, platform: Platform
) -> None:
    webhook_id = await agency.in_use()
    async with platform.admin.begin() as connection:
        old = text("update notification.webhook set failing_since = now() - interval '6 days' where id = :id")
        await connection.execute(old, {"id": webhook_id})
    agency.site.system.answers.append(Answer(500))
    await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id)
    await agency.site.forward()
    off = await agency.read(webhook_id)
    await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id, 2)
    await agency.site.forward()
    waiting = len(agency.told())

    switched = await agency.administrator.put(f"/v1/webhooks/{webhook_id}/enabled", {}, version=off["version"])
    await agency.site.forward()

    assert off["disabled_at"] is not None
    told = "select count(*) from notification.message where template = 'webhook-off' and occasion like :hook"
    assert await platform.value(told, hook=f"{webhook_id}/%") == 1, "the administrator, once"
    assert waiting == 0
    assert switched.status_code == 200
    assert len(agency.told()) == 2
    await platform.eventually(
        "select count(*) from notification.audit where subject_id = :id and action = 'webhook.disable'",
        1,
        id=webhook_id,
    )


async def test_an_address_that_is_gone_is_switched_off_at_once(agency: Agency, bus: Any) -> None:
    webhook_id = await agency.in_use()
    agency.site.system.answers.append(Answer(410))
    await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id)

    await agency.site.forward()

    read = await agency.read(webhook_id)
    assert (read["in_use"], read["disabled_at"] is not None) == (False, True)


async def test_a_new_secret_signs_beside_the_one_before(agency: Agency, bus: Any) -> None:
    webhook_id = await agency.in_use()
    before = agency.site.system.secret

    after = await agency.secret(webhook_id)
    await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id)
    await agency.site.forward()

    assert after != before
    assert len(agency.told()) == 1  # the system still checks with the old one
    assert len(agency.site.system.asked[-1].headers["webhook-signature"].split()) == 2


async def test_one_that_was_withdrawn_is_told_nothing_any_more(agency: Agency, bus: Any, platform: Platform) -> None:
    webhook_id = await agency.in_use()
    await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id)

    gone = await agency.administrator.put(f"/v1/webhooks/{webhook_id}/withdrawal", {}, version=2)
    again = await agency.administrator.put(f"/v1/webhooks/{webhook_id}/withdrawal", {}, version=2)
    await agency.site.forward()
    changed = await agency.administrator.put(f"/v1/webhooks/{webhook_id}", agency.asked(), version=3)

    assert (gone.status_code, again.json()) == (200, gone.json())
    assert agency.told() == []
    assert [call["state"] for call in await agency.calls(webhook_id)] == ["cancelled"]
    assert (changed.status_code, changed.json()["type"]) == (409, "/problems/webhook-withdrawn")
    kept = await platform.fetch("select secret, old_secret from notification.webhook where id = :id", id=webhook_id)
    assert (kept[0]["secret"], kept[0]["old_secret"]) == (None, None)


async def test_what_waits_goes_to_the_new_address(agency: Agency, bus: Any) -> None:
    webhook_id = await agency.in_use()
    await bus.assign(agency.id, uuid4())
    await agency.hears(webhook_id)

    body = agency.asked(url=f"{agency.url}/new")
    changed = await agency.administrator.put(f"/v1/webhooks/{webhook_id}", body, version=2)
    await agency.site.forward()

    assert changed.status_code == 200
    assert agency.site.system.asked[-1].target == f"/facts/{agency.id}/new"


@pytest.mark.parametrize(
    ("more", "code", "pointer"),
    [
        ({"url": "http://elsewhere.test/facts"}, "webhook-host-not-allowed", "/url"),
        ({"url": "https://169.254.169.254/latest"}, "webhook-host-not-allowed", "/url"),
        ({"url": "https://user:word@agency.test/"}, "webhook-url-malformed", "/url"),
        ({"url": "not a url"}, "webhook-url-malformed", "/url"),
        ({"kinds": ["handrail.intake.safety-concern-opened.v1"]}, "webhook-kind-unknown", "/kinds/0"),
        ({"kinds": []}, "invalid-request", "/kinds"),
        ({"kinds": [ASSIGNED, ASSIGNED]}, "invalid-request", "/kinds"),
        ({"secret": "chosen by me"}, "invalid-request", "/secret"),
    ],
)
async def test_a_webhook_that_may_not_be_is_refused(
    agency: Agency, platform: Platform, more: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await agency.administrator.post("/v1/webhooks", agency.asked(**more))

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, f"/problems/{code}")
    assert problem["errors"][0]["pointer"] == pointer
    assert (await agency.administrator.get("/v1/webhooks")).json()["items"] == []
    await platform.eventually(
        "select count(*) from notification.audit where agency_id = :id and outcome = 'refused'", 1, id=agency.id
    )


async def test_an_installation_that_allows_no_host_has_no_webhooks(workplace: Any) -> None:
    body = {"url": "https://agency.test/facts", "kinds": [ASSIGNED]}
    answer = await workplace.administrator.post("/api/notification/v1/webhooks", body)

    assert answer.json()["type"] in ("/problems/webhook-host-not-allowed", "/problems/step-up-needed")


async def test_an_agency_has_so_many_and_no_more(agency: Agency) -> None:
    for _ in range(20):
        await agency.register()

    answer = await agency.administrator.post("/v1/webhooks", agency.asked())

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-webhooks")


async def test_a_test_of_what_is_not_in_use_is_refused(agency: Agency) -> None:
    webhook_id = await agency.register()

    answer = await agency.administrator.post(f"/v1/webhooks/{webhook_id}/tests", {})

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/webhook-not-in-use")


@pytest.mark.parametrize("role", ["peer", "supervisor", "privacy_officer", "auditor"])
async def test_only_administrators_connect_systems(
    agency: Agency, http: httpx.AsyncClient, platform: Platform, role: str
) -> None:
    inside = Caller(http, agency.administrator.token, agency.id)
    somebody = await add_staff(inside, role)
    caller = Caller(agency.site.http, somebody.token, agency.id)
    webhook_id = await agency.register()

    answers = [
        await caller.get("/v1/webhooks"),
        await caller.get(f"/v1/webhooks/{webhook_id}"),
        await caller.post("/v1/webhooks", agency.asked()),
        await caller.post(f"/v1/webhooks/{webhook_id}/secrets", {}),
        await caller.put(f"/v1/webhooks/{webhook_id}/withdrawal", {}, version=1),
    ]

    assert {answer.status_code for answer in answers} == {403}


async def test_another_agencys_webhook_is_not_there(
    agency: Agency, http: httpx.AsyncClient, platform: Platform
) -> None:
    webhook_id = await agency.register()
    opened = await open_agency(http, platform)
    stranger = Caller(agency.site.http, opened.token, opened.agency_id)

    answers = [
        await stranger.get(f"/v1/webhooks/{webhook_id}"),
        await stranger.get(f"/v1/webhooks/{webhook_id}/calls"),
        await stranger.post(f"/v1/webhooks/{webhook_id}/secrets", {}),
        await stranger.post(f"/v1/webhooks/{webhook_id}/tests", {}),
        await stranger.put(f"/v1/webhooks/{webhook_id}", agency.asked(), version=1),
        await stranger.put(f"/v1/webhooks/{webhook_id}/enabled", {}, version=1),
        await stranger.put(f"/v1/webhooks/{webhook_id}/withdrawal", {}, version=1),
    ]

    assert {(answer.status_code, answer.json()["type"]) for answer in answers} == {(404, "/problems/not-found")}
    assert (await stranger.get("/v1/webhooks")).json()["items"] == []


async def test_no_secret_and_no_address_stays_where_it_can_be_read(agency: Agency, platform: Platform) -> None:
    webhook_id = await agency.in_use()
    await agency.administrator.post(f"/v1/webhooks/{webhook_id}/tests", {})
    await agency.site.forward()
    key = agency.site.system.secret.removeprefix("whsec_")

    for table in ("webhook", "webhook_delivery", "idempotency", "audit", "audit_pending", "ledger", "outbox"):
        found = f"select count(*) from notification.{table} t where t::text like :words"
        assert await platform.value(found, words=f"%{key}%") == 0
        assert await platform.value(found, words=f"%/facts/{agency.id}%") == 0
    assert key not in str(await agency.read(webhook_id))


def test_every_kind_that_can_be_asked_for_is_heard() -> None:
    assert set(FACTS) <= set(REACTIONS)


async def test_the_kinds_can_be_asked_for(agency: Agency) -> None:
    assert (await agency.administrator.get("/v1/webhook-kinds")).json() == {"kinds": list(KINDS)}


@pytest.mark.parametrize("participants", [True, False])
def test_a_fact_is_cut_to_ids_states_and_instants(participants: bool) -> None:
    ids = [UUID(int=number) for number in range(1, 7)]
    facts = AssignmentFacts(
        assignment_id=ids[0],
        participant_id=ids[1],
        episode_id=ids[2],
        program_id=ids[3],
        staff_id=ids[4],
        valid_from=date(2026, 3, 2),
    )
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    event = CloudEvent[AssignmentFacts](
        id=ids[5], source="/intake", type=ASSIGNED, subject=ids[1], time=at, agencyid=ids[5], aggregateseq=4, data=facts
    )

    told = thin(event, participants=participants)

    of_people = {"participant_id": str(ids[1]), "episode_id": str(ids[2])} if participants else {}
    assert told == {
        "type": ASSIGNED,
        "timestamp": "2026-03-02T12:00:00+00:00",
        "data": {
            "assignment_id": str(ids[0]),
            "program_id": str(ids[3]),
            "staff_id": str(ids[4]),
            "valid_from": "2026-03-02",
            "event_id": str(ids[5]),
            "agency_id": str(ids[5]),
            "subject": str(ids[1]) if participants else None,
            "sequence": 4,
        }
        | of_people,
    }


@pytest.mark.parametrize(
    ("attempts", "asked", "seconds"), [(1, None, 5), (2, None, 60), (6, None, 43200), (60, None, 43200), (1, 90, 90)]
)
def test_pauses_grow_and_a_receiver_may_ask_for_longer_ones(attempts: int, asked: int | None, seconds: int) -> None:
    pause = None if asked is None else timedelta(seconds=asked)
    assert next_try(attempts, pause, 1.0) == timedelta(seconds=seconds)
