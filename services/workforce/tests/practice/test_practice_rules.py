"""What follows from statuses, shares, hours and coverage, by small cases."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import CredentialStatus
from common.contracts.workforce_codes import AttestationKind, TrainingKind, TrainingTopic
from workforce.rules.attestations import Declared, on_file
from workforce.rules.competencies import (
    catalogue,
    categories_of,
    coverage_counts,
    hidden_if_small,
    known_codes,
    latest_days,
)
from workforce.rules.credentials import Since, StatusFault, StatusReason, is_in_force, status_fault, status_on, timeline
from workforce.rules.learning import Hours, fits, summed
from workforce.rules.supervision import Share, most_supervised

ACTIVE, SUSPENDED, REVOKED = CredentialStatus.ACTIVE, CredentialStatus.SUSPENDED, CredentialStatus.REVOKED
JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], []),
        ([Since(ACTIVE, JAN)], [Since(ACTIVE, JAN)]),
        ([Since(ACTIVE, JAN), Since(SUSPENDED, JAN)], [Since(SUSPENDED, JAN)]),
        (
            [Since(ACTIVE, JAN), Since(SUSPENDED, FEB), Since(ACTIVE, FEB), Since(REVOKED, MAR)],
            [Since(ACTIVE, JAN), Since(ACTIVE, FEB), Since(REVOKED, MAR)],
        ),
    ],
)
def test_of_one_day_the_last_status_counts(entries: list[Since], expected: list[Since]) -> None:
    assert timeline(entries) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2025, 12, 31), None), (JAN, ACTIVE), (date(2026, 1, 31), ACTIVE), (FEB, SUSPENDED), (MAR, SUSPENDED)],
)
def test_the_status_on_a_day(day: date, expected: CredentialStatus | None) -> None:
    assert status_on([Since(ACTIVE, JAN), Since(SUSPENDED, FEB)], day) == expected


@given(st.lists(st.tuples(DAYS, st.sampled_from(CredentialStatus)), min_size=1, max_size=8), DAYS)
def test_a_timeline_says_of_each_day_what_all_entries_say(said: list[tuple[date, CredentialStatus]], day: date) -> None:
    entries = [Since(status, since) for since, status in sorted(said, key=lambda one: one[0])]

    shown = timeline(entries)

    assert status_on(shown, day) == status_on(entries, day)
    assert len({one.since for one in shown}) == len(shown)


@pytest.mark.parametrize(
    ("status", "day", "expected"),
    [
        (ACTIVE, JAN, True),
        (ACTIVE, FEB, True),
        (ACTIVE, MAR, False),
        (ACTIVE, date(2025, 12, 31), False),
        (CredentialStatus.PROVISIONAL, JAN, True),
        (SUSPENDED, JAN, False),
        (REVOKED, JAN, False),
        (None, JAN, False),
    ],
)
def test_what_is_in_force(status: CredentialStatus | None, day: date, expected: bool) -> None:
    assert is_in_force(JAN, FEB, status, day) is expected


@pytest.mark.parametrize(
    ("latest", "asked", "reason", "expected"),
    [
        (ACTIVE, Since(SUSPENDED, FEB), StatusReason.COMPLAINT, None),
        (ACTIVE, Since(SUSPENDED, JAN), StatusReason.RECORDED_IN_ERROR, None),
        (ACTIVE, Since(ACTIVE, FEB), StatusReason.OTHER, StatusFault.UNCHANGED),
        (ACTIVE, Since(SUSPENDED, date(2025, 12, 31)), StatusReason.OTHER, StatusFault.BEFORE_AN_EARLIER_CHANGE),
        (ACTIVE, Since(SUSPENDED, date(2026, 3, 2)), StatusReason.OTHER, StatusFault.IN_THE_FUTURE),
        (ACTIVE, Since(SUSPENDED, FEB), StatusReason.RECORDED, StatusFault.NOT_RECORDED_BY_HAND),
        (REVOKED, Since(ACTIVE, FEB), StatusReason.REINSTATED, StatusFault.REVOKED),
        (REVOKED, Since(ACTIVE, FEB), StatusReason.OVERTURNED, None),
    ],
)
def test_which_status_may_follow(
    latest: CredentialStatus, asked: Since, reason: StatusReason, expected: StatusFault | None
) -> None:
    assert status_fault(Since(latest, JAN), asked, reason, MAR) == expected


def share(fte: str, valid_from: date, valid_to: date | None = None) -> Share:
    return Share(Decimal(fte), valid_from, valid_to)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([], "0"),
        ([share("1", JAN)], "1"),
        ([share("0.5", JAN), share("0.5", FEB)], "1.0"),
        ([share("1", JAN, date(2026, 1, 31)), share("1", FEB)], "1"),
        ([share("1", JAN, FEB), share("1", FEB)], "2"),
        ([share("0.4", JAN, JAN), share("0.4", JAN), share("0.4", MAR)], "0.8"),
    ],
)
def test_the_most_that_is_supervised_on_a_day(shares: list[Share], expected: str) -> None:
    assert most_supervised(shares) == Decimal(expected)


@given(st.lists(st.tuples(st.integers(1, 100), DAYS, st.integers(0, 60)), max_size=6))
def test_no_day_has_more_than_the_most(said: list[tuple[int, date, int]]) -> None:
    shares = [Share(Decimal(n) / 100, day, day + timedelta(days=length)) for n, day, length in said]

    sums = [
        sum((one.fte for one in shares if one.valid_from <= day <= (one.valid_to or day)), Decimal(0))
        for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(430))
    ]

    assert max(sums) == most_supervised(shares)


def test_hours_are_summed_by_kind_and_topic() -> None:
    core, continuing = TrainingKind.CORE, TrainingKind.CONTINUING
    ethics = TrainingTopic.ETHICS

    sums = summed(
        [
            Hours(core, ethics, Decimal("1.25")),
            Hours(continuing, ethics, Decimal(2)),
            Hours(core, ethics, Decimal("0.75")),
        ]
    )

    assert sums == [Hours(continuing, ethics, Decimal(2)), Hours(core, ethics, Decimal("2.00"))]


@pytest.mark.parametrize(
    ("hours", "to_on", "expected"),
    [("24", JAN, True), ("24.25", JAN, False), ("48", date(2026, 1, 2), True), ("48.25", date(2026, 1, 2), False)],
)
def test_hours_fit_into_days(hours: str, to_on: date, expected: bool) -> None:
    assert fits(Decimal(hours), JAN, to_on) is expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ([], False),
        ([Declared(AttestationKind.RECOVERY, JAN)], True),
        ([Declared(AttestationKind.RECOVERY, MAR)], False),
        ([Declared(AttestationKind.RECOVERY, JAN, FEB)], False),
        ([Declared(AttestationKind.RECOVERY, JAN, MAR)], True),
        ([Declared(AttestationKind.RECOVERY, JAN, FEB), Declared(AttestationKind.RECOVERY, FEB)], True),
        ([Declared(AttestationKind.CODE_OF_ETHICS, JAN)], False),
    ],
)
def test_what_is_on_file(declared: list[Declared], expected: bool) -> None:
    assert on_file(declared, FEB)[AttestationKind.RECOVERY] is expected


def test_the_62_competencies_stand_in_twelve_categories_in_two_languages() -> None:
    counts = [len(category.items) for category in catalogue()]

    assert counts == [5, 5, 4, 4, 5, 5, 6, 5, 6, 6, 7, 4]
    assert len(known_codes()) == 62
    assert all(item.en != item.es for category in catalogue() for item in category.items)
    numbered = [f"CC-{place}.{n}" for place, count in enumerate(counts, 1) for n in range(1, count + 1)]
    assert [item.code for category in catalogue() for item in category.items] == numbered


def test_categories_follow_from_codes() -> None:
    assert categories_of(["CC-12.1", "CC-2.5", "CC-2.1"]) == [2, 12]


def test_the_latest_day_of_each_category() -> None:
    assert latest_days([([1, 2], JAN), ([2], MAR), ([2], FEB)]) == {1: JAN, 2: MAR}


@pytest.mark.parametrize(
    ("count", "of", "expected"),
    [
        (0, 10, None), (10, 10, None), (0, 11, 0), (1, 11, None), (10, 21, None), (11, 21, None), (11, 22, 11),
        (22, 22, 22), (11, 11, 11), (21, 22, None),
    ],
)  # fmt: skip
def test_small_numbers_of_people_are_hidden(count: int, of: int, expected: int | None) -> None:
    assert hidden_if_small(count, of) == expected


def test_coverage_counts_people_since_a_day() -> None:
    counts = coverage_counts([{1: JAN, 3: MAR}, {1: FEB}, {}], FEB)

    assert (counts[1], counts[3], counts[2], len(counts)) == (1, 1, 0, 12)
