"""M11 to M14: each with its numerator, denominator and exclusions worked out by hand."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from common.contracts.codes import Dimension, Modality, Outcome, SessionStatus
from compliance_reporting.rules import Verdict

OPENED = date(2026, 1, 5)


async def test_m11_an_acknowledgement_counts_up_to_the_instant_of_the_first_service(books: Any) -> None:
    books.setting()
    in_time = books.episode(OPENED, voluntary_acknowledged_at=books.at("2026-01-06T10:00"))
    books.session("2026-01-06T10:00", episode_id=in_time)
    late = books.episode(OPENED, voluntary_acknowledged_at=books.at("2026-01-06T10:00:01"))
    books.session("2026-01-06T10:00", episode_id=late)
    never = books.episode(OPENED)
    no_service_yet = books.episode(OPENED, voluntary_acknowledged_at=books.at("2026-03-01T10:00"))

    result, units = await books.ask("M11")

    assert units == {in_time: True, late: False, never: False, no_service_yet: True}
    assert (result.numerator, result.denominator, result.percent, result.verdict) == (2, 4, 50.0, Verdict.WARN)


async def test_m11_crisis_services_voided_and_missed_ones_do_not_come_first(books: Any) -> None:
    books.setting()
    episode = books.episode(OPENED, voluntary_acknowledged_at=books.at("2026-01-10T10:00"))
    books.session("2026-01-05T10:00", episode_id=episode, modality=Modality.CRISIS_SUPPORT)
    books.session("2026-01-06T10:00", episode_id=episode, outcome=Outcome.CRISIS)
    books.session("2026-01-07T10:00", episode_id=episode, outcome=Outcome.NO_SHOW)
    books.session("2026-01-08T10:00", episode_id=episode, status=SessionStatus.VOIDED)
    books.session("2026-01-10T10:00", episode_id=episode)

    _, units = await books.ask("M11")

    assert units == {episode: True}


async def test_m11_leaves_out_single_contacts_and_other_periods(books: Any) -> None:
    books.setting()
    books.episode(OPENED, single_contact_outreach=True)
    books.episode(date(2025, 12, 31))
    books.episode(date(2026, 4, 1))
    first, last = books.episode(date(2026, 1, 1)), books.episode(date(2026, 3, 31))

    _, units = await books.ask("M11")

    assert units == {first: False, last: False}


async def test_m12_a_disclosure_needs_a_basis_that_held(books: Any) -> None:
    books.setting()
    consented = books.disclosure(books.at("2026-02-01T09:00"))
    emergency = books.disclosure(books.at("2026-02-02T09:00"), basis="medical_emergency")
    invalid = books.disclosure(books.at("2026-02-03T09:00"), basis_valid=False)
    unnamed = books.disclosure(books.at("2026-02-04T09:00"), consent_id=None)

    result, units = await books.ask("M12")

    assert units == {consented: True, emergency: True, invalid: False, unnamed: False}
    assert (result.verdict, result.required, result.by_program) == (Verdict.FAIL, True, [])


async def test_m12_periods_begin_and_end_at_the_agencys_midnight(books: Any) -> None:
    books.setting()
    books.disclosure(books.at("2025-12-31T23:59:59"))
    first = books.disclosure(books.at("2026-01-01T00:00:00"))
    last = books.disclosure(books.at("2026-03-31T23:59:59"))
    books.disclosure(books.at("2026-04-01T00:00:00"))

    result, units = await books.ask("M12")

    assert units == {first: True, last: True}
    assert result.verdict is Verdict.PASS


async def test_m13_a_plan_on_day_30_is_on_time_and_on_day_31_late(books: Any) -> None:
    books.setting()
    on_time, late, none = (books.episode(OPENED) for _ in range(3))  # day 30 is 4 February
    books.plan(on_time, books.at("2026-02-04T23:59:59"))
    books.plan(late, books.at("2026-02-05T00:00:00"))

    result, units = await books.ask("M13")

    assert units == {on_time: True, late: False, none: False}
    assert (result.numerator, result.denominator, result.percent) == (1, 3, 33.3)


async def test_m13_counts_episodes_that_reach_day_30_in_the_period_and_are_open_on_it(books: Any) -> None:
    books.setting()
    books.episode(date(2025, 12, 1))  # day 30: 31 December
    first = books.episode(date(2025, 12, 2))  # day 30: 1 January
    last = books.episode(date(2026, 3, 1))  # day 30: 31 March
    books.episode(date(2026, 3, 2))  # day 30: 1 April
    books.episode(OPENED, closed_on=OPENED + timedelta(days=29))
    closed_on_day_30 = books.episode(OPENED, closed_on=OPENED + timedelta(days=30))

    _, units = await books.ask("M13")

    assert set(units) == {first, last, closed_on_day_30}


async def test_m13_uses_the_programs_days_and_waits_for_them(books: Any) -> None:
    books.setting()
    quick = books.program(uuid4(), plan_deadline_days=7)
    soon = books.episode(date(2026, 3, 24), program_id=quick)  # day 7: 31 March
    books.plan(soon, books.at("2026-03-31T12:00"))
    unknown = books.episode(OPENED, program_id=uuid4())

    result, units = await books.ask("M13")

    assert units == {soon: True, unknown: None}
    assert (result.numerator, result.denominator, result.unevaluable) == (1, 1, 1)
    assert result.verdict is Verdict.NOT_EVALUABLE  # 1 or 2 of 2 against 90 %


async def test_m14_needs_every_dimension_and_one_goal_of_the_persons_own(books: Any) -> None:
    books.setting()
    episode = books.episode(OPENED)
    agreed = books.at("2026-01-10T10:00")
    own, staffs = books.goal("health", "participant"), books.goal("home", "staff")
    rest = [Dimension.PURPOSE, Dimension.COMMUNITY]
    whole = books.plan(episode, agreed, [own, staffs], declined_dimensions=rest)
    gap = books.plan(episode, agreed, [own, staffs], declined_dimensions=[Dimension.PURPOSE])
    not_theirs = books.plan(episode, agreed, [books.goal("health", "together"), staffs], declined_dimensions=rest)
    all_declined = books.plan(episode, agreed, [], declined_dimensions=list(Dimension))
    later = books.goal("home", "staff", active_from=date(2026, 4, 1))
    not_yet = books.plan(episode, agreed, [own, later], declined_dimensions=rest)
    reached = books.goal("home", "staff", active_to=date(2026, 1, 20))
    done = books.plan(episode, agreed, [own, reached], declined_dimensions=rest)

    result, units = await books.ask("M14")

    assert units == {
        whole: True, gap: False, not_theirs: False, all_declined: False, not_yet: False, done: True,
    }  # fmt: skip
    assert (result.numerator, result.denominator, result.percent) == (2, 6, 33.3)


async def test_m14_counts_plans_in_force_on_the_last_day(books: Any) -> None:
    books.setting()
    open_episode, closed = books.episode(OPENED), books.episode(OPENED, closed_on=date(2026, 3, 30))
    closed_that_day = books.episode(OPENED, closed_on=date(2026, 3, 31))
    agreed = books.at("2026-03-31T23:59:59")
    in_force = books.plan(open_episode, agreed)
    ended_that_day = books.plan(open_episode, agreed, in_force_to=date(2026, 3, 31))
    books.plan(open_episode, agreed, in_force_to=date(2026, 3, 30))
    books.plan(open_episode, books.at("2026-04-01T00:00"))
    books.plan(closed, agreed)
    of_closed_that_day = books.plan(closed_that_day, agreed)

    _, units = await books.ask("M14")

    assert set(units) == {in_force, ended_that_day, of_closed_that_day}


async def test_nothing_to_count_is_na(books: Any) -> None:
    books.setting()

    for measure_id in (
        "M01",
        "M11",
        "M12",
        "M13",
        "M14",
        "M16",
        "M17",
        "M18",
        "M21",
        "M22",
        "M30",
        "M31",
        "M32a",
        "M38a",
    ):
        result, units = await books.ask(measure_id)

        assert (result.numerator, result.denominator, result.percent) == (0, 0, None), measure_id
        assert (result.verdict, units) == (Verdict.NA, {}), measure_id
