"""Grants and their clocks through HTTP: what is due, what is done, what is cancelled, and who sees it."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from common.contracts.codes import FederalPoint
from handrail.testing import add_staff
from intake.commands.recording import Recording
from intake.rules.federal import DueState, point_state

INTAKE = "/api/intake/v1"
INVALID = "/problems/invalid-request"
FIRST = "2026-01-10"
BASELINE = "2026-01-15"
TODAY = datetime.now(ZoneInfo("America/Chicago")).date()
SOON = (TODAY + timedelta(days=2)).isoformat()
TABLES = ("federal_grant", "funding", "federal_point", "client_code")
ID = str(UUID(int=1))


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def grant_of(clinic: Any, **terms: Any) -> dict[str, Any]:
    usual = {"name": "State opioid response", "number": "TI-08-0001", "tool": "suprt", "starts_on": "2025-10-01"}
    return usual | {"program_ids": [str(clinic.program_id)], "ends_on": "2027-09-30"} | terms


async def granted(clinic: Any, **terms: Any) -> UUID:
    granted_id: UUID = await clinic.administrator.created(f"{INTAKE}/grants", grant_of(clinic, **terms))
    return granted_id


@pytest_asyncio.fixture(scope="session")
async def grant_id(clinic: Any) -> UUID:
    return await granted(clinic)


async def fund(clinic: Any, episode_id: UUID, grant_id: UUID, first: str = FIRST) -> UUID:
    body = {"grant_id": str(grant_id), "first_service_on": first}
    funding_id: UUID = await clinic.peer.created(f"{INTAKE}/episodes/{episode_id}/fundings", body)
    return funding_id


async def points(clinic: Any, episode_id: UUID) -> dict[str, dict[str, Any]]:
    """Return an episode's points by kind and number, such as `annual-1`."""
    answer = await clinic.supervisor.get(f"{INTAKE}/episodes/{episode_id}/federal-points")
    assert answer.status_code == 200, answer.text
    return {f"{one['point']}-{one['n']}": one for one in answer.json()["items"]}


async def record(clinic: Any, point: dict[str, Any], **said: str | None) -> Any:
    """Record a point as the peer, or as the supervisor once the peer's work has ended with the episode."""
    path = f"{INTAKE}/federal-points/{point['id']}"
    caller = clinic.peer if (await clinic.peer.get(path)).status_code == 200 else clinic.supervisor
    return await caller.put(path, said, version=point["version"])


async def close(clinic: Any, episode_id: UUID, closed_on: str, reason: str = "completed", **more: str) -> None:
    participant_id = (await clinic.peer.get(f"{INTAKE}/episodes/{episode_id}")).json()["participant_id"]
    notice = {"version": "npp-1", "language": "en", "channel": "paper"}
    await clinic.peer.created(f"{INTAKE}/participants/{participant_id}/notices", notice)
    body = {"closed_on": closed_on, "reason": reason} | more
    answer = await clinic.peer.put(f"{INTAKE}/episodes/{episode_id}/closure", body, version=1)
    assert answer.status_code == 200, answer.text


async def running(clinic: Any, grant_id: UUID, baseline: str | None = BASELINE) -> tuple[UUID, UUID]:
    """Return a person of the peer's and their episode under a grant, its baseline collected."""
    participant_id, episode_id = await clinic.assigned()
    await fund(clinic, episode_id, grant_id)
    if baseline:
        answer = await record(clinic, (await points(clinic, episode_id))["baseline-1"], collected_on=baseline)
        assert answer.status_code == 200, answer.text
    return participant_id, episode_id


def days(point: dict[str, Any]) -> tuple[str, str, str]:
    return point["due_on"], point["opens_on"], point["closes_on"]


async def told(clinic: Any, point: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(event["payload"])["data"] for event in await clinic.events(UUID(point["id"]))]


async def test_a_grant_is_set_up_changed_listed_and_told(clinic: Any) -> None:
    grant_id = await granted(clinic, name="First")
    path = f"{INTAKE}/grants/{grant_id}"

    changed = await clinic.administrator.put(path, grant_of(clinic, name="Second", interval_months=3), version=1)
    stale = await clinic.administrator.put(path, grant_of(clinic), version=1)
    shown = await clinic.peer.get(path)
    listed = [one["id"] for one in (await clinic.peer.get(f"{INTAKE}/grants", limit=100)).json()["items"]]

    assert (changed.status_code, stale.status_code, shown.headers["etag"]) == (200, 412, '"2"')
    assert (shown.json()["name"], shown.json()["interval_months"]) == ("Second", 3)
    assert shown.json()["reassessment_by"] == "days"
    assert shown.json()["gpra_last_interview_date"] == "2025-09-30"
    assert (shown.json()["suprt_followup_target"], shown.json()["suprt_followup_target_authority"]) == (0.8, "DEFAULT")
    assert str(grant_id) in listed
    events = await clinic.events(grant_id)
    assert [(one["type"], one["aggregate_seq"]) for one in events] == [
        ("handrail.intake.grant-set.v1", 1),
        ("handrail.intake.grant-set.v1", 2),
    ]
    assert set(json.loads(events[0]["payload"])["data"]) == {
        *("grant_id", "tool", "starts_on", "ends_on", "program_ids", "interval_months")
    }


async def test_the_clock_starts_with_the_first_funded_service(clinic: Any, grant_id: UUID) -> None:
    participant_id, episode_id = await running(clinic, grant_id, baseline=None)

    (baseline,) = (await points(clinic, episode_id)).values()

    assert days(baseline) == ("2026-02-09", FIRST, "2026-02-09")
    assert (baseline["state"], baseline["demographics_by_staff"]) == ("late", True)
    (fact,) = await told(clinic, baseline)
    assert (fact["point"], fact["first_service_on"], fact["participant_id"]) == ("baseline", FIRST, str(participant_id))


async def test_the_worked_example_through_the_api(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id)

    found = await points(clinic, episode_id)

    assert (found["baseline-1"]["state"], found["baseline-1"]["in_window"]) == ("done", True)
    assert days(found["reassessment-1"]) == ("2026-07-14", "2026-06-14", "2026-08-13")
    assert days(found["annual-1"]) == ("2027-01-15", "2026-12-16", "2027-02-14")
    assert set(found) == {"baseline-1", "reassessment-1", "annual-1"}, "the grant ends before the second annual"
    assert [fact["collected_on"] for fact in await told(clinic, found["baseline-1"]) if "collected_on" in fact] == [
        BASELINE
    ]


async def test_a_corrected_baseline_dates_anew_what_is_not_collected(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id)
    before = await points(clinic, episode_id)
    await record(clinic, before["reassessment-1"], collected_on="2026-07-01", client_part="completed")

    await record(clinic, before["baseline-1"], collected_on="2026-03-01")
    after = await points(clinic, episode_id)

    assert (after["baseline-1"]["in_window"], after["baseline-1"]["state"]) == (False, "done")
    assert days(after["reassessment-1"]) == days(before["reassessment-1"]), "collected in the window as it was"
    assert days(after["annual-1"]) == ("2027-03-01", "2027-01-30", "2027-03-31")
    assert [fact["due_on"] for fact in await told(clinic, after["annual-1"])] == ["2027-01-15", "2027-03-01"]


async def test_a_baseline_taken_back_takes_back_what_followed_and_brings_it_again(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id)

    await record(clinic, (await points(clinic, episode_id))["baseline-1"], collected_on=None)
    without = await points(clinic, episode_id)
    await record(clinic, without["baseline-1"], collected_on="2026-01-16")
    again = await points(clinic, episode_id)

    assert (without["reassessment-1"]["state"], without["annual-1"]["cancelled_for"]) == ("cancelled", "not_owed")
    assert days(again["reassessment-1"]) == ("2026-07-15", "2026-06-15", "2026-08-14")
    assert again["annual-1"]["cancelled_for"] is None


async def test_a_declined_client_part_leaves_the_point_owed(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id, baseline=None)
    baseline = (await points(clinic, episode_id))["baseline-1"]

    await record(clinic, baseline, client_part="declined")
    declined = (await points(clinic, episode_id))["baseline-1"]
    await record(clinic, declined, client_part="declined", collected_on=BASELINE)
    done = (await points(clinic, episode_id))["baseline-1"]

    assert (declined["client_part"], declined["state"], declined["demographics_by_staff"]) == ("declined", "late", True)
    assert (done["client_part"], done["state"], done["demographics_by_staff"]) == ("declined", "done", True)


async def test_a_client_who_started_gave_the_demographics(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id, baseline=None)
    baseline = (await points(clinic, episode_id))["baseline-1"]

    await record(clinic, baseline, client_part="proxy", collected_on=BASELINE, entered_on="2026-01-20")
    done = (await points(clinic, episode_id))["baseline-1"]

    assert (done["demographics_by_staff"], done["entered_on"], done["entry_due_on"]) == (
        False,
        "2026-01-20",
        "2026-02-14",
    )


async def test_a_closeout_in_the_window_cancels_and_is_done_when_entered(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id)

    await close(clinic, episode_id, "2026-08-13")
    closed = await points(clinic, episode_id)
    await record(clinic, closed["closeout-1"], collected_on="2026-08-20")
    collected = (await points(clinic, episode_id))["closeout-1"]
    await record(clinic, collected, collected_on="2026-08-20", entered_on="2026-09-01")
    entered = (await points(clinic, episode_id))["closeout-1"]

    assert closed["reassessment-1"]["cancelled_for"] == closed["annual-1"]["cancelled_for"] == "closed_out"
    assert days(closed["closeout-1"]) == ("2026-09-12", "2026-08-13", "2026-09-12")
    assert (collected["state"], entered["state"], entered["client_part"]) == ("late", "done", "not_applicable")
    assert (await told(clinic, closed["reassessment-1"]))[-1]["cancelled"] is True


async def test_an_episode_that_is_opened_again_owes_again_what_its_end_had_cancelled(
    clinic: Any, grant_id: UUID
) -> None:
    _, episode_id = await running(clinic, grant_id)
    await close(clinic, episode_id, "2026-08-13")

    body = {"reason": "closed_in_error"}
    reopened = await clinic.supervisor.post(f"{INTAKE}/episodes/{episode_id}/reopening", body)

    assert reopened.status_code == 201, reopened.text
    owed = await points(clinic, episode_id)
    assert owed["reassessment-1"]["cancelled_for"] is owed["annual-1"]["cancelled_for"] is None
    assert owed["closeout-1"]["cancelled_for"] is not None
    assert (await told(clinic, owed["reassessment-1"]))[-1]["cancelled"] is False


async def test_a_closeout_after_the_window_cancels_only_what_comes_later(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id)

    await close(clinic, episode_id, "2026-08-14")
    closed = await points(clinic, episode_id)

    assert (closed["reassessment-1"]["state"], closed["annual-1"]["state"]) == ("missed", "cancelled")


async def test_the_shortest_episode_owes_a_baseline_and_a_closeout(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id, baseline=None)

    await close(clinic, episode_id, FIRST)
    closed = await points(clinic, episode_id)

    assert {name: one["state"] for name, one in closed.items()} == {"baseline-1": "late", "closeout-1": "late"}


async def test_what_was_collected_before_the_end_counts_though_it_is_recorded_after(
    clinic: Any, grant_id: UUID
) -> None:
    _, episode_id = await running(clinic, grant_id)
    await close(clinic, episode_id, "2026-08-01")

    cancelled = (await points(clinic, episode_id))["reassessment-1"]
    await record(clinic, cancelled, collected_on="2026-07-20")
    counted = (await points(clinic, episode_id))["reassessment-1"]

    assert (cancelled["state"], counted["state"], counted["in_window"]) == ("cancelled", "done", True)


async def test_a_death_cancels_from_its_own_day(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id)

    await close(clinic, episode_id, "2026-08-20", "deceased", deceased_on="2026-08-10")
    closed = await points(clinic, episode_id)

    assert closed["reassessment-1"]["cancelled_for"] == closed["annual-1"]["cancelled_for"] == "deceased"
    assert closed["closeout-1"]["state"] == "late"


async def test_who_comes_back_starts_anew_under_the_same_client_id(clinic: Any, grant_id: UUID) -> None:
    participant_id, first = await running(clinic, grant_id)
    await close(clinic, first, "2026-05-01")
    second = await clinic.open(participant_id, "2026-06-01")
    body = {"participant_id": str(participant_id), "episode_id": str(second), "staff_id": str(clinic.peer.staff_id)}
    await clinic.administrator.created(f"{INTAKE}/assignments", body | {"valid_from": "2026-06-01"})

    await fund(clinic, second, grant_id, "2026-06-02")
    path = f"{INTAKE}/episodes/{{}}/federal-points"
    before = (await clinic.peer.get(path.format(first))).json()
    after = (await clinic.peer.get(path.format(second))).json()
    other = (await clinic.supervisor.get(path.format((await running(clinic, grant_id))[1]))).json()

    assert before["client_id"] == after["client_id"] != other["client_id"]
    assert [one["point"] for one in after["items"]] == ["baseline"]
    assert days(after["items"][0]) == ("2026-07-02", "2026-06-02", "2026-07-02")
    assert "Maura" not in before["client_id"]
    assert len(before["client_id"]) == 10


async def test_an_episode_runs_under_several_grants_each_with_its_own_clock(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id)
    months = await granted(clinic, interval_months=3, reassessment_by="calendar_months", window_days=14)
    await fund(clinic, episode_id, months, "2026-02-01")
    baseline = next(one for one in await in_order(clinic, episode_id, months) if one["point"] == "baseline")

    await record(clinic, baseline, collected_on="2026-02-28")
    of_months = {one["point"]: one for one in await in_order(clinic, episode_id, months)}
    of_days = {one["point"]: one for one in await in_order(clinic, episode_id, grant_id)}

    assert days(of_months["reassessment"]) == ("2026-05-28", "2026-05-14", "2026-06-11")
    assert days(of_days["reassessment"]) == ("2026-07-14", "2026-06-14", "2026-08-13")


async def in_order(clinic: Any, episode_id: UUID, grant_id: UUID) -> list[dict[str, Any]]:
    answer = await clinic.peer.get(f"{INTAKE}/episodes/{episode_id}/federal-points")
    return [one for one in answer.json()["items"] if one["grant_id"] == str(grant_id)]


async def test_new_terms_of_a_grant_date_anew_what_is_still_owed(clinic: Any) -> None:
    grant_id = await granted(clinic)
    _, episode_id = await running(clinic, grant_id)
    terms = grant_of(clinic, reassessment_by="calendar_months", ends_on="2028-09-30")

    changed = await clinic.administrator.put(f"{INTAKE}/grants/{grant_id}", terms, version=1)
    other = await clinic.administrator.put(
        f"{INTAKE}/grants/{grant_id}", grant_of(clinic, tool="gpra", starts_on="2024-01-01"), version=2
    )
    found = await points(clinic, episode_id)

    assert (changed.status_code, other.status_code, other.json()["type"]) == (200, 409, "/problems/grant-in-use")
    assert days(found["reassessment-1"]) == ("2026-07-15", "2026-06-15", "2026-08-14")
    assert found["annual-2"]["due_on"] == "2028-01-15"
    assert found["baseline-1"]["version"] == 2, "what did not change is not told again"


async def test_a_corrected_first_service_is_told_with_every_point(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await clinic.assigned()
    funding_id = await fund(clinic, episode_id, grant_id, "2026-01-12")

    body = {"first_service_on": "2026-01-11"}
    changed = await clinic.peer.put(f"{INTAKE}/fundings/{funding_id}", body, version=1)
    stale = await clinic.peer.put(f"{INTAKE}/fundings/{funding_id}", body, version=1)
    baseline = (await points(clinic, episode_id))["baseline-1"]

    assert (changed.status_code, stale.status_code) == (200, 412)
    assert days(baseline) == ("2026-02-10", "2026-01-11", "2026-02-10")
    assert [fact["first_service_on"] for fact in await told(clinic, baseline)] == ["2026-01-12", "2026-01-11"]


async def legacy(clinic: Any, opened_on: str, grant_id: UUID) -> UUID:
    participant_id = await clinic.enrol()
    episode_id: UUID = await clinic.open(participant_id, opened_on)
    await clinic.administrator.created(
        f"{INTAKE}/assignments",
        {
            "participant_id": str(participant_id),
            "episode_id": str(episode_id),
            "staff_id": str(clinic.peer.staff_id),
            "valid_from": opened_on,
        },
    )
    await fund(clinic, episode_id, grant_id, opened_on)
    return episode_id


async def test_a_legacy_episode_keeps_its_gpra_windows(clinic: Any) -> None:
    grant_id = await granted(clinic, tool="gpra", starts_on="2024-01-01", ends_on=None)
    early, late = await legacy(clinic, "2025-01-01", grant_id), await legacy(clinic, "2025-03-31", grant_id)

    for episode_id, day in ((early, "2025-01-01"), (late, "2025-03-31")):
        await record(clinic, (await points(clinic, episode_id))["gpra_intake-1"], collected_on=day)
    follow_up, not_owed = [(await points(clinic, one))["gpra_follow_up-1"] for one in (early, late)]
    after = await record(clinic, follow_up, collected_on="2025-10-01")
    done = await record(clinic, follow_up, collected_on="2025-09-01")
    due = (await clinic.supervisor.get(f"{INTAKE}/due", grant_id=str(grant_id))).json()["items"]
    rate = (await clinic.supervisor.get(f"{INTAKE}/grants/{grant_id}/rate")).json()["rates"]

    assert days(follow_up) == ("2025-07-01", "2025-06-01", "2025-09-01")
    assert (not_owed["state"], not_owed["cancelled_for"]) == ("cancelled", "not_owed")
    assert days(not_owed) == ("2025-09-30", "2025-08-31", "2025-11-30")
    assert (after.status_code, after.json()["type"], done.status_code) == (422, "/problems/gpra-is-over", 200)
    assert due == [], "nothing is owed after the last interview day"
    assert (rate[0]["point"], rate[0]["numerator"], rate[0]["denominator"]) == ("gpra_follow_up", 1, 1)
    assert rate[0]["excluded"] == {"not_owed": 1}


async def test_the_rate_counts_windows_that_have_closed(clinic: Any) -> None:
    grant_id = await granted(clinic, ends_on=None)
    path = f"{INTAKE}/grants/{grant_id}/rate"
    nothing = (await clinic.supervisor.get(path)).json()
    episodes = [(await running(clinic, grant_id))[1] for _ in range(4)]
    in_window, too_late, _, ended = episodes

    await record(clinic, (await points(clinic, in_window))["reassessment-1"], collected_on="2026-06-14")
    await record(clinic, (await points(clinic, too_late))["reassessment-1"], collected_on="2026-08-14")
    await close(clinic, ended, "2026-07-01")
    reassessment, annual = (await clinic.administrator.get(path)).json()["rates"]
    hidden = await clinic.peer.get(path)

    assert [one["rate"] for one in nothing["rates"]] == [None, None]
    assert (reassessment["numerator"], reassessment["denominator"]) == (1, 3)
    assert reassessment["rate"] == pytest.approx(1 / 3)
    assert (reassessment["excluded"], reassessment["waiting"]) == ({"closed_out": 1}, 0)
    assert (annual["denominator"], annual["rate"]) == (0, None)
    assert (nothing["target"], nothing["target_authority"], hidden.status_code) == (0.8, "DEFAULT", 403)


async def test_the_work_list_is_sorted_and_stays_within_reach(clinic: Any) -> None:
    grant_id = await granted(clinic, starts_on="2025-10-01", ends_on=None)
    peer = await add_staff(clinic.administrator, "peer")
    await clinic.platform.eventually("select count(*) from intake.staff where id = :s", 1, s=peer.staff_id)
    episodes = []
    for baseline in (ago(200), ago(220), ago(170), ago(160)):  # late; missed; open; open, of another peer
        participant_id = await clinic.enrol()
        episode_id = await clinic.open(participant_id, baseline)
        whom = clinic.peer if baseline == ago(160) else peer
        body = {"participant_id": str(participant_id), "episode_id": str(episode_id), "valid_from": baseline}
        await clinic.administrator.created(f"{INTAKE}/assignments", body | {"staff_id": str(whom.staff_id)})
        fund_body = {"grant_id": str(grant_id), "first_service_on": baseline}
        await clinic.administrator.created(f"{INTAKE}/episodes/{episode_id}/fundings", fund_body)
        await record_as(clinic, (await points(clinic, episode_id))["baseline-1"], baseline)
        episodes.append(str(episode_id))

    async def listed(caller: Any, **filters: Any) -> list[tuple[str, str]]:
        answer = (await caller.get(f"{INTAKE}/due", grant_id=str(grant_id), limit=100, **filters)).json()
        return [(one["episode_id"], one["state"]) for one in answer["items"] if one["point"] == "reassessment"]

    own = [(episodes[1], "missed"), (episodes[0], "late"), (episodes[2], "open")]
    first = (await peer.get(f"{INTAKE}/due", grant_id=str(grant_id), limit=2)).json()
    second = (await peer.get(f"{INTAKE}/due", grant_id=str(grant_id), limit=2, next=first["next"])).json()

    assert await listed(peer) == own
    assert await listed(clinic.supervisor) == [*own, (episodes[3], "open")]
    for state in ("missed", "late", "open", "upcoming"):
        assert await listed(peer, state=state) == [one for one in own if one[1] == state]
    assert [one["closes_on"] for one in first["items"] + second["items"]] == sorted(
        one["closes_on"] for one in first["items"] + second["items"]
    )
    assert len({one["id"] for one in first["items"] + second["items"]}) == 4


async def record_as(clinic: Any, point: dict[str, Any], day: str) -> None:
    path = f"{INTAKE}/federal-points/{point['id']}"
    answer = await clinic.administrator.put(path, {"collected_on": day}, version=point["version"])
    assert answer.status_code == 200, answer.text


async def test_the_work_list_opens_the_locator_and_the_log(clinic: Any) -> None:
    grant_id = await granted(clinic)
    participant_id, _ = await running(clinic, grant_id)
    locator = {"entries": [{"kind": "place", "name": "Library"}], "confirmed_at": "2026-01-15T18:00:00Z"}
    await clinic.peer.put(f"{INTAKE}/participants/{participant_id}/locator", locator, version=0)
    listed = (await clinic.peer.get(f"{INTAKE}/due", grant_id=str(grant_id))).json()["items"]
    missed, upcoming = [one for one in listed if one["participant_id"] == str(participant_id)]
    log = f"{INTAKE}/participants/{participant_id}/attempts"

    for attempt in (
        {"at": "2026-06-13T18:00:00Z", "channel": "phone", "outcome": "busy"},  # before the window
        {"at": "2026-06-20T18:00:00Z", "channel": "phone", "outcome": "voicemail"},
        {"at": "2026-06-19T18:00:00Z", "channel": "in_person", "outcome": "not_there", "point_id": missed["id"]},
    ):
        await clinic.peer.created(log, attempt)
    again = (await clinic.peer.get(f"{INTAKE}/due", grant_id=str(grant_id))).json()["items"]
    tried, untried = [one for one in again if one["participant_id"] == str(participant_id)]
    foreign = {"channel": "phone", "outcome": "busy", "point_id": missed["id"]}
    other_id, _ = await clinic.assigned()
    refused = await clinic.peer.post(f"{INTAKE}/participants/{other_id}/attempts", foreign)

    assert (missed["attempts"], missed["last_attempt_at"]) == (0, None)
    assert missed["locator_confirmed_at"] == "2026-01-15T18:00:00Z"
    assert missed["locator_age_days"] == (TODAY - date(2026, 1, 15)).days
    assert (tried["attempts"], tried["last_attempt_at"]) == (2, "2026-06-20T18:00:00Z")
    assert (tried["last_attempt_outcome"], untried["attempts"], upcoming["state"]) == (
        "voicemail",
        0,
        untried["state"],
    )
    assert refused.status_code == 404


async def test_merged_records_are_one_client_and_one_person_of_the_work_list(clinic: Any) -> None:
    grant_id = await granted(clinic)
    merged_id, merged_episode = await running(clinic, grant_id)
    survivor_id, survivor_episode = await running(clinic, grant_id)
    before = (await clinic.peer.get(f"{INTAKE}/episodes/{survivor_episode}/federal-points")).json()["client_id"]

    body = {"survivor_id": str(survivor_id), "merged_id": str(merged_id), "reason": "entered_twice"}
    await clinic.supervisor.created(f"{INTAKE}/merges", body)
    codes = [
        (await clinic.peer.get(f"{INTAKE}/episodes/{one}/federal-points")).json()["client_id"]
        for one in (merged_episode, survivor_episode)
    ]
    due = (await clinic.peer.get(f"{INTAKE}/due", grant_id=str(grant_id))).json()["items"]
    of_merged = next(one for one in due if one["episode_id"] == str(merged_episode))
    attempt = {"channel": "phone", "outcome": "busy", "point_id": of_merged["id"]}
    logged = await clinic.peer.post(f"{INTAKE}/participants/{survivor_id}/attempts", attempt)

    assert codes == [before, before]
    assert {one["participant_id"] for one in due} == {str(survivor_id)}
    assert logged.status_code == 201


async def test_two_who_record_one_point_at_once_do_not_overwrite_each_other(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id, baseline=None)
    baseline = (await points(clinic, episode_id))["baseline-1"]

    answers = await asyncio.gather(*[record(clinic, baseline, collected_on=f"2026-01-1{n}") for n in range(4)])

    assert sorted(one.status_code for one in answers) == [200, 412, 412, 412]
    assert len(await points(clinic, episode_id)) == 3


async def test_closing_while_the_baseline_is_recorded_leaves_one_of_each(clinic: Any, grant_id: UUID) -> None:
    episodes = [(await running(clinic, grant_id, baseline=None))[1] for _ in range(5)]
    found = [(await points(clinic, one))["baseline-1"] for one in episodes]

    await asyncio.gather(
        *[record_as(clinic, one, BASELINE) for one in found],
        *[close(clinic, one, "2026-06-20") for one in episodes],
    )

    for episode_id in episodes:
        after = await points(clinic, episode_id)
        assert set(after) - {"annual-1"} == {"baseline-1", "closeout-1", "reassessment-1"}
        assert (after["baseline-1"]["state"], after["closeout-1"]["state"]) == ("done", "late")
        assert {one["cancelled_for"] for name, one in after.items() if name[0] in "ar"} == {"closed_out"}


async def test_new_terms_wait_for_whoever_closes_funds_or_records_meanwhile(clinic: Any) -> None:
    grant_id = await granted(clinic)
    episodes = [(await running(clinic, grant_id, baseline=None))[1] for _ in range(3)]
    found = [(await points(clinic, one))["baseline-1"] for one in episodes]
    fresh = [(await clinic.assigned())[1] for _ in range(2)]

    _, changed = await asyncio.gather(
        asyncio.gather(
            *[record_as(clinic, one, BASELINE) for one in found[:2]],
            close(clinic, episodes[2], "2026-06-20"),
            *[fund(clinic, one, grant_id) for one in fresh],
        ),
        clinic.administrator.put(f"{INTAKE}/grants/{grant_id}", grant_of(clinic, interval_months=3), version=1),
    )

    assert changed.status_code == 200, changed.text
    for episode_id in episodes[:2]:
        assert (await points(clinic, episode_id))["reassessment-1"]["due_on"] == "2026-04-15"
    assert "closeout-1" in await points(clinic, episodes[2])
    for episode_id in fresh:
        assert set(await points(clinic, episode_id)) == {"baseline-1"}


def test_today_is_the_agencys_day_around_midnight() -> None:
    reassessment = (FederalPoint.REASSESSMENT, date(2026, 6, 14), date(2026, 7, 14), date(2026, 8, 13))
    for zone, before, after in (
        ("America/New_York", "2026-08-14T03:59:59+00:00", "2026-08-14T04:00:00+00:00"),
        ("Pacific/Honolulu", "2026-08-14T09:59:59+00:00", "2026-08-14T10:00:00+00:00"),
    ):
        last = Recording(datetime.fromisoformat(before).astimezone(UTC), zone).today
        next_ = Recording(datetime.fromisoformat(after).astimezone(UTC), zone).today
        assert point_state(*reassessment, today=last) is DueState.LATE
        assert point_state(*reassessment, today=next_) is DueState.MISSED


async def test_nobody_elses_clock_can_be_seen_or_moved(
    clinic: Any, stranger: Any, grant_id: UUID, nobody: UUID
) -> None:
    _, episode_id = await running(clinic, grant_id)
    point = (await points(clinic, episode_id))["reassessment-1"]
    before = await rows(clinic)

    for caller in (clinic.other_peer, stranger):
        answers = [
            await caller.get(f"{INTAKE}/episodes/{episode_id}/federal-points"),
            await caller.get(f"{INTAKE}/federal-points/{point['id']}"),
            await caller.put(f"{INTAKE}/federal-points/{point['id']}", {"collected_on": BASELINE}, point["version"]),
            await caller.post(
                f"{INTAKE}/episodes/{episode_id}/fundings", {"grant_id": str(grant_id), "first_service_on": FIRST}
            ),
        ]
        assert {one.status_code for one in answers} == {404}
        seen = (await caller.get(f"{INTAKE}/due", limit=100)).json()["items"]
        assert str(episode_id) not in {one["episode_id"] for one in seen}
    strange = [
        await stranger.get(f"{INTAKE}/grants/{grant_id}"),
        await stranger.get(f"{INTAKE}/grants/{grant_id}/rate"),
        await stranger.put(f"{INTAKE}/grants/{grant_id}", grant_of(clinic), version=1),
        await stranger.post(f"{INTAKE}/grants", grant_of(clinic)),  # somebody else's program
        await clinic.supervisor.get(f"{INTAKE}/grants/{nobody}"),
    ]
    assert {one.status_code for one in strange} == {404}
    assert (await stranger.get(f"{INTAKE}/grants")).json()["items"] == []
    for caller in (clinic.peer, clinic.supervisor):
        assert (await caller.post(f"{INTAKE}/grants", grant_of(clinic))).status_code == 403
        assert (await caller.put(f"{INTAKE}/grants/{grant_id}", grant_of(clinic), version=1)).status_code == 403
    assert await rows(clinic) == before


async def rows(clinic: Any) -> dict[str, int]:
    sql = "select count(*) from intake.{} where agency_id = :a"
    counted = {
        table: await clinic.platform.value(sql.format(table), a=clinic.administrator.agency_id) for table in TABLES
    }
    return counted | {"events": await clinic.told()}


FUNDING = {"grant_id": "{grant}", "first_service_on": FIRST}
BAD: list[tuple[str, str, dict[str, Any], int | None, int, str]] = [
    ("post", "grants", {"name": " "}, None, 422, INVALID),
    ("post", "grants", {"number": "two words"}, None, 422, INVALID),
    ("post", "grants", {"interval_months": 4}, None, 422, INVALID),
    ("post", "grants", {"tool": "gpra-next"}, None, 422, INVALID),
    ("post", "grants", {"program_ids": []}, None, 422, INVALID),
    ("post", "grants", {"program_ids": [ID, ID]}, None, 422, INVALID),
    ("post", "grants", {"program_ids": [ID]}, None, 404, "/problems/not-found"),
    ("post", "grants", {"ends_on": "2025-09-30"}, None, 422, "/problems/ends-before-it-starts"),
    ("post", "grants", {"suprt_followup_target": 80}, None, 422, INVALID),
    ("post", "grants", {"window_days": -1}, None, 422, INVALID),
    ("post", "grants", {"amount_cents": 1}, None, 422, INVALID),
    ("put", "grants/{grant}", {}, None, 428, "/problems/if-match-missing"),
    ("put", "grants/{grant}", {}, 9, 412, "/problems/stale-version"),
    ("put", f"grants/{ID}", {}, 1, 404, "/problems/not-found"),
    ("post", "episodes/{episode}/fundings", FUNDING | {"grant_id": ID}, None, 404, "/problems/not-found"),
    ("post", "episodes/{episode}/fundings", FUNDING, None, 409, "/problems/funded-already"),
    (
        "post",
        "episodes/{fresh}/fundings",
        FUNDING | {"first_service_on": SOON},
        None,
        422,
        "/problems/in-the-future",
    ),
    (
        "post",
        "episodes/{fresh}/fundings",
        FUNDING | {"first_service_on": "2026-01-04"},
        None,
        422,
        "/problems/outside-the-episode",
    ),
    (
        "post",
        "episodes/{fresh}/fundings",
        FUNDING | {"grant_id": "{ended}"},
        None,
        422,
        "/problems/outside-the-grant",
    ),
    ("post", "episodes/{fresh}/fundings", FUNDING | {"grant_id": "{gpra}"}, None, 422, "/problems/gpra-is-over"),
    ("post", "episodes/{fresh}/fundings", FUNDING | {"grant_id": "{other}"}, None, 422, "/problems/not-its-program"),
    ("put", "federal-points/{baseline}", {"collected_on": SOON}, 1, 422, "/problems/in-the-future"),
    ("put", "federal-points/{baseline}", {"collected_on": "2026-01-09"}, 1, 422, "/problems/before-the-first-service"),
    ("put", "federal-points/{baseline}", {"collected_on": "2026-02-30"}, 1, 422, INVALID),
    ("put", "federal-points/{baseline}", {"entered_on": BASELINE}, 1, 422, INVALID),
    ("put", "federal-points/{baseline}", {"collected_on": BASELINE, "entered_on": FIRST}, 1, 422, INVALID),
    ("put", "federal-points/{baseline}", {"client_part": "maybe"}, 1, 422, INVALID),
    ("put", "federal-points/{baseline}", {"client_part": "not_applicable"}, 1, 422, "/problems/another-client-part"),
    ("put", "federal-points/{closeout}", {"client_part": "declined"}, 1, 422, "/problems/another-client-part"),
    ("put", "federal-points/{baseline}", {"collected_on": BASELINE}, 9, 412, "/problems/stale-version"),
    ("put", f"federal-points/{ID}", {"collected_on": BASELINE}, 1, 404, "/problems/not-found"),
    ("put", f"fundings/{ID}", {"first_service_on": FIRST}, 1, 404, "/problems/not-found"),
]


@pytest_asyncio.fixture(scope="session")
async def ids(clinic: Any, grant_id: UUID) -> dict[str, str]:
    """Return the grants, the episodes and the points that every bad request aims at."""
    _, episode_id = await running(clinic, grant_id, baseline=None)
    _, closed = await running(clinic, grant_id, baseline=None)
    await close(clinic, closed, FIRST)
    elsewhere = await clinic.administrator.created(
        "/api/workforce/v1/programs", {"name": "Another program", "opened_on": "2025-01-01"}
    )
    await clinic.platform.eventually("select count(*) from intake.program where id = :p", 1, p=elsewhere)
    return {
        "grant": str(grant_id),
        "ended": str(await granted(clinic, ends_on="2025-12-31")),
        "gpra": str(await granted(clinic, tool="gpra", starts_on="2024-01-01")),
        "other": str(await granted(clinic, program_ids=[str(elsewhere)])),
        "episode": str(episode_id),
        "fresh": str((await clinic.assigned())[1]),
        "baseline": (await points(clinic, episode_id))["baseline-1"]["id"],
        "closeout": (await points(clinic, closed))["closeout-1"]["id"],
    }


@pytest.mark.parametrize(("method", "path", "body", "version", "status", "kind"), BAD)
async def test_bad_input_leaves_nothing_but_its_audit_entry(
    clinic: Any,
    ids: dict[str, str],
    method: str,
    path: str,
    body: dict[str, Any],
    version: int | None,
    status: int,
    kind: str,
) -> None:
    said = {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}
    said = grant_of(clinic) | said if path.startswith("grants") else said
    before, audited = await rows(clinic), await clinic.refusals()

    where = f"{INTAKE}/{path.format(**ids)}"
    if method == "put":
        answer = await clinic.administrator.put(where, said, version)
    else:
        answer = await clinic.administrator.post(where, said)

    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert (await rows(clinic), await clinic.refusals()) == (before, audited + 1)


@pytest.mark.parametrize("made_up", ["nonsense", "WyJ4IiwgIjBkZjY3ZGM4LWIwYTItNDYzOC05YTNlLWE3Yjc4ZjdlZDZlMiJd"])
async def test_a_made_up_place_in_the_work_list_is_refused(clinic: Any, made_up: str) -> None:
    answer = await clinic.supervisor.get(f"{INTAKE}/due", next=made_up)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-cursor")


async def test_the_clock_tells_days_and_codes_and_never_the_client_id(clinic: Any, grant_id: UUID) -> None:
    _, episode_id = await running(clinic, grant_id)
    answer = (await clinic.peer.get(f"{INTAKE}/episodes/{episode_id}/federal-points")).json()

    said = "".join(event["payload"] for event in await clinic.events())
    kept = await clinic.platform.fetch("select convert_from(body, 'UTF8') as said from intake.idempotency")

    assert answer["client_id"] not in said + "".join(row["said"] for row in kept)
    fields = {name for one in answer["items"] for fact in await told(clinic, one) for name in fact}
    assert fields <= {
        *("point_id", "participant_id", "episode_id", "grant_id", "tool", "point", "due_on", "opens_on", "closes_on"),
        *("first_service_on", "collected_on", "client_part", "entered_on", "cancelled"),
    }
