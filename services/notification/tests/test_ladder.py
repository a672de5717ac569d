"""When who is paged next, by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import SafetyStatus
from notification.rules.ladder import Kind, Standing, Step, next_step, rung_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("level", "paged", "rungs", "expected"),
    [
        (0, None, 2, 0),  # at once
        (1, 0, 2, 5),  # the second rung, five minutes later
        (2, 5, 2, 10),  # then everybody
        (3, 10, 2, 25),  # and everybody again each quarter of an hour
        (4, 25, 2, 40),
        (0, None, 0, 0),  # nobody on call: the last resort at once
        (1, 0, 0, 15),
    ],
)
def test_unanswered_it_climbs(level: int, paged: int | None, rungs: int, expected: int) -> None:
    standing = Standing(SafetyStatus.NOTIFIED, NOON, level=level, paged_at=None if paged is None else at(paged))

    assert next_step(standing, rungs) == Step(Kind.PAGE, at(expected))


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (1, 1), (2, None), (7, None)])
def test_each_rung_is_paged_once_and_then_everybody(level: int, expected: int | None) -> None:
    assert rung_of(Standing(SafetyStatus.OPEN, NOON, level=level), 2) == expected


def test_taken_on_without_contact_everybody_hears_of_it_again() -> None:
    standing = Standing(SafetyStatus.ACKNOWLEDGED, NOON, acknowledged_at=at(7), level=2, paged_at=at(5))

    assert next_step(standing, 3) == Step(Kind.PAGE, at(22))
    assert rung_of(standing, 3) is None


@pytest.mark.parametrize("status", [SafetyStatus.IN_CONTACT, SafetyStatus.HANDED_OFF])
def test_once_somebody_was_reached_it_is_a_reminder_each_day(status: SafetyStatus) -> None:
    standing = Standing(status, NOON, at(3), at(10), at(10), level=2, paged_at=at(5))

    assert next_step(standing, 1) == Step(Kind.REMINDER, at(10 + 24 * 60))


def test_closed_it_is_over() -> None:
    assert next_step(Standing(SafetyStatus.CLOSED, NOON, level=3, paged_at=at(1)), 2) is None


@given(rungs=st.integers(0, 9), rounds=st.integers(1, 40))
def test_as_long_as_nobody_answers_the_next_page_is_never_further_than_a_quarter_of_an_hour(
    rungs: int, rounds: int
) -> None:
    level, paged = 0, None
    for _ in range(rounds):
        step = next_step(Standing(SafetyStatus.OPEN, NOON, level=level, paged_at=paged), rungs)

        assert step is not None
        assert step.at - (paged or NOON) <= timedelta(minutes=15)
        level, paged = level + 1, step.at
