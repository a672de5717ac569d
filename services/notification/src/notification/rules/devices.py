"""What holds of a device on which somebody is told: which addresses may be, and how a number is confirmed."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

CONFIRM_DEVICE = "confirm-device"
CODE_DIGITS = 6  # NIST SP 800-63B-4, 3.1.3: at least six digits, valid for at most ten minutes
CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5
CODES_A_DAY = 5
DEVICES_MOST = 10
NUMBER = re.compile(r"\+1[2-9]\d{2}[2-9]\d{6}")  # E.164, North American numbering plan
P256_POINT_BYTES = 65
AUTH_BYTES = 16
URL_MOST = 1000


def require_number(number: str) -> str:
    """Return a number as it is. Raises `ValueError`, without quoting it."""
    if not NUMBER.fullmatch(number):
        raise ValueError("must be a U.S. number with +1 and ten digits, such as +12025550123")
    return number


def require_endpoint(url: str) -> str:
    """Return a push service's address as it is: a public HTTPS one. Raises `ValueError`, without quoting it."""
    if len(url) > URL_MOST or not url.isascii() or not url.isprintable():
        raise ValueError("must be the endpoint of a push subscription")
    parts = urlsplit(url)
    host = parts.hostname or ""
    plain = parts.username is None and parts.password is None and parts.port in (None, 443)
    if parts.scheme != "https" or not plain or "." not in host or _is_address(host) or host.endswith((".local", ".")):
        raise ValueError("must be the HTTPS endpoint that the browser's push service gave")
    return url


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rpartition(".")[2].isdigit()
    return True


def require_key(text: str, length: int) -> str:
    """Return base64url as it is. Raises `ValueError` unless it is so many bytes."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64url") from None
    if len(decoded) != length:
        raise ValueError(f"must be {length} bytes in base64url")
    return text


def code(key: bytes, device_id: UUID, code_round: int) -> str:
    """Return the code of one round; it follows from the agency's key, so that it is kept nowhere."""
    digest = hmac.digest(key, f"device-code|{device_id}|{code_round}".encode(), hashlib.sha256)
    return str(int.from_bytes(digest[:8]) % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def is_right(expected: str, given: str) -> bool:
    """Compare two codes in a time that tells nothing."""
    return hmac.compare_digest(expected.encode(), given.encode())


def is_over(sent_at: datetime | None, wrong_codes: int, now: datetime) -> bool:
    """Tell whether a code can no longer be given: too old, or guessed at too often."""
    return sent_at is None or now - sent_at > CODE_LASTS or wrong_codes >= CODE_TRIES
