"""Units, periods, missing elements and credentials: tables by hand, and what must hold for every time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import CredentialStatus, CredentialType, Format, NoteElement, Outcome, Specialty, UnitMethod
from common.errors import Unprocessable
from session_logging.rules.credentials import Acceptance, HeldCredential, credential_on
from session_logging.rules.notes import Documented, Note, missing_elements
from session_logging.rules.times import period
from session_logging.rules.units import daily_sum_units, is_delivered, units

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ZONES = ["America/Chicago", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]


@pytest.mark.parametrize(
    ("minutes", "midpoint", "floor", "exact"),
    [
        (0, 0, 0, "0.00"),
        (1, 0, 0, "0.07"),
        (7, 0, 0, "0.47"),
        (8, 1, 0, "0.53"),
        (14, 1, 0, "0.93"),
        (15, 1, 1, "1.00"),
        (22, 1, 1, "1.47"),
        (23, 2, 1, "1.53"),
        (37, 2, 2, "2.47"),
        (38, 3, 2, "2.53"),
        (52, 3, 3, "3.47"),
        (53, 4, 3, "3.53"),
        (67, 4, 4, "4.47"),
        (68, 5, 4, "4.53"),
        (82, 5, 5, "5.47"),
        (83, 6, 5, "5.53"),
        (97, 6, 6, "6.47"),
        (98, 7, 6, "6.53"),
        (112, 7, 7, "7.47"),
        (113, 8, 7, "7.53"),
        (127, 8, 8, "8.47"),
        (1440, 96, 96, "96.00"),
    ],
)
def test_units_by_each_method(minutes: int, midpoint: int, floor: int, exact: str) -> None:
    assert units(minutes, UnitMethod.MIDPOINT_8) == midpoint
    assert units(minutes, UnitMethod.FLOOR_15) == floor
    assert str(units(minutes, UnitMethod.EXACT)) == exact
    assert units(minutes, UnitMethod.DAILY_SUM_MIDPOINT_8) == midpoint
    assert units(minutes, UnitMethod.DAILY_SUM_FLOOR_15) == floor
    assert units(minutes, UnitMethod.DAILY_SUM_EXACT) == Decimal(exact)


@pytest.mark.parametrize(
    ("method", "minutes", "day_minutes", "day_units", "added"),
    [
        (UnitMethod.DAILY_SUM_MIDPOINT_8, 7, 0, "0", "0"),
        (UnitMethod.DAILY_SUM_MIDPOINT_8, 7, 7, "0", "1"),  # 14 minutes in all
        (UnitMethod.DAILY_SUM_MIDPOINT_8, 8, 8, "1", "0"),  # 16
        (UnitMethod.DAILY_SUM_FLOOR_15, 10, 10, "0", "1"),  # 20
        (UnitMethod.DAILY_SUM_FLOOR_15, 10, 20, "1", "1"),  # 30
        (UnitMethod.DAILY_SUM_EXACT, 5, 5, "0.33", "0.34"),  # 10 minutes are 0.67
        (UnitMethod.DAILY_SUM_FLOOR_15, 1, 10, "1", "0"),  # a shortened session takes nothing back
    ],
)
def test_a_session_adds_what_its_day_lacks(
    method: UnitMethod, minutes: int, day_minutes: int, day_units: str, added: str
) -> None:
    got = daily_sum_units(minutes, method, day_minutes=day_minutes, day_units=Decimal(day_units))
    assert got == Decimal(added)


@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=8),
    st.sampled_from([method for method in UnitMethod if method.startswith("daily_sum")]),
)
def test_the_days_units_are_those_of_the_days_minutes(lengths: list[int], method: UnitMethod) -> None:
    minutes, total = 0, Decimal(0)
    for length in lengths:
        total += daily_sum_units(length, method, day_minutes=minutes, day_units=total)
        minutes += length
    assert total == units(minutes, method)


def test_only_completed_partial_and_crisis_sessions_are_delivered() -> None:
    assert {outcome for outcome in Outcome if is_delivered(outcome)} == {
        Outcome.COMPLETED,
        Outcome.PARTIAL,
        Outcome.CRISIS,
    }


@given(
    st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2026-11-01")),
    st.integers(1, 1440), st.sampled_from(ZONES)
)  # fmt: skip
def test_neither_clock_changes_nor_midnight_make_or_lose_minutes(start: datetime, minutes: int, zone: str) -> None:
    started = start.replace(tzinfo=UTC)
    ended = started + timedelta(minutes=minutes)

    of_instants = period(started.astimezone(ZoneInfo(zone)), ended.astimezone(ZoneInfo(zone)), zone, now=NOW)

    assert (of_instants.minutes, of_instants.started_at, of_instants.ended_at) == (minutes, started, ended)
    local = [moment.astimezone(ZoneInfo(zone)) for moment in (started, ended)]
    if all(_comes_once(moment) for moment in local):
        told = [moment.replace(tzinfo=None) for moment in local]
        assert period(told[0], told[1], zone, now=NOW) == of_instants


def _comes_once(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset()


def test_a_session_over_midnight_belongs_to_the_day_of_its_start() -> None:
    late = period(
        datetime.fromisoformat("2026-05-01T23:30"),
        datetime.fromisoformat("2026-05-02T00:45"),
        "America/Chicago",
        now=NOW,
    )
    assert (late.service_date, late.minutes) == (date(2026, 5, 1), 75)


@pytest.mark.parametrize(
    ("started", "ended", "code", "pointer"),
    [
        ("2026-03-08T02:30", "2026-03-08T04:00", "time-does-not-exist", "/sessions/3/started_at"),
        ("2026-03-08T01:30", "2026-03-08T02:59", "time-does-not-exist", "/sessions/3/ended_at"),
        ("2026-03-01T10:00", "2026-03-01T10:00", "ends-before-it-starts", "/sessions/3/ended_at"),
        ("2026-03-01T10:00", "2026-03-02T10:01", "longer-than-a-day", "/sessions/3/ended_at"),
        ("2026-11-19T17:00", "2026-11-19T18:01", "in-the-future", "/sessions/3/ended_at"),
    ],
)
def test_times_that_cannot_be_are_refused(started: str, ended: str, code: str, pointer: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        period(
            datetime.fromisoformat(started),
            datetime.fromisoformat(ended),
            "America/Chicago",
            now=NOW,
            at="/sessions/3",
        )
    assert (refused.value.code, refused.value.fields[0]["pointer"]) == (code, pointer)


COMPLETE = Documented(
    service_code="H0038",
    location="office",
    format=Format.INDIVIDUAL,
    goal_ids=[UUID(int=1)],
    note=Note(summary="s", progress="p", response="r", events="none"),
    signed_at=NOW,
    credential="certified_peer_specialist",
)


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({}, []),
        ({"service_code": None}, [NoteElement.SERVICE_CODE]),
        ({"location": None}, [NoteElement.LOCATION]),
        ({"goal_ids": []}, [NoteElement.GOALS]),
        ({"signed_at": None}, [NoteElement.SIGNATURE]),
        ({"credential": None}, [NoteElement.CREDENTIAL]),
        ({"note": Note(summary="s", progress="p", response="r")}, [NoteElement.EVENTS]),
        ({"note": Note(summary="s", progress="p", events="none")}, [NoteElement.RESPONSE]),
        ({"note": Note(summary="s", response="r", events="none")}, [NoteElement.PROGRESS]),
        (
            {"note": None},
            [NoteElement.SUMMARY, NoteElement.PROGRESS, NoteElement.RESPONSE, NoteElement.EVENTS],
        ),
        ({"format": Format.GROUP}, [NoteElement.GROUP_SIZE]),
        ({"format": Format.GROUP, "group_size": 12}, []),
        (
            {"service_code": None, "note": None, "goal_ids": [], "signed_at": None, "credential": None},
            [
                NoteElement.SERVICE_CODE, NoteElement.SUMMARY, NoteElement.GOALS, NoteElement.PROGRESS,
                NoteElement.RESPONSE, NoteElement.SIGNATURE, NoteElement.CREDENTIAL, NoteElement.EVENTS,
            ],
        ),
    ],
)  # fmt: skip
def test_missing_elements(changed: dict[str, object], missing: list[NoteElement]) -> None:
    values = {name: getattr(COMPLETE, name) for name in Documented.__dataclass_fields__} | changed
    assert missing_elements(Documented(**values)) == missing


def _held(
    kind: CredentialType = CredentialType.CERTIFIED_PEER_SPECIALIST,
    *,
    specialty: Specialty = Specialty.SUBSTANCE_USE,
    to: date = date(2026, 12, 31),
    status: CredentialStatus = CredentialStatus.ACTIVE,
) -> HeldCredential:
    return HeldCredential(kind, specialty, date(2026, 1, 1), to, status)


PEER, COACH = CredentialType.CERTIFIED_PEER_SPECIALIST, CredentialType.RECOVERY_COACH


@pytest.mark.parametrize(
    ("day", "held", "program", "expected"),
    [
        (date(2026, 6, 1), [], Acceptance(), None),
        (date(2026, 1, 1), [_held()], Acceptance(), PEER),
        (date(2026, 12, 31), [_held()], Acceptance(), PEER),
        (date(2025, 12, 31), [_held()], Acceptance(), None),
        (date(2027, 1, 1), [_held()], Acceptance(), None),
        (date(2026, 6, 1), [_held(status=CredentialStatus.SUSPENDED)], Acceptance(), None),
        (date(2026, 6, 1), [_held(status=CredentialStatus.REVOKED)], Acceptance(), None),
        (date(2026, 6, 1), [_held(status=CredentialStatus.PROVISIONAL)], Acceptance(), PEER),
        (date(2026, 6, 1), [_held(), _held(COACH, to=date(2027, 6, 1))], Acceptance(), COACH),
        (date(2026, 6, 1), [_held(), _held(COACH, to=date(2027, 6, 1))], Acceptance(frozenset({PEER})), PEER),
        (date(2026, 6, 1), [_held(COACH)], Acceptance(frozenset({PEER})), COACH),
        (
            date(2026, 6, 1),
            [_held(specialty=Specialty.FAMILY, to=date(2028, 1, 1)), _held(COACH)],
            Acceptance(specialty="substance_use"),
            COACH,
        ),
    ],
)
def test_the_credential_on_a_day(
    day: date, held: list[HeldCredential], program: Acceptance, expected: CredentialType | None
) -> None:
    found = credential_on(day, held, program)
    assert (found.credential_type if found else None) == expected
