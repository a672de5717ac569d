"""Packs: what counts on a day, whoever asks and in whatever order; every value that ships, by hand."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from common.contracts.codes import CredentialType
from common.packs import DEFAULT_PACK, PACKS, Authority, Parameter, Rule, plain_value, rule_on
from common.packs.model import Confidence
from common.packs.strictest import COMBINED

DAY = date(2026, 11, 2)
P = Parameter


def value(packs: list[str], parameter: Parameter, day: date = DAY) -> Any:
    rule = rule_on(packs, parameter, day)
    return None if rule is None else plain_value(rule)


@pytest.mark.parametrize(
    ("packs", "parameter", "expected"),
    [
        ([], P.SUPERVISION_MINUTES, 30),
        ([], P.CASELOAD_MAX, 25),
        ([], P.SUPERVISOR_SPAN_FTE, None),
        ([], P.CORE_TRAINING_HOURS, None),
        (["SAMHSA-NMS-2023"], P.CORE_TRAINING_HOURS, 40),
        (["SAMHSA-NMS-2023"], P.WORK_HOURS, None),  # SAMHSA's 120 is information, never a floor
        (["SAMHSA-NMS-2023"], P.WORK_HOURS_INFORMATION, 120),
        (["SAMHSA-NMS-2023"], P.CE_HOURS, None),  # and it names no hours of continuing education
        (["ICRC-PR"], P.CORE_TRAINING_HOURS, 46),
        (["ICRC-PR"], P.WORK_HOURS, 500),
        (["ICRC-PR"], P.CE_TOPICS, {"ethics": 6}),
        (["CA"], P.CORE_TRAINING_HOURS, 80),
        (["CA"], P.CE_TOPICS, {"law_and_ethics": 6}),
        (["WA"], P.CE_HOURS, 30),
        (["WA"], P.CE_TOPICS, {"peer_specific": 14, "law_and_ethics": 2}),
        (["NC"], P.CASELOAD_MAX, 15),
        (["NC"], P.SUPERVISOR_SPAN_FTE, 8),
        (["NC"], P.UNIT_LIMITS, None),  # ended with 2024
        (["DC"], P.SUPERVISOR_SPAN_FTE, 7),
        (["DC"], P.SUPERVISION_MINUTES, 60),
        (["DC"], P.SUPERVISION_MODES, ["face_to_face"]),
        ([], P.SUPERVISION_MODES, None),
        (["CA"], P.ACCEPTED_CREDENTIALS, [{"credential_type": "certified_peer_specialist", "to": None}]),
        (["TX"], P.GROUP_MAX, 12),
        (["VA"], P.GROUP_MAX, 10),
        (["TX", "VA"], P.GROUP_MAX, 10),
        (["NC", "DC"], P.SUPERVISOR_SPAN_FTE, 7),
        (["CA", "ICRC-PR"], P.CORE_TRAINING_HOURS, 80),
        (["no such pack"], P.CASELOAD_MAX, 25),
    ],
)
def test_what_counts(packs: list[str], parameter: Parameter, expected: object) -> None:
    assert value(packs, parameter) == expected


def test_a_certifying_body_outweighs_guidance_even_where_it_asks_for_less() -> None:
    for packs in (["SAMHSA-NMS-2023", "ICRC-PR"], ["ICRC-PR", "SAMHSA-NMS-2023"]):
        rule = rule_on(packs, P.CORE_TRAINING_HOURS, DAY)
        assert rule is not None
        assert (rule.authority, rule.value) == (Authority.CERT_REQ, Decimal(46))


@pytest.mark.parametrize(("day", "counselor_counts"), [(date(2026, 12, 31), True), (date(2027, 1, 1), False)])
def test_washingtons_old_credential_counts_to_the_end_of_2026(day: date, counselor_counts: bool) -> None:
    rule = rule_on(["WA"], P.ACCEPTED_CREDENTIALS, day)

    assert rule is not None
    accepted = {one.credential_type for one in rule.value if one.to is None or day <= one.to}
    assert (CredentialType.PEER_COUNSELOR in accepted) is counselor_counts
    assert CredentialType.CERTIFIED_PEER_SPECIALIST in accepted


@pytest.mark.parametrize(("day", "guideline"), [(date(2026, 12, 31), "WA-182-115"), (date(2027, 1, 1), "WA-246-929")])
def test_each_day_has_its_own_source(day: date, guideline: str) -> None:
    rule = rule_on(["WA"], P.ACCEPTED_CREDENTIALS, day)

    assert rule is not None
    assert rule.guideline_id == guideline


def test_routes_are_taken_whole_from_the_first_of_equals() -> None:
    """Ohio's and Virginia's ways to qualify stand beside each other; neither list is stricter than the other."""
    together, alone = rule_on(["VA", "OH"], P.SUPERVISOR_ROUTES, DAY), rule_on(["OH"], P.SUPERVISOR_ROUTES, DAY)

    assert together == alone


@pytest.mark.parametrize("pack", PACKS.values(), ids=lambda pack: pack.id)
def test_required_is_only_what_binds_and_was_read(pack: Any) -> None:
    for rule in pack.rules:
        assert rule.is_required == (rule.authority.binds and rule.confidence is Confidence.SOURCE)


def test_texas_supervises_the_newly_certified_weekly_and_the_others_by_the_month() -> None:
    rule = rule_on(["TX"], P.SUPERVISION_INTERVAL, DAY)

    assert rule is not None
    assert plain_value(rule) == [
        {"stage": "initial", "employed_under_days": None, "every": "days", "days": 7},
        {"stage": "full", "employed_under_days": None, "every": "calendar_month", "days": None},
    ]


def test_before_a_rule_began_the_default_counts() -> None:
    assert value(["NC"], P.CASELOAD_MAX, date(2019, 10, 31)) == 25
    assert value(["NC"], P.CASELOAD_MAX, date(2019, 11, 1)) == 15


CHOICES = st.lists(st.sampled_from(sorted(PACKS)), unique=True)
DAYS = st.dates(date(2015, 1, 1), date(2035, 1, 1))


@given(CHOICES, st.sampled_from(Parameter), DAYS, st.randoms())
def test_the_order_of_packs_does_not_matter(packs: list[str], parameter: Parameter, day: date, random: Any) -> None:
    shuffled = [*packs]
    random.shuffle(shuffled)
    assert rule_on(packs, parameter, day) == rule_on(shuffled, parameter, day)


@given(CHOICES, st.sampled_from(Parameter), DAYS)
def test_what_counts_is_in_force_and_chosen_or_the_default(packs: list[str], parameter: Parameter, day: date) -> None:
    rule = rule_on(packs, parameter, day)

    said = [one for pack in packs for one in PACKS[pack].rules if one.parameter is parameter and one.in_force(day)]
    default = [one for one in PACKS[DEFAULT_PACK].rules if one.parameter is parameter]
    together = parameter in COMBINED and len(said) > 1
    assert together or rule in (said + default or [None])
    if any(one.authority.binds for one in said):
        assert rule is not None
        assert rule.authority.binds


@pytest.mark.parametrize("pack", PACKS.values(), ids=lambda pack: pack.id)
def test_no_pack_calls_required_what_nobody_asks_for(pack: Any) -> None:
    for rule in pack.rules:
        assert rule.citation
        assert (rule.authority is Authority.DEFAULT) == (rule.confidence is Confidence.DEFAULT), rule.parameter
        assert rule.confidence is not Confidence.RECHECK or rule.note, rule.parameter
    assert len({(one.parameter, one.effective_from) for one in pack.rules}) == len(pack.rules)


RULE = {
    "parameter": "caseload_max",
    "value": 15,
    "guideline_id": "X",
    "citation": "X",
    "authority": "STATE_REQ",
    "confidence": "source",
}


@pytest.mark.parametrize(
    "change",
    [
        {"value": -1},
        {"value": "many"},
        {"parameter": "colour"},
        {"authority": "SAMHSA"},
        {"confidence": "default"},
        {"effective_from": "2026-02-01", "effective_to": "2026-01-31"},
        {"weight": 3},
        {"parameter": "supervision_interval", "value": [{"every": "days"}]},
        {"parameter": "ce_topics", "value": {"astrology": 3}},
    ],
)
def test_a_rule_that_says_too_much_or_nonsense_is_no_rule(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(RULE | change)


@given(st.sampled_from([rule for pack in PACKS.values() for rule in pack.rules]))
def test_a_rule_holds_from_its_first_day_to_its_last(rule: Rule) -> None:
    assert rule.effective_from is None or not rule.in_force(rule.effective_from - timedelta(days=1))
    assert rule.effective_from is None or rule.in_force(rule.effective_from)
    assert rule.effective_to is None or not rule.in_force(rule.effective_to + timedelta(days=1))
