"""Codes of an authenticator app (RFC 6238) and recovery codes: pure decisions."""

import base64
import hashlib
import hmac
import re
from datetime import datetime

import pyotp

STEP_SECONDS = 30
DRIFT = 1  # steps a phone's clock may be off, each way
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits; NIST SP 800-63B-4 asks for 64
ISSUER = "Handrail"


def matching_step(secret: str, code: str, at: datetime, last_step: int) -> int | None:
    """Return the time step whose code this is, or None. A step that was used, or an earlier one, never matches."""
    if not re.fullmatch(r"[0-9]{6}", code):
        return None
    now = int(at.timestamp()) // STEP_SECONDS
    codes = pyotp.HOTP(secret)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(codes.at(step), code) and step > last_step:
            found = step
    return found


def enrolment_uri(secret: str, account: str) -> str:
    """Return what an authenticator app scans."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=account, issuer_name=ISSUER)


def compact(code: str) -> str:
    """Return a code without the spaces and dashes that people type."""
    return re.sub(r"[\s-]", "", code).upper()


def recovery_code(random: bytes) -> str:
    """Write random bytes as a code in groups of four, such as `ABCD-EFGH-…`."""
    text = base64.b32encode(random).decode()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def recovery_digest(staff_id: object, code: str) -> bytes:
    """Return what is stored of a recovery code; 80 random bits need no slow hash."""
    return hashlib.sha256(f"recovery|{staff_id}|{compact(code)}".encode()).digest()
