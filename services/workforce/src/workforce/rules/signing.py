"""What follows from a sign-in, a password or a period of employment: pure decisions."""

import hashlib
import hmac
import unicodedata
from datetime import date, datetime

MIN_PASSWORD = 15  # NIST SP 800-63B-4: 15 where the password is the only factor
MAX_PASSWORD = 128


def password_faults(password: str) -> str | None:
    """Return why a new password cannot be taken, or None. No composition rules, as NIST SP 800-63B-4 asks."""
    if len(password) < MIN_PASSWORD:
        return f"must have at least {MIN_PASSWORD} characters; a sentence is easy to remember"
    if len(password) > MAX_PASSWORD:
        return f"must have at most {MAX_PASSWORD} characters"
    if len(set(password)) < 5:
        return "must not repeat so few characters"
    return None


def normalized_password(password: str) -> str:
    """Return the form that is hashed, so that one password typed on two keyboards is one password."""
    return unicodedata.normalize("NFKC", password)


def secret_matches(given: str, expected: str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest())


def is_employed(employed_from: date, employed_to: date | None, on: date) -> bool:
    """Tell whether `on` lies in the employment, both ends included."""
    return employed_from <= on and (employed_to is None or on <= employed_to)


def is_token_usable(expires_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    return ended_at is None and now < expires_at
