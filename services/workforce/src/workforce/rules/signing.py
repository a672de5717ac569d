"""What follows from a sign-in or a period of employment: pure decisions."""

import hashlib
import hmac
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

IDLE = timedelta(hours=1)


class SignInMethod(StrEnum):
    """How somebody proved who they are. `aal`: the assurance level of NIST SP 800-63B-4 that the proof gives."""

    PASSWORD = "password"  # noqa: S105 - a method
    PASSWORD_AND_TOTP = "password_and_totp"  # noqa: S105 - a method
    PASSWORD_AND_RECOVERY_CODE = "password_and_recovery_code"  # noqa: S105 - a method
    PASSKEY = "passkey"
    PROVIDER = "provider"

    @property
    def aal(self) -> int:
        """A passkey with user verification is two factors; of a provider's proof only one is known."""
        return 1 if self in (SignInMethod.PASSWORD, SignInMethod.PROVIDER) else 2


class EndReason(StrEnum):
    SIGNED_OUT = "signed_out"
    ENDED_ELSEWHERE = "ended_elsewhere"  # by the same person, from another sign-in
    REPLAYED = "replayed"
    IDLE = "idle"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a reason
    SECOND_FACTOR_ADDED = "second_factor_added"  # those that a password alone started
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    ROLES_CHANGED = "roles_changed"
    EMAIL_CHANGED = "email_changed"
    ACCESS_ENDED = "access_ended"
    DEPARTURE = "departure"
    DEVICE_REVOKED = "device_revoked"
    PROVIDER_UNLINKED = "provider_unlinked"


class SecondFactorFor(StrEnum):
    """Of whom an agency demands a second factor."""

    NOBODY = "nobody"
    ROLES = "roles"
    EVERYBODY = "everybody"


def needs_second_factor(demand: SecondFactorFor, of_roles: Collection[str], roles: Collection[str]) -> bool:
    """Tell whether the agency demands a second factor of somebody with `roles`."""
    if demand is SecondFactorFor.EVERYBODY:
        return True
    return demand is SecondFactorFor.ROLES and not set(of_roles).isdisjoint(roles)


def secret_matches(given: str, expected: str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest())


def is_employed(employed_from: date, employed_to: date | None, on: date) -> bool:
    """Tell whether `on` lies in the employment, both ends included."""
    return employed_from <= on and (employed_to is None or on <= employed_to)


def access_until(expires_at: datetime, employed_to: date | None, zone: str) -> datetime:
    """Return the instant that no access token outlives: the sign-in's own limit or the end of the last day."""
    if employed_to is None:
        return expires_at
    midnight = datetime.combine(employed_to + timedelta(days=1), time(), ZoneInfo(zone))
    return min(expires_at, midnight)


def is_token_usable(expires_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    return ended_at is None and now < expires_at


def is_idle(last_used_at: datetime, idle: timedelta, now: datetime) -> bool:
    return now - last_used_at > idle


def administrators_remain(others: Collection[tuple[date, date | None]], today: date) -> bool:
    """Tell whether one of the others, given by their days of employment, administers the agency today."""
    return any(is_employed(first, last, today) for first, last in others)
