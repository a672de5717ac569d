"""M30, M31, M32 and M38: whom the program reached and what changed, worked out by hand."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.codes import Activity, AgeBand, CloseReason, Outcome, Sex
from compliance_reporting.guidelines.reach import SUPPORTS
from compliance_reporting.rules import Verdict

BASELINE = date(2025, 11, 1)


def _extras(result: Any) -> dict[tuple[str, ...], float]:
    names = ("support", "age_band", "sex")
    return {
        (extra.name, *(extra.grouping[name] for name in names if name in extra.grouping)): extra.value
        for extra in result.extras
    }


def test_every_activity_belongs_to_one_support_type() -> None:
    placed = [activity for activities in SUPPORTS.values() for activity in activities]

    assert sorted(placed) == sorted(Activity)


async def test_m30_counts_each_person_once_in_each_support_type(books: Any) -> None:
    books.setting()
    ann, bob = books.participant(), books.participant(sex=Sex.MALE, age_band=AgeBand.FROM_65)
    unknown = uuid4()
    books.session("2026-01-10T10:00", participant_id=ann, activities=[Activity.TRANSPORT, Activity.ACCOMPANIMENT])
    books.session("2026-01-11T10:00", participant_id=ann, activities=[Activity.TRANSPORT])
    books.session("2026-01-12T10:00", participant_id=bob, activities=[Activity.RECOVERY_PLANNING, Activity.TRANSPORT])
    books.session("2026-01-13T10:00", participant_id=unknown, activities=[])
    books.session("2026-01-14T10:00", participant_id=uuid4(), outcome=Outcome.NO_SHOW)

    result, units = await books.ask("M30")

    assert units == {ann: True, bob: True, unknown: False}
    assert (result.numerator, result.denominator, result.percent, result.verdict) == (2, 3, 66.7, Verdict.NA)
    assert _extras(result) == {
        ("persons", "transport_and_accompaniment"): 2,
        ("persons", "recovery_planning"): 1,
        ("percent_of_persons_served", "transport_and_accompaniment"): 66.7,
        ("percent_of_persons_served", "recovery_planning"): 33.3,
        ("persons", "transport_and_accompaniment", "25-34", "female"): 1,
        ("persons", "transport_and_accompaniment", "65+", "male"): 1,
        ("persons", "recovery_planning", "65+", "male"): 1,
    }


async def test_m30_a_person_of_two_programs_counts_once_in_each_and_once_in_all(books: Any) -> None:
    books.setting()
    other, person = books.program(uuid4()), uuid4()
    books.session("2026-01-10T10:00", participant_id=person)
    books.session("2026-01-11T10:00", participant_id=person, program_id=other, activities=[])

    result, _ = await books.ask("M30")

    assert (result.numerator, result.denominator) == (1, 1)
    assert {one.program_id: (one.numerator, one.denominator) for one in result.by_program} == {
        books.program_id: (1, 1),
        other: (0, 1),
    }


def _pair(books: Any, days: int, before: dict[str, Any], after: dict[str, Any], **episode: Any) -> UUID:
    """A person with a baseline on 1 November and a follow-up so many days later."""
    person: UUID = uuid4()
    one = books.episode(BASELINE, participant_id=person, **episode)
    books.assessment(one, person, "baseline", BASELINE, **before)
    books.assessment(one, person, "follow_up", BASELINE + timedelta(days=days), **after)
    return person


async def test_m31_pairs_a_baseline_with_the_latest_follow_up_in_a_window(books: Any) -> None:
    books.setting()
    use = {"use_days_30": 15}
    abstinent = _pair(books, 75, use, {"use_days_30": 0})  # 15 January
    reduced = _pair(books, 105, use, {"use_days_30": 6})  # 14 February
    already = _pair(books, 90, {"use_days_30": 0}, {"use_days_30": 0})
    _pair(books, 74, use, {"use_days_30": 0})
    _pair(books, 106, use, {"use_days_30": 0})
    _pair(books, 149, use, {"use_days_30": 0})  # 30 March
    closeout = _pair(books, 80, use, {"use_days_30": 0})
    one = books.episode(BASELINE, participant_id=closeout)
    books.assessment(one, closeout, "baseline", BASELINE, use_days_30=30)
    books.assessment(one, closeout, "closeout", BASELINE + timedelta(days=150), use_days_30=3)  # 31 March: the latest
    _pair(books, 90, {}, {"use_days_30": 0})
    _pair(books, 90, use, {})

    result, units = await books.ask("M31")

    assert units == {abstinent: True, reduced: False, already: True, closeout: False}
    assert (result.numerator, result.denominator, result.percent, result.verdict) == (2, 4, 50.0, Verdict.PASS)
    # Changes -15, -9, 0 and -27; days abstinent at baseline 15, 15, 30 and 0 of 30, at follow-up 30, 24, 30 and 27.
    assert _extras(result) == {
        ("paired",): 4,
        ("lost",): 0,
        ("at_baseline",): 1,
        ("mean_change_in_use_days",): -12.8,  # -12.75
        ("mean_percent_days_abstinent_at_baseline",): 50.0,
        ("mean_percent_days_abstinent_at_follow_up",): 92.5,
    }


async def test_m31_counts_a_pair_in_the_period_of_its_follow_up(books: Any) -> None:
    books.setting()
    person = _pair(books, 90, {"use_days_30": 5}, {"use_days_30": 0})  # 30 January

    _, before = await books.ask("M31", date(2025, 10, 1), date(2025, 12, 31))
    _, during = await books.ask("M31", date(2026, 1, 30), date(2026, 1, 30))
    _, after = await books.ask("M31", date(2026, 4, 1), date(2026, 6, 30))

    assert (before, during, after) == ({}, {person: True}, {})


async def test_m31_people_whose_last_window_closed_without_an_answer_are_lost(books: Any) -> None:
    books.setting()
    day_210 = BASELINE + timedelta(days=210)  # 30 May
    lost = _pair(books, 60, {"use_days_30": 5}, {"use_days_30": 0})
    _pair(books, 60, {"use_days_30": 5}, {}, closed_on=day_210, close_reason=CloseReason.DECEASED, deceased_on=day_210)
    died_later = _pair(books, 60, {"use_days_30": 5}, {}, deceased_on=day_210 + timedelta(days=1))

    result, units = await books.ask("M31", date(2026, 4, 1), date(2026, 6, 30))
    _, earlier = await books.ask("M31")

    assert units == {lost: None, died_later: None}
    assert (result.denominator, result.unevaluable, result.verdict) == (0, 2, Verdict.NA)
    assert _extras(result)[("lost",)] == 2
    assert earlier == {}


@pytest.mark.parametrize(
    ("measure_id", "met", "not_met"),
    [
        ("M32a", {"employment": "part_time"}, {"employment": "unemployed", "in_education": False}),
        ("M32a", {"employment": "not_in_labor_force", "in_education": True}, {"employment": "not_in_labor_force"}),
        ("M32a", {"in_education": True}, {"in_education": False}),
        ("M32b", {"housing": "dependent"}, {"housing": "homeless"}),
        ("M32b", {"housing": "independent"}, {"housing": "homeless"}),
        ("M32c", {"arrests_30": 0}, {"arrests_30": 1}),
    ],
)
async def test_m32_holds_each_state_against_the_baseline(books: Any, measure_id: str, met: Any, not_met: Any) -> None:
    books.setting()
    kept, lost_it = _pair(books, 90, met, met), _pair(books, 90, met, not_met)
    _pair(books, 90, met, {})

    worse, units = await books.ask(measure_id)
    won = _pair(books, 90, not_met, met)
    as_before, _ = await books.ask(measure_id)

    assert units == {kept: True, lost_it: False}
    assert (worse.numerator, worse.denominator, _extras(worse)[("at_baseline",)]) == (1, 2, 2)
    assert worse.verdict is Verdict.WARN
    assert won
    assert (as_before.numerator, as_before.denominator, as_before.verdict) == (2, 3, Verdict.PASS)


async def test_m38_counts_contacts_to_the_day(books: Any) -> None:
    books.setting()
    opened = date(2026, 1, 1)

    def episode(*days: int, **more: Any) -> UUID:
        one: UUID = books.episode(more.pop("opened_on", opened), **more)
        for day in days:
            books.session(f"{opened + timedelta(days=day)}T10:00", episode_id=one)
        return one

    engaged, one_late, retained = episode(0, 1, 29), episode(0, 1, 30), episode(0, 30, 60)
    last_days, gap = episode(29, 59, 89), episode(0, 29, 60)
    closed = episode(0, closed_on=date(2026, 1, 2))
    died = episode(0, deceased_on=date(2026, 1, 30))  # day 30
    died_after = episode(0, deceased_on=date(2026, 1, 31))

    _, in_30_days = await books.ask("M38a")
    _, in_90_days = await books.ask("M38b", QUARTER_START, date(2026, 4, 1))
    _, too_soon = await books.ask("M38b", QUARTER_START, date(2026, 3, 31))

    assert in_30_days == {
        engaged: True, one_late: False, retained: False, last_days: False, gap: False, closed: False,
        died_after: False,
    }  # fmt: skip
    assert in_90_days == {
        engaged: False, one_late: False, retained: True, last_days: True, gap: False, closed: False,
    }  # fmt: skip
    assert died not in in_30_days
    assert too_soon == {}


QUARTER_START = date(2026, 1, 1)
EPISODE = st.tuples(
    st.integers(0, 120),  # day it opened
    st.lists(st.tuples(st.integers(-5, 120), st.booleans()), max_size=8),  # contacts: day of the episode, delivered
    st.none() | st.integers(0, 120),  # day of the episode on which the person died
)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 120),
            st.lists(st.tuples(st.integers(-5, 120), st.booleans()), max_size=8),
            st.none() | st.integers(0, 120),
        ),
        max_size=6,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_m38_agrees_with_counting_one_by_one(many_books: Any, drawn: Any) -> None:
    books = many_books()
    books.agency()
    end, expected = date(2026, 4, 30), ({}, {})
    for offset, contacts, died_after in drawn:
        opened = QUARTER_START + timedelta(days=offset)
        died_on = None if died_after is None else opened + timedelta(days=died_after)
        episode = books.episode(opened, deceased_on=died_on)
        held = []
        for day, delivered in contacts:
            outcome = Outcome.COMPLETED if delivered else Outcome.NO_SHOW
            books.session(f"{opened + timedelta(days=day)}T10:00", episode_id=episode, outcome=outcome)
            held += [day] if delivered else []
        if (end - opened).days >= 30 and (died_after is None or died_after >= 30):
            expected[0][episode] = sum(0 <= day < 30 for day in held) >= 3
        if (end - opened).days >= 90 and (died_after is None or died_after >= 90):
            expected[1][episode] = {day // 30 for day in held if 0 <= day < 90} == {0, 1, 2}

    a, first = await books.ask("M38a", QUARTER_START, end)
    b, second = await books.ask("M38b", QUARTER_START, end)

    assert (first, second) == expected
    assert (a.numerator, b.numerator) == (sum(expected[0].values()), sum(expected[1].values()))
