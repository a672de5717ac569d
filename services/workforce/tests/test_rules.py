"""Workforce's pure decisions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workforce.rules.passwords import normalized_password, password_faults
from workforce.rules.signing import is_employed, is_token_usable, secret_matches


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaaaaaa", "abababababababab", "x" * 129])
def test_weak_or_endless_passwords_are_not_accepted(password: str) -> None:
    assert password_faults(password) is not None


@pytest.mark.parametrize("password", ["correct horse battery", "я не забуду этот пароль", "a b c d e f g h i"])
def test_a_sentence_is_a_password(password: str) -> None:
    assert password_faults(password) is None


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    assert normalized_password("caf\u00e9") == normalized_password("cafe\u0301")


@given(st.text(max_size=40), st.text(max_size=40))
def test_secrets_match_exactly_when_they_are_equal(given_secret: str, expected: str) -> None:
    assert secret_matches(given_secret, expected) == (given_secret == expected)


@pytest.mark.parametrize(
    ("day", "expected"), [("2025-12-31", False), ("2026-01-01", True), ("2026-06-30", True), ("2026-07-01", False)]
)
def test_employment_includes_both_ends(day: str, expected: bool) -> None:
    assert is_employed(date(2026, 1, 1), date(2026, 6, 30), date.fromisoformat(day)) is expected


def test_employment_without_an_end_lasts() -> None:
    assert is_employed(date(2026, 1, 1), None, date(2060, 1, 1))


def test_a_token_ends_at_its_instant_or_when_it_was_ended() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert is_token_usable(now + timedelta(seconds=1), None, now)
    assert not is_token_usable(now, None, now)
    assert not is_token_usable(now + timedelta(hours=1), now, now)
