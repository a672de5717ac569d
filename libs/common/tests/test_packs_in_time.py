"""A record is judged by what was in force on its own day; of several packs by what is hardest to meet."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from common.contracts.workforce_codes import CertificateStage
from common.packs import FIRST, LAST, PACKS, Authority, Parameter, Rule, plain_value, rule_on, timeline
from common.packs.model import ADAPTERS, Confidence, Every, Interval
from common.packs.strictest import COMBINED, GREATER, SMALLER, strictest

P = Parameter
DAY = date(2026, 11, 2)
CHOICES = st.frozensets(st.sampled_from(sorted(PACKS)))
DAYS = st.dates(date(2015, 1, 1), date(2035, 1, 1))


def rule(parameter: Parameter, value: Any, authority: str = "STATE_REQ", **more: Any) -> Rule:
    said = {"parameter": parameter, "value": value, "guideline_id": "X", "citation": "X", "authority": authority}
    return Rule.model_validate(said | {"confidence": "source"} | more)


def of(*rules: Rule) -> Any:
    found = strictest(rules[0].parameter, rules)
    assert found is not None
    return plain_value(found)


# The day of a change


@pytest.mark.parametrize(
    ("pack", "parameter", "last_day", "before", "since"),
    [
        ("NC", P.CASELOAD_MAX, date(2019, 10, 31), 25, 15),
        ("WA", P.CE_HOURS, date(2025, 6, 30), None, 30),
        ("TX", P.GROUP_MAX, date(2018, 12, 31), 12, 12),
        ("SAMHSA-NMS-2023", P.CORE_TRAINING_HOURS, date(2023, 6, 5), None, 40),
        ("CA", P.CORE_TRAINING_HOURS, date(2022, 6, 30), None, 80),
    ],
)
def test_the_last_day_before_and_the_first_day_of_a_rule(
    pack: str, parameter: Parameter, last_day: date, before: object, since: object
) -> None:
    found = [rule_on([pack], parameter, day) for day in (last_day, last_day + timedelta(days=1))]

    assert [None if one is None else plain_value(one) for one in found] == [before, since]


@given(CHOICES, st.sampled_from(Parameter), DAYS)
def test_a_timeline_says_of_every_day_what_the_day_itself_says(packs: Any, parameter: Parameter, day: date) -> None:
    found = [one for since, until, one in timeline(packs, parameter) if since <= day <= until]

    assert found == [one for one in [rule_on(packs, parameter, day)] if one]


@given(CHOICES, st.sampled_from(Parameter))
def test_the_stretches_of_a_timeline_never_overlap(packs: Any, parameter: Parameter) -> None:
    stretches = timeline(packs, parameter)

    assert all(FIRST <= since <= until <= LAST for since, until, _ in stretches)
    assert all(one[1] < following[0] for one, following in pairwise(stretches))


SPELLS = st.tuples(DAYS, st.integers(0, 900)).map(lambda one: (one[0], one[0] + timedelta(days=one[1])))


@given(SPELLS, DAYS)
def test_both_days_of_a_rule_count_and_their_neighbours_do_not(spell: tuple[date, date], day: date) -> None:
    since, until = spell
    found = rule(P.CASELOAD_MAX, 15, effective_from=since, effective_to=until)

    assert found.in_force(day) == (day in {since + timedelta(days=n) for n in range((until - since).days + 1)})


# Of several packs the strictest


@given(CHOICES, st.sampled_from(sorted(GREATER | SMALLER)), DAYS)
def test_no_binding_number_is_harder_than_the_one_that_counts(packs: Any, parameter: Parameter, day: date) -> None:
    found = rule_on(packs, parameter, day)

    for one in (r for pack in packs for r in PACKS[pack].rules if r.parameter is parameter and r.in_force(day)):
        if one.authority.binds:
            assert found is not None
            assert found.value >= one.value if parameter in GREATER else found.value <= one.value


def test_each_topic_keeps_its_greatest_hours() -> None:
    found = rule_on(["CA", "ICRC-PR", "WA"], P.CE_TOPICS, DAY)

    assert found is not None
    assert plain_value(found) == {"law_and_ethics": 6, "ethics": 6, "peer_specific": 14}
    assert (found.authority, found.is_required) == (Authority.CERT_REQ, True)
    assert all(words in found.citation for words in ("Medi-Cal", "IC&RC", "WAC 246-929"))


@pytest.mark.parametrize("day", [date(2026, 12, 31), date(2027, 1, 1)])
def test_only_a_credential_that_every_pack_accepts_counts(day: date) -> None:
    found = rule_on(["WA", "CA"], P.ACCEPTED_CREDENTIALS, day)

    assert found is not None
    assert plain_value(found) == [{"credential_type": "certified_peer_specialist", "to": None}]


def test_packs_that_accept_nothing_in_common_accept_nothing() -> None:
    kinds = ("peer_counselor", "recovery_coach")
    rules = [rule(P.ACCEPTED_CREDENTIALS, [{"credential_type": kind}]) for kind in kinds]

    assert of(*rules) == []


def test_a_credential_counts_to_the_earlier_last_day() -> None:
    kinds = [{"credential_type": "peer_counselor", "to": day} for day in (None, "2026-12-31", "2027-06-30")]

    assert of(*(rule(P.ACCEPTED_CREDENTIALS, [kind]) for kind in kinds)) == [kinds[1]]


def test_only_modes_that_every_pack_takes_are_left() -> None:
    some = rule(P.SUPERVISION_MODES, ["face_to_face", "video"]), rule(P.SUPERVISION_MODES, ["video", "telephone"])

    assert of(*some) == ["video"]


def test_every_limit_of_units_holds_at_once() -> None:
    found = rule_on(["NJ", "TX"], P.UNIT_LIMITS, DAY)

    assert found is not None
    assert [one["units"] for one in plain_value(found)] == [16, 104]
    assert found.confidence is Confidence.RECHECK


def test_dc_beside_texas_is_weekly_for_everybody() -> None:
    assert rule_on(["DC", "TX"], P.SUPERVISION_INTERVAL, DAY) == rule_on(["DC"], P.SUPERVISION_INTERVAL, DAY)


@pytest.mark.parametrize(("days", "shorter"), [(30, 30), (31, None), (60, None)])
def test_thirty_days_are_shorter_than_a_calendar_month(days: int, shorter: int | None) -> None:
    lists = [{"every": "calendar_month"}], [{"every": "days", "days": days}]

    assert of(*(rule(P.SUPERVISION_INTERVAL, lines) for lines in lists))[0]["days"] == shorter


LINE = st.builds(
    Interval,
    stage=st.sampled_from([None, CertificateStage.INITIAL]),
    employed_under_days=st.sampled_from([None, 90, 180]),
    every=st.just(Every.DAYS),
    days=st.sampled_from([7, 14, 30]),
)
LINES = st.lists(LINE, min_size=1, max_size=3)


def interval_of(lines: Sequence[Interval], stage: CertificateStage, days_employed: int) -> int | None:
    for line in lines:
        new = line.employed_under_days is None or days_employed < line.employed_under_days
        if new and line.stage in (None, stage):
            return line.days
    return None


@given(LINES, LINES, st.sampled_from(CertificateStage), st.integers(0, 365))
def test_a_worker_has_the_shorter_of_the_intervals_that_fit(
    one: list[Interval], other: list[Interval], stage: CertificateStage, days: int
) -> None:
    both = strictest(P.SUPERVISION_INTERVAL, [rule(P.SUPERVISION_INTERVAL, lines) for lines in (one, other)])

    fitting = [found for lines in (one, other) if (found := interval_of(lines, stage, days)) is not None]
    assert both is not None
    assert interval_of(both.value, stage, days) == min(fitting, default=None)


def test_a_rule_beside_which_nothing_more_is_asked_keeps_its_own_source() -> None:
    confirmed, doubtful = rule(P.CE_TOPICS, {"ethics": 6}), rule(P.CE_TOPICS, {"ethics": 4}, confidence="recheck")

    assert strictest(P.CE_TOPICS, [doubtful, confirmed]) is confirmed


def test_what_is_put_together_with_a_doubtful_rule_is_required_of_nobody() -> None:
    rules = [rule(P.CE_TOPICS, {"ethics": 6}), rule(P.CE_TOPICS, {"advocacy": 4}, confidence="recheck")]

    found = strictest(P.CE_TOPICS, rules)

    assert found is not None
    assert not found.is_required


@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_numbers_the_confirmed_one_is_named(order: int) -> None:
    rules = [rule(P.CASELOAD_MAX, 15), rule(P.CASELOAD_MAX, 15, confidence="recheck")][::order]

    found = strictest(P.CASELOAD_MAX, rules)

    assert found is not None
    assert found.is_required


@pytest.mark.parametrize("parameter", Parameter)
def test_every_parameter_says_what_is_strictest_and_none_fails_where_no_pack_has_it(parameter: Parameter) -> None:
    assert parameter in GREATER | SMALLER | COMBINED.keys() | {P.SUPERVISOR_ROUTES}
    assert parameter in ADAPTERS
    assert strictest(parameter, []) is None
    for pack in PACKS:
        said = {one.parameter for one in (*PACKS[pack].rules, *PACKS["HANDRAIL-DEFAULT"].rules)}
        assert parameter in said or rule_on([pack], parameter, DAY) is None


# Values as others read them


def numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for one in value.values() for each in numbers(one)]
    if isinstance(value, list):
        return [each for one in value for each in numbers(one)]
    return [value]


@pytest.mark.parametrize("pack", PACKS.values(), ids=lambda pack: pack.id)
def test_a_number_is_a_number_whatever_it_counts(pack: Any) -> None:
    for one in pack.rules:
        assert not [each for each in numbers(plain_value(one)) if isinstance(each, str) and each[:1].isdigit()]


def test_half_an_hour_is_kept() -> None:
    found = rule(P.CE_HOURS, "7.5")

    assert (found.value, plain_value(found)) == (Decimal("7.5"), 7.5)


@pytest.mark.parametrize("said", [{}, {"parameter": "ce_hours"}, {"value": 3}, [], "ce_hours"])
def test_a_rule_without_its_parameter_or_value_is_refused_as_invalid(said: object) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(said)
