"""Every rule of every pack, by hand: its value, its days, its source, and how far it binds."""

from datetime import date
from typing import Any

import pytest

from common.packs import PACKS, Parameter, plain_value

P = Parameter
NO_DAY: tuple[date | None, date | None] = (None, None)
IC, CA, WA, VA, TX, DC = "ICRC-PR", "CA-BHIN-25-010", "WA-246-929", "VA-12VAC30-130-52", "TX-HHSC-H0038", "DC-22A-7314"
NC, NMS, OWN = "NC-CCP-8G", "SAMHSA-NMS-2023", "HANDRAIL-DEFAULT"


def since(year: int, month: int, day: int = 1) -> tuple[date | None, date | None]:
    return date(year, month, day), None


def route(name: str, types: list[str], years: int | None, **training: int) -> dict[str, Any]:
    return {"name": name, "credential_types": types, "peer_years": years, "training": training}


def every(days: int | None, *, stage: str | None = None, under: int | None = None) -> dict[str, Any]:
    return {
        "stage": stage,
        "employed_under_days": under,
        "every": "days" if days else "calendar_month",
        "days": days,
    }


def units(number: int, window: str, *, exceedable: bool) -> dict[str, Any]:
    return {"units": number, "window": window, "exceedable": exceedable}


def counts(kind: str) -> dict[str, Any]:
    return {"credential_type": kind, "to": None}


STATE, CERT, GUIDE, NOBODY = "STATE_REQ", "CERT_REQ", "FED_GUIDE", "DEFAULT"
TABLE: list[tuple[str, Parameter, Any, str, str, str, tuple[date | None, date | None]]] = [
    ("CA", P.CORE_TRAINING_HOURS, 80, CA, STATE, "source", since(2022, 7)),
    ("CA", P.CE_HOURS, 20, CA, STATE, "source", since(2022, 7)),
    ("CA", P.CE_TOPICS, {"law_and_ethics": 6}, CA, STATE, "source", since(2022, 7)),
    ("CA", P.CE_CYCLE_YEARS, 2, CA, STATE, "source", since(2022, 7)),
    ("CA", P.ACCEPTED_CREDENTIALS, [counts("certified_peer_specialist")], CA, STATE, "source", since(2022, 7)),
    ("DC", P.SUPERVISION_INTERVAL, [every(7)], DC, STATE, "source", NO_DAY),
    ("DC", P.SUPERVISION_MINUTES, 60, DC, STATE, "source", NO_DAY),
    ("DC", P.SUPERVISION_MODES, ["face_to_face"], DC, STATE, "source", NO_DAY),
    ("DC", P.SUPERVISION_BEFORE_WORK_MINUTES, 360, DC, STATE, "source", NO_DAY),
    ("DC", P.SUPERVISOR_SPAN_FTE, 7, DC, STATE, "source", NO_DAY),
    (OWN, P.SUPERVISION_INTERVAL, [every(14, under=180), every(30)], OWN, NOBODY, "default", NO_DAY),
    (OWN, P.SUPERVISION_MINUTES, 30, OWN, NOBODY, "default", NO_DAY),
    (OWN, P.ETHICS_ATTESTATION_MONTHS, 12, OWN, NOBODY, "default", NO_DAY),
    (OWN, P.COMPETENCY_MONTHS, 24, OWN, NOBODY, "default", NO_DAY),
    (OWN, P.CASELOAD_MAX, 25, OWN, NOBODY, "default", NO_DAY),
    (OWN, P.PROVISIONAL_ALLOWED, False, OWN, NOBODY, "default", NO_DAY),
    (OWN, P.GROUP_MAX, 12, OWN, NOBODY, "default", NO_DAY),
    (OWN, P.NOTE_DEADLINE_BUSINESS_DAYS, 2, OWN, NOBODY, "default", NO_DAY),
    (IC, P.CORE_TRAINING_HOURS, 46, IC, CERT, "source", NO_DAY),
    (
        IC,
        P.CORE_TRAINING_TOPICS,
        {"advocacy": 10, "mentoring_education": 10, "recovery_wellness": 10, "ethics": 16},
        IC,
        CERT,
        "source",
        NO_DAY,
    ),
    (IC, P.WORK_HOURS, 500, IC, CERT, "source", NO_DAY),
    (IC, P.SUPERVISION_HOURS, 25, IC, CERT, "source", NO_DAY),
    (IC, P.CE_HOURS, 20, IC, CERT, "source", NO_DAY),
    (IC, P.CE_TOPICS, {"ethics": 6}, IC, CERT, "source", NO_DAY),
    (IC, P.CE_CYCLE_YEARS, 2, IC, CERT, "source", NO_DAY),
    ("NC", P.SUPERVISOR_SPAN_FTE, 8, NC, STATE, "recheck", since(2019, 11)),
    ("NC", P.CASELOAD_MAX, 15, NC, STATE, "recheck", since(2019, 11)),
    ("NC", P.GROUP_MAX, 12, NC, STATE, "recheck", since(2019, 11)),
    (
        "NJ",
        P.UNIT_LIMITS,
        [units(16, "day", exceedable=False)],
        "NJ-HORIZON-H0038",
        STATE,
        "recheck",
        since(2020, 7),
    ),
    (
        "OH",
        P.SUPERVISOR_ROUTES,
        [
            route("peer_experience", [], 2, supervising_online=16, supervising_peers=4),
            route("clinical_license", ["licensed_clinician"], None, supervising_online=16, supervising_peers=4),
        ],
        "OH-5122-29-15.1",
        STATE,
        "recheck",
        NO_DAY,
    ),
    ("OH", P.UNIT_LIMITS, [units(16, "day", exceedable=True)], "OH-5160-27-14", STATE, "recheck", NO_DAY),
    (NMS, P.CORE_TRAINING_HOURS, 40, NMS, GUIDE, "source", since(2023, 6, 6)),
    (NMS, P.WORK_HOURS_INFORMATION, 120, NMS, GUIDE, "recheck", since(2023, 6, 6)),
    (
        NMS,
        P.SUPERVISOR_ROUTES,
        [route("certified_peer_supervisor", ["certified_peer_supervisor"], 0)],
        NMS,
        GUIDE,
        "source",
        since(2023, 6, 6),
    ),
    (
        "TX",
        P.SUPERVISION_INTERVAL,
        [every(7, stage="initial"), every(None, stage="full")],
        "TX-1TAC-354.3103",
        STATE,
        "source",
        since(2019, 1),
    ),
    ("TX", P.GROUP_MAX, 12, TX, STATE, "recheck", since(2019, 1)),
    (
        "TX",
        P.UNIT_LIMITS,
        [units(104, "rolling_six_months", exceedable=True)],
        TX,
        STATE,
        "recheck",
        since(2019, 1),
    ),
    ("TX", P.NOTE_DEADLINE_BUSINESS_DAYS, 2, "TX-26TAC-301.361", STATE, "source", NO_DAY),
    ("VA", P.GROUP_MAX, 10, VA, STATE, "recheck", since(2017, 7)),
    (
        "VA",
        P.UNIT_LIMITS,
        [units(16, "day", exceedable=False), units(3600, "calendar_year", exceedable=False)],
        VA,
        STATE,
        "recheck",
        since(2017, 7),
    ),
    (
        "VA",
        P.SUPERVISOR_ROUTES,
        [
            route(
                "peer_experience", ["certified_peer_specialist", "certified_peer_supervisor"], 2, supervising_peers=0
            ),
            route("addiction_professional", ["licensed_clinician"], None, supervising_peers=0),
        ],
        VA,
        STATE,
        "recheck",
        since(2017, 7),
    ),
    (
        "WA",
        P.ACCEPTED_CREDENTIALS,
        [counts("peer_counselor"), counts("certified_peer_specialist")],
        "WA-182-115",
        STATE,
        "source",
        (date(2025, 7, 1), date(2026, 12, 31)),
    ),
    ("WA", P.ACCEPTED_CREDENTIALS, [counts("certified_peer_specialist")], WA, CERT, "source", since(2027, 1)),
    ("WA", P.WORK_HOURS, 1000, WA, CERT, "source", since(2025, 7)),
    ("WA", P.CE_HOURS, 30, WA, CERT, "source", since(2025, 7)),
    ("WA", P.CE_TOPICS, {"peer_specific": 14, "law_and_ethics": 2}, WA, CERT, "source", since(2025, 7)),
    ("WA", P.CE_CYCLE_YEARS, 2, WA, CERT, "source", since(2025, 7)),
]


@pytest.mark.parametrize("pack_id", sorted(PACKS))
def test_a_pack_says_what_its_sources_say_and_nothing_else(pack_id: str) -> None:
    said = [
        (
            pack_id,
            rule.parameter,
            plain_value(rule),
            rule.guideline_id,
            rule.authority,
            rule.confidence,
            (rule.effective_from, rule.effective_to),
        )
        for rule in PACKS[pack_id].rules
    ]

    assert said == [line for line in TABLE if line[0] == pack_id]


def test_every_state_and_body_asked_for_is_there() -> None:
    assert {"TX", "NC", "NJ", "DC", "WA", "OH", "ICRC-PR", "SAMHSA-NMS-2023"} <= set(PACKS)


def test_one_guideline_has_one_authority() -> None:
    found = {(rule.guideline_id, rule.authority) for pack in PACKS.values() for rule in pack.rules}

    assert len(found) == len({guideline for guideline, _ in found})


def test_two_rules_of_one_pack_never_count_on_one_day() -> None:
    for pack in PACKS.values():
        for rule in pack.rules:
            first = rule.effective_from or date.min
            same = [one for one in pack.rules if one.parameter is rule.parameter and one.in_force(first)]
            assert same == [rule], (pack.id, rule.parameter)
