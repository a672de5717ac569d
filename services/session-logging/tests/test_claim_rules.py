"""From sessions to claim lines, by hand for every method; limits, authorisations, months; and what always holds."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from common.contracts.codes import CredentialType, DeliveryMethod, Format, Location, Modality, UnitMethod
from common.contracts.session_codes import Review
from session_logging.rules.claims import Authorised, Bill, Claimed, bill
from session_logging.rules.contracts import Contract, Limit, ServiceLine, Window, units_of
from session_logging.rules.payable import Part, Stopped
from session_logging.rules.places import place_of_service
from session_logging.rules.windows import room

SPACE = UUID("6f1d0a34-0000-4000-8000-000000000000")
MAY_1 = date(2026, 5, 1)
LATER = date(2027, 12, 31)
METHODS = {"in_person": [], "telephone": ["93"], "video": ["95"]}


def some(name: str) -> UUID:
    return uuid5(SPACE, name)


def part(name: str, minutes: int = 45, day: date = MAY_1, **changed: Any) -> Part:
    whole = Part(
        session_id=some(name), person_id=some("ana"), coverage_id=some("coverage"), staff_id=some("sam"), day=day,
        minutes=minutes, code="H0038", format=Format.INDIVIDUAL, modality=Modality.ONE_ON_ONE_MENTORING,
        method=DeliveryMethod.IN_PERSON, activities=frozenset({"advocacy"}), place="11", signed=True, review=None,
        credential=CredentialType.CERTIFIED_PEER_SPECIALIST, flags=frozenset(), group_size=None, missing=False,
        clashes=False, consented=True,
        navigation=frozenset({"goal_setting"}), visited_on=MAY_1, agreed_on=MAY_1,
    )  # fmt: skip
    return replace(whole, **changed)


def contract(**changed: Any) -> Contract:
    whole: dict[str, Any] = {"code": "H0038", "methods": METHODS, "modifiers": ["HF"], "group_modifier": "HQ"}
    outer = {name: changed.pop(name) for name in list(changed) if name in Contract.model_fields}
    return Contract.model_validate({"lines": [whole | changed]} | outer)


def lines(made: Bill) -> list[tuple[str, Decimal, int]]:
    return [(one.key.code, one.units, one.minutes) for one in made.lines]


def stops(made: Bill) -> list[tuple[Stopped, Decimal]]:
    return [(one.reason, one.units) for one in made.stops]


def standing(made: Bill) -> list[Claimed]:
    return [Claimed(one.key, one.minutes, one.units, one.stopped) for one in made.lines]


# Written by hand: minutes, then midpoint, floor, exact, of 15; and midpoint of 30 and of 60.
UNITS = [
    (0, "0", "0", "0", "0", "0"),
    (7, "0", "0", "0.47", "0", "0"),
    (8, "1", "0", "0.53", "0", "0"),
    (15, "1", "1", "1", "0", "0"),
    (16, "1", "1", "1.07", "1", "0"),
    (22, "1", "1", "1.47", "1", "0"),
    (23, "2", "1", "1.53", "1", "0"),
    (30, "2", "2", "2", "1", "0"),
    (31, "2", "2", "2.07", "1", "1"),
    (37, "2", "2", "2.47", "1", "1"),
    (38, "3", "2", "2.53", "1", "1"),
    (45, "3", "3", "3", "1", "1"),
    (46, "3", "3", "3.07", "2", "1"),
    (60, "4", "4", "4", "2", "1"),
    (90, "6", "6", "6", "3", "1"),
    (91, "6", "6", "6.07", "3", "2"),
    (127, "8", "8", "8.47", "4", "2"),
]


@pytest.mark.parametrize(("minutes", "midpoint", "floor", "exact", "of_30", "of_60"), UNITS)
def test_units_by_hand(minutes: int, midpoint: str, floor: str, exact: str, of_30: str, of_60: str) -> None:
    assert units_of(minutes, UnitMethod.MIDPOINT_8, 15) == Decimal(midpoint)
    assert units_of(minutes, UnitMethod.FLOOR_15, 15) == Decimal(floor)
    assert units_of(minutes, UnitMethod.EXACT, 15) == Decimal(exact)
    assert units_of(minutes, UnitMethod.MIDPOINT_8, 30) == Decimal(of_30)
    assert units_of(minutes, UnitMethod.MIDPOINT_8, 60) == Decimal(of_60)


# A day of 20, 20 and 7 minutes with one worker: alone 1 + 1 + 0; together 47 minutes.
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("midpoint_8", ["1", "1"]),
        ("floor_15", ["1", "1"]),
        ("exact", ["1.33", "1.33", "0.47"]),
        ("daily_sum_midpoint_8", ["3"]),
        ("daily_sum_floor_15", ["3"]),
        ("daily_sum_exact", ["3.13"]),
    ],
)
def test_a_day_by_each_method(method: str, expected: list[str]) -> None:
    day = [part("a", 20), part("b", 20), part("c", 7)]

    made = bill(contract(unit_method=method, rate="12.50"), day, [], [], LATER)

    assert sorted(one.units for one in made.lines) == sorted(Decimal(units) for units in expected)
    assert [one.charge for one in made.lines] == [
        (one.units * Decimal("12.50")).quantize(Decimal("0.01"), ROUND_HALF_UP) for one in made.lines
    ]
    claimed = {served for one in made.lines for served in one.served}
    stopped = {served for one in made.stops for served in one.served}
    assert claimed | stopped == {(one.session_id, one.day) for one in day}
    assert not claimed & stopped


def test_what_comes_late_adds_only_what_the_day_then_owes() -> None:
    terms = contract(unit_method="daily_sum_midpoint_8")
    first = bill(terms, [part("a", 20)], [], [], LATER)  # 20 minutes: 1 unit

    # 20 + 3 = 23 minutes: 2 units, of which 1 was claimed.
    second = bill(terms, [part("b", 3)], standing(first), [], LATER)
    # 23 + 10 = 33 minutes: still 2.
    third = bill(terms, [part("c", 10)], standing(first) + standing(second), [], LATER)

    assert (lines(first), lines(second)) == ([("H0038", Decimal(1), 20)], [("H0038", Decimal(1), 3)])
    assert (lines(third), stops(third)) == ([], [(Stopped.NO_UNITS, Decimal(0))])


def test_sums_are_of_one_person_worker_code_and_modifiers_wherever_it_was() -> None:
    terms = contract(unit_method="daily_sum_floor_15")
    day = [
        part("a", 10), part("b", 10, place="12"), part("c", 10, staff_id=some("kim")),
        part("d", 10, person_id=some("ben")), part("e", 10, method=DeliveryMethod.TELEPHONE),
    ]  # fmt: skip

    made = bill(terms, day, [], [], LATER)

    assert [(one.units, one.minutes, one.key.modifiers) for one in made.lines] == [(Decimal(1), 20, ("HF",))]
    assert len(made.stops) == 3


@pytest.mark.parametrize(
    ("changed", "modifiers"),
    [
        ({}, ("HF",)),
        ({"format": Format.GROUP}, ("HF", "HQ")),
        ({"method": DeliveryMethod.TELEPHONE}, ("HF", "93")),
        ({"method": DeliveryMethod.VIDEO, "format": Format.GROUP}, ("HF", "HQ", "95")),
    ],
)
def test_modifiers_are_the_codes_the_groups_and_the_methods(changed: dict[str, Any], modifiers: tuple[str]) -> None:
    made = bill(contract(), [part("a", **changed)], [], [], LATER)

    assert [one.key.modifiers for one in made.lines] == [modifiers]


GROUNDS: list[tuple[dict[str, Any], dict[str, Any], Stopped]] = [
    ({"signed": False}, {}, Stopped.UNSIGNED),
    ({"review": Review.AWAITED}, {}, Stopped.AWAITING_COSIGNATURE),
    ({"code": "H0025"}, {}, Stopped.CODE_NOT_COVERED),
    ({"method": DeliveryMethod.TEXT}, {}, Stopped.METHOD_NOT_COVERED),
    ({}, {"modalities": ["group_facilitation"]}, Stopped.MODALITY_NOT_COVERED),
    ({"activities": frozenset({"transport"})}, {}, Stopped.ACTIVITY_NOT_COVERED),
    ({"credential": None}, {}, Stopped.NO_LIVE_CREDENTIAL),
    ({}, {"accepted_credentials": ["recovery_coach"]}, Stopped.CREDENTIAL_NOT_ACCEPTED),
    ({"flags": frozenset({"outside_employment"})}, {}, Stopped.OUTSIDE_EMPLOYMENT),
    ({"clashes": True}, {}, Stopped.OVERLAPS),
    ({"consented": False}, {}, Stopped.NO_CONSENT),
    ({"flags": frozenset({"group_above_limit"})}, {}, Stopped.GROUP_ABOVE_LIMIT),
    ({"group_size": 11}, {"group_max": 10}, Stopped.GROUP_ABOVE_LIMIT),
    ({"flags": frozenset({"late"})}, {"late_notes_stop": True}, Stopped.LATE_NOTE),
    ({"missing": True}, {}, Stopped.NOTE_INCOMPLETE),
    ({"minutes": 7}, {}, Stopped.NO_UNITS),
]


@pytest.mark.parametrize(("told", "terms", "reason"), GROUNDS)
def test_each_ground_stops_a_line_by_its_own_name(told: dict[str, Any], terms: dict[str, Any], reason: Stopped) -> None:
    made = bill(contract(**terms), [part("a", **told)], [], [], LATER)

    assert lines(made) == []
    assert [one.reason for one in made.stops] == [reason]


def test_what_is_no_ground_stops_nothing() -> None:
    told = [
        part("late", flags=frozenset({"late"})),
        part("with transport", activities=frozenset({"transport", "advocacy"})),
        part("cosigned", review=Review.COSIGNED),
        part("small group", group_size=10),
    ]

    made = bill(contract(group_max=10, incomplete_notes_stop=False), told, [], [], LATER)

    assert stops(made) == []
    assert len(made.lines) == 4


def test_the_first_line_of_a_contract_that_fits_is_taken() -> None:
    alone = {"code": "H0038", "format": "individual", "methods": METHODS}
    group = {"code": "H0025", "format": "group", "methods": METHODS}
    terms = Contract.model_validate({"lines": [alone, group]})
    told = [part("a", code=None), part("b", code=None, format=Format.GROUP), part("c", format=Format.GROUP)]

    made = bill(terms, told, [], [], LATER)

    assert {one.served[0][0]: one.key.code for one in made.lines} == {some("a"): "H0038", some("b"): "H0025"}
    assert [one.reason for one in made.stops] == [Stopped.CODE_NOT_COVERED]


def test_texas_104_units_in_any_six_months() -> None:
    limit = {"units": 104, "window": "rolling_months", "length": 6}
    # 17 sessions of 90 minutes (6 units) are 102; the 18th may bring 2 more, the 19th none.
    days = [MAY_1 + timedelta(days=7 * week) for week in range(19)]
    told = [part(str(day), 90, day) for day in days]

    made = bill(contract(limits=[limit]), told, [], [], LATER)

    assert [one.units for one in made.lines] == [Decimal(6)] * 17 + [Decimal(2)]
    assert stops(made) == [(Stopped.OVER_LIMIT, Decimal(4)), (Stopped.OVER_LIMIT, Decimal(6))]
    # On 1 November the six months of 1 May are over (2 May to 1 November): 6 units are free again.
    after = bill(contract(limits=[limit]), [part("x", 90, date(2026, 11, 1))], standing(made), [], LATER)
    assert [one.units for one in after.lines] == [Decimal(6)]


def test_a_session_told_late_pushes_no_later_window_over() -> None:
    limit = {"units": 4, "window": "rolling_days", "length": 7}
    first = bill(contract(limits=[limit]), [part("later", 60, date(2026, 5, 7))], [], [], LATER)  # 4 units

    made = bill(contract(limits=[limit]), [part("told late", 15, date(2026, 5, 2))], standing(first), [], LATER)

    assert (lines(made), stops(made)) == ([], [(Stopped.OVER_LIMIT, Decimal(1))])


def test_virginia_sixteen_units_a_day_and_3600_a_year() -> None:
    limits = [{"units": 16, "window": "day"}, {"units": 3600, "window": "calendar_year"}]
    told = [part("a", 200), part("b", 60, staff_id=some("kim"))]  # 13 + 4 units on one day

    made = bill(contract(limits=limits), told, [], [], LATER)

    assert sum(one.units for one in made.lines) == 16
    assert stops(made) == [(Stopped.OVER_LIMIT, Decimal(1))]
    yearly = Limit(units=Decimal(3600), window=Window.CALENDAR_YEAR)
    used = {date(2026, 1, 1) + timedelta(days=number): Decimal(16) for number in range(224)}  # 3,584
    assert room(yearly, date(2026, 12, 31), used) == 16
    assert room(yearly, date(2027, 1, 1), used) == 3600


def test_ohio_more_than_four_hours_a_day_need_an_authorisation() -> None:
    limits = [{"units": 16, "window": "day", "exceedable": True}]
    told = [part("a", 240), part("b", 60)]
    allowed = Authorised(some("auth"), some("ana"), "H0038", MAY_1, LATER, Decimal(3))

    without = bill(contract(limits=limits), told, [], [], LATER)
    within = bill(contract(limits=limits), told, [], [allowed], LATER)

    assert sum(one.units for one in without.lines) == 16
    assert stops(without) == [(Stopped.OVER_LIMIT, Decimal(4))]
    assert sum(one.units for one in within.lines) == 19
    assert stops(within) == [(Stopped.OVER_LIMIT, Decimal(1))]
    assert sum(one.units for one in within.lines if one.authorisation_id) == 3


def test_authorisations_are_used_up_in_order_of_service_the_first_to_end_first() -> None:
    terms = contract(needs_authorisation=True)
    allowed = [
        Authorised(some("long"), some("ana"), "H0038", MAY_1, LATER, Decimal(10)),
        Authorised(some("short"), some("ana"), "H0038", MAY_1, date(2026, 5, 31), Decimal(4)),
        Authorised(some("bens"), some("ben"), "H0038", MAY_1, LATER, Decimal(99)),
    ]
    told = [part("b", 60, date(2026, 5, 20)), part("a", 45, date(2026, 5, 10)), part("c", 120, date(2026, 6, 20))]

    made = bill(terms, told, [], allowed, LATER)

    assert [(one.key.day.isoformat(), one.units, one.authorisation_id) for one in made.lines] == [
        ("2026-05-10", Decimal(3), some("short")),
        ("2026-05-20", Decimal(1), some("short")),
        ("2026-05-20", Decimal(3), some("long")),
        ("2026-06-20", Decimal(7), some("long")),
    ]
    assert stops(made) == [(Stopped.NEEDS_AUTHORISATION, Decimal(1))]


def test_before_its_first_day_an_authorisation_allows_nothing() -> None:
    allowed = Authorised(some("auth"), some("ana"), "H0038", date(2026, 5, 2), LATER, Decimal(9))

    made = bill(contract(needs_authorisation=True), [part("a")], [], [allowed], LATER)

    assert stops(made) == [(Stopped.NEEDS_AUTHORISATION, Decimal(3))]


NAVIGATION = {
    "code": "G0140", "methods": METHODS, "modifiers": [],
    "monthly": {"first_minutes": 60, "next_code": "G0146", "next_minutes": 30, "next_rate": "49.00"}, "rate": "79.00",
}  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([59], []),
        ([60], [("G0140", 1)]),
        ([30, 59], [("G0140", 1)]),
        ([30, 60], [("G0140", 1), ("G0146", 1)]),
        ([60, 60, 60], [("G0140", 1), ("G0146", 4)]),
        ([100, 49], [("G0140", 1), ("G0146", 2)]),
    ],
)
def test_medicare_counts_whole_parts_of_a_month_and_rounds_nothing_up(
    minutes: list[int], expected: list[tuple[str, int]]
) -> None:
    told = [part(str(n), m, MAY_1 + timedelta(days=n), code="G0140") for n, m in enumerate(minutes)]

    made = bill(Contract.model_validate({"lines": [NAVIGATION]}), told, [], [], date(2026, 5, 31))

    assert [(one.key.code, int(one.units)) for one in made.lines] == expected
    assert sum(one.minutes for one in made.lines) == (sum(minutes) if expected else 0)
    if not expected:
        assert stops(made) == [(Stopped.BELOW_FIRST_PART, Decimal(0))]


def test_a_month_grows_by_what_comes_late_and_waits_until_it_is_over() -> None:
    terms = Contract.model_validate({"lines": [NAVIGATION]})
    told = [part("a", 70, code="G0140")]

    early = bill(terms, told, [], [], date(2026, 5, 30))
    first = bill(terms, told, [], [], date(2026, 5, 31))
    more = bill(terms, [part("b", 20, date(2026, 5, 9), code="G0140")], standing(first), [], date(2026, 6, 30))

    assert stops(early) == [(Stopped.MONTH_NOT_OVER, Decimal(0))]
    assert lines(first) == [("G0140", Decimal(1), 70)]
    assert lines(more) == [("G0146", Decimal(1), 20)]  # 90 minutes: the first hour and one half hour


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"visited_on": None}, Stopped.NO_INITIATING_VISIT),
        ({"visited_on": date(2026, 5, 2)}, Stopped.NO_INITIATING_VISIT),
        ({"agreed_on": None}, Stopped.NO_NAVIGATION_CONSENT),
        ({"navigation": frozenset()}, Stopped.NO_NAVIGATION_ELEMENT),
    ],
)
def test_navigation_needs_its_visit_its_consent_and_an_element(changed: dict[str, Any], reason: Stopped) -> None:
    told = [part("a", 70, code="G0140", **changed)]

    made = bill(Contract.model_validate({"lines": [NAVIGATION]}), told, [], [], LATER)

    assert [one.reason for one in made.stops] == [reason]


def test_a_code_without_time_of_its_own_needs_the_payers_minutes() -> None:
    with pytest.raises(ValidationError, match="say how many minutes"):
        ServiceLine.model_validate({"code": "T1012", "methods": METHODS})

    terms = contract(code="T1012", unit_minutes=60)
    made = bill(terms, [part("a", 90, code="T1012")], [], [], LATER)
    assert lines(made) == [("T1012", Decimal(1), 90)]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"modifiers": ["HF", "HF"]}, "stands once"),
        ({"modifiers": ["93"]}, "stands once"),
        ({"monthly": {"next_code": "H0038"}}, "a code of their own"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        contract(**changed)


def test_two_lines_for_the_same_sessions_are_refused() -> None:
    with pytest.raises(ValidationError, match="for the same sessions"):
        Contract.model_validate({"lines": [{"code": "H0038", "methods": METHODS}] * 2})


def test_a_half_is_rounded_upwards() -> None:
    assert units_of(1, UnitMethod.EXACT, 8) == Decimal("0.13")
    assert units_of(5, UnitMethod.EXACT, 8) == Decimal("0.63")


def test_what_was_over_a_limit_is_settled_and_does_not_come_back_on_another_line() -> None:
    terms = contract(unit_method="daily_sum_midpoint_8", limits=[{"units": 16, "window": "day", "exceedable": True}])
    allowed = Authorised(some("auth"), some("ana"), "H0038", MAY_1, LATER, Decimal(3))
    first = bill(terms, [part("a", 300)], [], [], LATER)  # 20 units due, 16 allowed

    second = bill(terms, [part("b", 5)], standing(first), [allowed], LATER)  # 305 minutes: still 20 units

    assert (lines(first), stops(first)) == ([("H0038", Decimal(16), 300)], [(Stopped.OVER_LIMIT, Decimal(4))])
    assert (lines(second), stops(second)) == ([], [(Stopped.NO_UNITS, Decimal(0))])


def test_a_day_at_two_places_is_claimed_at_that_of_the_longest() -> None:
    told = [part("a", 8, place="12"), part("b", 52, place="11")]

    made = bill(contract(unit_method="daily_sum_midpoint_8"), told, [], [], LATER)

    assert [one.key.place for one in made.lines] == ["11"]


def test_a_line_has_room_for_four_modifiers() -> None:
    with pytest.raises(ValidationError, match="four modifiers"):
        contract(modifiers=["HF", "U1", "U2"])


def test_by_telephone_the_place_is_where_the_person_was() -> None:
    assert place_of_service(Location.HOME, DeliveryMethod.IN_PERSON) == "12"
    assert place_of_service(Location.HOME, DeliveryMethod.TELEPHONE) == "10"
    assert place_of_service(None, DeliveryMethod.VIDEO) == "02"
    assert place_of_service(None, DeliveryMethod.IN_PERSON) == "99"


LIMITS = [
    {"units": 9, "window": "day"},
    {"units": 20, "window": "rolling_days", "length": 7},
    {"units": 30, "window": "calendar_month"},
    {"units": 50, "window": "rolling_months", "length": 2},
    {"units": 70, "window": "fiscal_year"},
]
TOLD = st.lists(st.tuples(st.integers(0, 120), st.integers(1, 300), st.integers(0, 1)), max_size=25)


def told_of(drawn: list[tuple[int, int, int]], start: int = 0) -> list[Part]:
    workers = (some("sam"), some("kim"))
    return [
        part(f"{start + number}", minutes, MAY_1 + timedelta(days=day), staff_id=workers[worker])
        for number, (day, minutes, worker) in enumerate(drawn)
    ]


@given(drawn=TOLD, limit=st.sampled_from(LIMITS), method=st.sampled_from(list(UnitMethod)), cut=st.integers(0, 25))
def test_no_window_ever_holds_more_than_its_limit(
    drawn: list[tuple[int, int, int]], limit: dict[str, Any], method: UnitMethod, cut: int
) -> None:
    terms = contract(limits=[limit], unit_method=method)
    first = bill(terms, told_of(drawn[:cut]), [], [], LATER)
    second = bill(terms, told_of(drawn[cut:], cut), standing(first), [], LATER)

    used: dict[date, Decimal] = {}
    for one in first.lines + second.lines:
        used[one.key.day] = used.get(one.key.day, Decimal(0)) + one.units
    rule = Limit.model_validate(limit)
    for first_day, last_day in windows(rule):
        assert sum(units for day, units in used.items() if first_day <= day <= last_day) <= rule.units


def windows(limit: Limit) -> list[tuple[date, date]]:
    """Every window of a limit over these days, written out without the code under test."""
    days = [MAY_1 + timedelta(days=number) for number in range(-1, 125)]
    match limit.window:
        case Window.DAY:
            return [(day, day) for day in days]
        case Window.ROLLING_DAYS:
            return [(day - timedelta(days=6), day) for day in days]
        case Window.CALENDAR_MONTH:
            return [(date(2026, month, 1), date(2026, month + 1, 1) - timedelta(days=1)) for month in range(4, 10)]
        case Window.ROLLING_MONTHS:
            back = [day.replace(day=1) - timedelta(days=40) for day in days]  # in the month two before
            last = [(b.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1) for b in back]
            same = [end.replace(day=min(day.day, end.day)) for day, end in zip(days, last, strict=True)]
            return [(one + timedelta(days=1), day) for one, day in zip(same, days, strict=True)]
        case _:
            return [(date(2025, 7, 1), date(2026, 6, 30)), (date(2026, 7, 1), date(2027, 6, 30))]


@given(drawn=TOLD, cut=st.integers(0, 25), method=st.sampled_from([m for m in UnitMethod if m.startswith("daily_sum")]))
def test_a_days_units_are_those_of_its_minutes_however_many_runs_it_took(
    drawn: list[tuple[int, int, int]], cut: int, method: UnitMethod
) -> None:
    terms = contract(unit_method=method)
    first = bill(terms, told_of(drawn[:cut]), [], [], LATER)
    left = [one for one in told_of(drawn[:cut]) if (one.session_id, one.day) not in served(first)]
    second = bill(terms, left + told_of(drawn[cut:], cut), standing(first), [], LATER)

    minutes: dict[tuple[date, UUID], int] = {}
    for one in told_of(drawn):
        minutes[one.day, one.staff_id] = minutes.get((one.day, one.staff_id), 0) + one.minutes
    claimed: dict[tuple[date, UUID | None], Decimal] = {}
    for line in first.lines + second.lines:
        claimed[line.key.day, line.key.staff_id] = (
            claimed.get((line.key.day, line.key.staff_id), Decimal(0)) + line.units
        )
    for key, total in minutes.items():
        assert claimed.get(key, Decimal(0)) == units_of(total, method, 15)


def served(made: Bill) -> set[tuple[UUID, date]]:
    return {one for line in made.lines for one in line.served}


@given(drawn=TOLD)
def test_every_session_is_claimed_or_stopped_and_the_order_changes_nothing(drawn: list[tuple[int, int, int]]) -> None:
    told = told_of(drawn)

    made = bill(contract(limits=LIMITS[:2]), told, [], [], LATER)
    again = bill(contract(limits=LIMITS[:2]), list(reversed(told)), [], [], LATER)

    stopped = {one for stop in made.stops for one in stop.served}
    assert served(made) | stopped == {(one.session_id, one.day) for one in told}
    assert (made.lines, made.stops) == (again.lines, again.stops)
