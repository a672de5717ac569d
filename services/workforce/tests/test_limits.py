"""How many a supervisor supervises and a peer accompanies, beside what packs allow; and going beyond knowingly."""

import asyncio
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import packs
from common.packs import Parameter
from handrail.testing import Caller, Platform, add_staff, open_agency
from workforce.rules.limits import Supervised, caseload_on, span_on, worst_span
from workforce.rules.standing import Stood

W = "/api/workforce/v1"
DAY = date(2026, 6, 15)
EVER = date(2020, 1, 1)


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def under(*packs: str, since: date = EVER) -> list[Stood]:
    return [Stood(one, since, None) for one in packs]


# --- rules


def test_dcs_limit_is_seven_and_confirmed() -> None:
    seven = [Supervised(Decimal("0.5"), EVER, None, under("DC"))] * 14

    at, beyond = span_on(seven, DAY), span_on([*seven, Supervised(Decimal("0.01"), EVER, None, under("DC"))], DAY)

    assert (at.carried, at.is_beyond, at.is_forbidden) == (Decimal(7), False, False)
    assert (beyond.carried, beyond.is_beyond, beyond.is_forbidden) == (Decimal("7.01"), True, True)


def test_what_is_not_confirmed_forbids_nothing() -> None:
    nine = [Supervised(Decimal(1), EVER, None, under("NC"))] * 9

    span = span_on(nine, DAY)

    assert (span.is_beyond, span.is_forbidden) == (True, False)
    assert caseload_on(under("NC"), 16, DAY).is_beyond
    assert not caseload_on(under("NC"), 16, DAY).is_forbidden


def test_without_a_pack_no_span_and_the_default_caseload() -> None:
    assert span_on([Supervised(Decimal(1), EVER, None)] * 40, DAY).rule is None
    assert [caseload_on([], people, DAY).is_beyond for people in (25, 26)] == [False, True]


def test_of_several_workers_limits_the_smallest_counts() -> None:
    mixed = [Supervised(Decimal(1), EVER, None, under("NC"))] * 7 + [Supervised(Decimal(1), EVER, None, under("DC"))]

    assert span_on(mixed, DAY).is_forbidden


def ruled(monkeypatch: pytest.MonkeyPatch, pack_id: str, **more: Any) -> None:
    """Let a pack limit spans otherwise than it does, for one test."""
    pack = packs.PACKS[pack_id]
    rules = tuple(
        rule.model_copy(update=more) if rule.parameter is Parameter.SUPERVISOR_SPAN_FTE else rule for rule in pack.rules
    )
    changed = {**packs.PACKS, pack_id: pack.model_copy(update={"rules": rules})}
    monkeypatch.setattr(packs, "PACKS", changed)
    packs.timeline.cache_clear()


@pytest.fixture(autouse=True)
def _as_shipped() -> Iterator[None]:
    yield
    packs.timeline.cache_clear()


def test_a_smaller_limit_that_is_not_confirmed_hides_no_confirmed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ruled(monkeypatch, "NC", value=Decimal(6))
    eight = [Supervised(Decimal(1), EVER, None, under("NC"))] * 4 + [
        Supervised(Decimal(1), EVER, None, under("DC"))
    ] * 4

    span = span_on(eight, DAY)

    assert span.rule is not None
    assert (span.rule.value, span.is_forbidden) == (Decimal(6), True)


def test_a_rule_that_begins_later_is_met_on_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    ruled(monkeypatch, "DC", effective_from=date(2026, 9, 1))
    eight = [Supervised(Decimal(1), EVER, None, under("DC"))] * 8

    assert worst_span(eight, DAY, None).is_forbidden
    assert not worst_span(eight, DAY, date(2026, 8, 31)).is_forbidden


spells = st.builds(
    lambda fte, start, length, dc, chosen: Supervised(
        Decimal(fte) / 4,
        DAY + timedelta(days=start),
        None if length is None else DAY + timedelta(days=start + length),
        under("DC", since=DAY + timedelta(days=chosen)) if dc else (),
    ),
    st.integers(1, 12),
    st.integers(-10, 20),
    st.none() | st.integers(0, 15),
    st.booleans(),
    st.integers(-5, 20),
)


@given(st.lists(spells, max_size=6), st.integers(-5, 10), st.none() | st.integers(0, 20))
def test_the_worst_span_is_forbidden_exactly_if_some_days_is(
    supervised: list[Supervised], start: int, length: int | None
) -> None:
    since = DAY + timedelta(days=start)
    until = None if length is None else since + timedelta(days=length)
    every_day = [since + timedelta(days=offset) for offset in range(60 if length is None else length + 1)]

    assert worst_span(supervised, since, until).is_forbidden == any(
        span_on(supervised, day).is_forbidden for day in every_day
    )


# --- over HTTP


async def staff(administrator: Caller, *roles: str, fte: str = "1") -> str:
    email = f"canary-{uuid.uuid4().hex}@a.test"
    body = {"name": "Sam", "email": email, "roles": list(roles), "employed_from": "2020-01-01", "fte": fte}
    return str(await administrator.created(f"{W}/staff", body))


async def program_under(administrator: Caller, pack: str, *staff_ids: str) -> None:
    program = await administrator.created(f"{W}/programs", {"name": "P", "opened_on": "2025-01-01"})
    choice = {"pack_id": pack, "valid_from": "2026-01-01"}
    await administrator.created(f"{W}/programs/{program}/packs", choice)
    for one in staff_ids:
        placed = {"program_id": str(program), "role": "peer", "fte": "1", "valid_from": "2026-01-01"}
        await administrator.created(f"{W}/staff/{one}/placements", placed)


async def assigned(administrator: Caller, supervisor: str, worker: str, **more: Any) -> Any:
    body = {"staff_id": worker, "supervisor_id": supervisor, "valid_from": "2026-01-01"} | more
    return await administrator.post(f"{W}/supervisor-assignments", body)


async def test_an_eighth_under_dc_is_refused_and_goes_on_knowingly(platform: Platform, administrator: Caller) -> None:
    supervisor = await staff(administrator, "supervisor")
    peers = [await staff(administrator, "peer") for _ in range(8)]
    await program_under(administrator, "DC", *peers)
    for one in peers[:7]:
        assert (await assigned(administrator, supervisor, one)).status_code == 201

    refused = await assigned(administrator, supervisor, peers[7])
    half = await assigned(administrator, supervisor, peers[7], valid_from="2025-01-01", valid_to="2025-12-31")
    knowingly = await assigned(administrator, supervisor, peers[7], beyond_span=True)

    assert kind(refused) == (409, "span-exceeded")
    assert "8" in refused.json()["detail"]
    assert half.status_code == 201  # before the pack was chosen
    assert knowingly.status_code == 201
    shown = {one["staff_id"]: one for one in (await administrator.get(f"{W}/limits")).json()["items"]}
    span = shown[supervisor]["span"]
    assert (float(span["carried"]), float(span["most"]), span["beyond"]) == (8, 7, True)
    assert span["certainty"]["en"].startswith("Required")
    said = (
        "select detail ->> 'beyond_span' from workforce.audit where action = 'supervisor.assign' and subject_id = :id"
    )
    await platform.eventually(said, "true", id=uuid.UUID(knowingly.json()["id"]))


async def test_a_part_time_worker_counts_in_part(administrator: Caller) -> None:
    supervisor = await staff(administrator, "supervisor")
    worker = await staff(administrator, "peer", fte="0.5")
    await assigned(administrator, supervisor, worker, fte="0.5")

    shown = {one["staff_id"]: one for one in (await administrator.get(f"{W}/limits")).json()["items"]}

    assert float(shown[supervisor]["span"]["carried"]) == 0.25
    assert (shown[supervisor]["span"]["most"], shown[supervisor]["caseload"]) == (None, None)
    assert (float(shown[worker]["caseload"]["carried"]), float(shown[worker]["caseload"]["most"])) == (0, 25)
    assert shown[worker]["caseload"]["certainty"]["en"] == "A default of Handrail, not a rule."


async def test_two_at_once_cannot_both_be_the_last_that_fits(administrator: Caller) -> None:
    supervisor = await staff(administrator, "supervisor")
    peers = [await staff(administrator, "peer") for _ in range(8)]
    await program_under(administrator, "DC", *peers)
    for one in peers[:6]:
        await assigned(administrator, supervisor, one)

    answers = await asyncio.gather(*(assigned(administrator, supervisor, one) for one in peers[6:]))

    assert sorted(answer.status_code for answer in answers) == [201, 409]


@pytest.mark.parametrize(("role", "status"), [("peer", 403), ("auditor", 200), ("supervisor", 200)])
async def test_who_oversees_reads_limits(administrator: Caller, role: str, status: int) -> None:
    caller = await add_staff(administrator, role)

    answer = await caller.get(f"{W}/limits")

    assert answer.status_code == status
    if role == "supervisor":
        assert [one["staff_id"] for one in answer.json()["items"]] == [str(caller.staff_id)]


async def test_another_agency_sees_nobody(platform: Platform, administrator: Caller) -> None:
    await staff(administrator, "peer")
    stranger = await open_agency(administrator.http, platform)

    assert (await stranger.get(f"{W}/limits")).json()["items"] == []
