"""Ages, consents and disclosures: what follows from given facts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import AgeBand
from intake.rules.consent_faults import consent_faults
from intake.rules.consents import ConsentStanding, ConsentTerms, Expiry, ExpiryKind, consent_standing
from intake.rules.disclosures import ConsentAtHand, DisclosureTerms, past_faults
from intake.rules.people import age_band, ends_before, is_active, phone_digits

ZONE = "America/Chicago"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
BOUNDS = {
    "0-17": (0, 17),
    "18-24": (18, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
}

NAMED: dict[str, Any] = {
    "consent_type": "named_recipients",
    "name_as_signed": "Ana Núñez",
    "disclosers": ["Riverbend"],
    "categories": ["substance_use_disorder", "attendance"],
    "recipients": [{"name": "County Housing", "covered_entity": False}],
    "purposes": ["housing"],
    "right_to_revoke_statement": "revoke-1",
    "how_to_revoke": "In writing",
    "expiry": {"kind": "date", "on": "2026-12-31"},
    "signature": {"signer": "Ana Núñez", "capacity": "patient", "method": "paper", "evidence_sha256": "0" * 64},
    "signed_at": "2026-01-01T12:00:00Z",
}
TPO: dict[str, Any] = NAMED | {
    "consent_type": "tpo",
    "recipients": [{"recipient_class": "treating_provider", "covered_entity": True}],
    "purposes": ["treatment", "payment", "health_care_operations"],
    "redisclosure_statement": "redisclosure-1",
    "expiry": {"kind": "none"},
    "tpo_redisclosure_statement": "a10i-1",
    "tpo_refusal_statement": "a10ii-1",
}
WISH: dict[str, Any] = {
    "basis": "consent",
    "recipient": {"name": "County Housing"},
    "purpose": "housing",
    "categories": ["attendance"],
    "notice_statement": "short-1",
    "scope_attached": "consent_copy",
}


def faults(terms: dict[str, Any]) -> list[str]:
    return [fault.where for fault in consent_faults(ConsentTerms.model_validate(terms), now=NOW, zone=ZONE)]


def refusals(
    wish: dict[str, Any], terms: dict[str, Any] | None = NAMED, standing: ConsentStanding = ConsentStanding.ACTIVE
) -> list[str]:
    consent = ConsentAtHand(ConsentTerms.model_validate(terms), standing) if terms else None
    return [where for where, _ in past_faults(DisclosureTerms.model_validate(wish), consent)]


@pytest.mark.parametrize(
    ("birth_date", "on", "band"),
    [
        (None, date(2026, 1, 1), "unknown"),
        (date(2008, 3, 1), date(2026, 2, 28), "0-17"),
        (date(2008, 3, 1), date(2026, 3, 1), "18-24"),
        (date(2008, 2, 29), date(2026, 2, 28), "0-17"),
        (date(2008, 2, 29), date(2026, 3, 1), "18-24"),
        (date(2001, 1, 1), date(2026, 1, 1), "25-34"),
        (date(1961, 1, 2), date(2026, 1, 1), "55-64"),
        (date(1961, 1, 1), date(2026, 1, 1), "65+"),
        (date(2026, 1, 1), date(2026, 1, 1), "0-17"),
    ],
)
def test_a_birthday_moves_people_into_the_next_band(birth_date: date | None, on: date, band: str) -> None:
    assert age_band(birth_date, on) == band


@given(DAYS, DAYS)
def test_every_age_is_in_the_one_band_whose_bounds_hold_it(first: date, second: date) -> None:
    birth_date, on = sorted((first, second))
    age = on.year - birth_date.year - (1 if (on.month, on.day) < (birth_date.month, birth_date.day) else 0)

    band = age_band(birth_date, on)

    holding = [name for name, (low, high) in BOUNDS.items() if low <= age <= high] or ["65+"]
    assert [band.value] == holding
    assert band is not AgeBand.UNKNOWN


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        ("(312) 555-0100", "3125550100"),
        ("+1 312 555 0100", "3125550100"),
        ("312.555.0100", "3125550100"),
        ("+52 55 1234 5678", "525512345678"),
        ("ask at the shelter", "ask at the shelter"),
    ],
)
def test_one_number_written_two_ways_is_one_number(phone: str, digits: str) -> None:
    assert phone_digits(phone) == digits


def test_a_successor_leaves_the_earlier_at_least_its_first_day() -> None:
    assert ends_before(date(2026, 3, 1), date(2026, 1, 1)) == date(2026, 2, 28)
    assert ends_before(date(2026, 3, 1), date(2026, 3, 1)) == date(2026, 3, 1)


def test_both_ends_of_a_period_belong_to_it() -> None:
    first, last = date(2026, 1, 1), date(2026, 1, 3)
    assert [is_active(first, last, date(2026, 1, day)) for day in (1, 3, 4)] == [True, True, False]
    assert is_active(first, None, date(2099, 1, 1))


@pytest.mark.parametrize("terms", [NAMED, TPO])
def test_a_whole_consent_lacks_nothing(terms: dict[str, Any]) -> None:
    assert faults(terms) == []


@pytest.mark.parametrize("element", [name for name in NAMED if name != "consent_type"])
def test_each_element_of_a_consent_is_missed_by_its_name(element: str) -> None:
    assert faults({name: value for name, value in NAMED.items() if name != element}) == [element]


@pytest.mark.parametrize("element", ["redisclosure_statement", "tpo_redisclosure_statement", "tpo_refusal_statement"])
def test_each_statement_of_a_tpo_consent_is_missed_by_its_name(element: str) -> None:
    assert faults({name: value for name, value in TPO.items() if name != element}) == [element]


@pytest.mark.parametrize("part", ["signer", "capacity", "method", "evidence_sha256"])
def test_each_part_of_a_signature_is_missed_by_its_name(part: str) -> None:
    signature = {name: value for name, value in NAMED["signature"].items() if name != part}
    assert faults(NAMED | {"signature": signature}) == [f"signature/{part}"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"categories": ["attendance"]}, ["categories"]),
        ({"purposes": ["research"]}, ["purposes"]),
        ({"purposes": ["treatment"]}, []),
        (
            {"purposes": ["treatment"], "recipients": [{"name": "Mercy Hospital", "covered_entity": True}]},
            ["redisclosure_statement"],
        ),
        ({"recipients": [{"recipient_class": "health_plan", "covered_entity": True}]}, ["recipients"]),
        ({"expiry": {"kind": "none"}}, ["expiry/kind"]),
        ({"expiry": {"kind": "end_of_treatment"}}, ["expiry/kind"]),
        ({"expiry": {"kind": "date"}}, ["expiry/on"]),
        ({"expiry": {"kind": "date", "on": "2025-12-31"}}, ["expiry/on"]),
        ({"expiry": {"kind": "event"}}, ["expiry/event"]),
        ({"expiry": {"kind": "event", "event": "The lease is signed"}}, []),
        ({"expiry": {"kind": "event", "event": "The lease is signed", "on": "2026-12-31"}}, ["expiry/on"]),
        ({"signed_at": "2026-03-01T12:00:01Z"}, ["signed_at"]),
    ],
)
def test_an_element_that_is_there_must_also_fit(change: dict[str, Any], expected: list[str]) -> None:
    assert faults(NAMED | change) == expected


def test_a_tpo_consent_has_no_other_purpose() -> None:
    assert faults(TPO | {"purposes": ["treatment", "housing"]}) == ["purposes"]


@pytest.mark.parametrize(
    ("kind", "on", "revoked", "ended", "expected"),
    [
        ("date", date(2026, 3, 1), False, False, "active"),
        ("date", date(2026, 2, 28), False, False, "expired"),
        ("date", date(2026, 2, 28), True, False, "revoked"),
        ("end_of_treatment", None, False, False, "active"),
        ("end_of_treatment", None, False, True, "expired"),
        ("none", None, False, True, "active"),
    ],
)
def test_the_clock_ends_a_consent_and_a_revocation_goes_first(
    kind: str, on: date | None, revoked: bool, ended: bool, expected: str
) -> None:
    expiry = Expiry(kind=ExpiryKind(kind), on=on)
    revoked_at = NOW if revoked else None
    standing = consent_standing(expiry, revoked_at=revoked_at, treatment_ended=ended, on=date(2026, 3, 1))
    assert standing == expected


def test_what_the_consent_covers_may_be_disclosed() -> None:
    assert refusals(WISH) == []
    assert refusals(WISH | {"recipient": {"name": "county  HOUSING"}}) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"recipient": {"name": "County Jail"}}, ["recipient"]),
        ({"purpose": "employment"}, ["purpose"]),
        ({"categories": ["attendance", "billing"]}, ["categories"]),
        ({"notice_statement": None}, ["notice_statement"]),
        ({"scope_attached": None}, ["scope_attached"]),
    ],
)
def test_each_thing_a_consent_does_not_cover_refuses(change: dict[str, Any], expected: list[str]) -> None:
    assert refusals(WISH | change) == expected


@pytest.mark.parametrize("standing", [ConsentStanding.REVOKED, ConsentStanding.EXPIRED])
def test_a_consent_that_does_not_stand_refuses(standing: ConsentStanding) -> None:
    assert refusals(WISH, standing=standing) == ["consent_id"]


def test_without_any_consent_the_default_is_no() -> None:
    assert refusals(WISH, None) == ["consent_id"]


def test_a_class_of_recipients_needs_a_recorded_relation() -> None:
    wish = WISH | {"purpose": "treatment"}
    clinic = {"name": "Mercy Hospital", "recipient_class": "treating_provider"}

    assert refusals(wish | {"recipient": clinic}, TPO) == ["recipient"]
    assert refusals(wish | {"recipient": clinic | {"relation_reference": "referral-7"}}, TPO) == []


@pytest.mark.parametrize(
    ("basis", "given_too", "expected"),
    [
        ("medical_emergency", {}, ["reason_code"]),
        ("medical_emergency", {"reason_code": "overdose"}, []),
        ("court_order", {"reason_code": "order"}, ["reference", "subpoena_reference"]),
        ("court_order", {"reason_code": "order", "reference": "24-CF-1", "subpoena_reference": "24-S-1"}, []),
        ("audit_evaluation", {"reason_code": "audit"}, ["reference"]),
        ("research", {"reason_code": "study", "reference": "irb-1"}, []),
    ],
)
def test_every_other_basis_needs_its_reason_on_record(
    basis: str, given_too: dict[str, Any], expected: list[str]
) -> None:
    assert refusals(WISH | {"basis": basis} | given_too, None) == expected
