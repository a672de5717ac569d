"""The decisions about messages, as plain values."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notification.rules.messages import TRIES, digest_leaves_at, is_news, retry_delay

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(("tries_left", "seconds"), [(5, 30), (4, 120), (3, 600), (2, 3600), (1, 21600), (0, None)])
def test_the_pauses_grow_and_end(tries_left: int, seconds: int | None) -> None:
    assert retry_delay(tries_left, 1.0) == (None if seconds is None else timedelta(seconds=seconds))


@given(tries_left=st.integers(1, TRIES - 1), scale=st.floats(0.001, 10))
def test_a_scale_stretches_every_pause_alike(tries_left: int, scale: float) -> None:
    plain, scaled = retry_delay(tries_left, 1.0), retry_delay(tries_left, scale)

    assert plain is not None
    assert scaled is not None
    assert scaled == plain * scale


@pytest.mark.parametrize(
    ("age", "imported", "expected"),
    [
        (timedelta(0), False, True),
        (timedelta(days=7), False, True),
        (timedelta(days=7, seconds=1), False, False),
        (timedelta(0), True, False),
    ],
)
def test_history_and_old_events_are_no_news(age: timedelta, imported: bool, expected: bool) -> None:
    assert is_news(NOON - age, NOON, imported=imported) is expected


@pytest.mark.parametrize(
    ("now", "day", "leaves"),
    [
        # Chicago is six hours behind UTC in winter: just after midnight there, the digest waits for seven.
        ("2026-03-02T06:00:05+00:00", "2026-03-02", "2026-03-02T13:00:00+00:00"),
        ("2026-03-02T15:00:00+00:00", "2026-03-02", "2026-03-02T15:01:00+00:00"),
        ("2026-03-02T15:00:00+00:00", "2026-03-03", "2026-03-03T13:00:00+00:00"),
        # The clocks went forward on 8 March: seven is an hour earlier in UTC.
        ("2026-03-07T15:00:00+00:00", "2026-03-08", "2026-03-08T12:00:00+00:00"),
    ],
)
def test_a_digest_leaves_in_the_morning_of_its_day(now: str, day: str, leaves: str) -> None:
    leaves_at = digest_leaves_at(datetime.fromisoformat(now), date.fromisoformat(day), "America/Chicago")
    assert leaves_at == datetime.fromisoformat(leaves)
