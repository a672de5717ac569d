"""Which papers come before a service, and when somebody outside may be spoken with."""

from dataclasses import dataclass
from datetime import date, datetime

from common.contracts.codes import (
    ConsentStatus,
    Modality,
    Outcome,
)
from common.errors import Refused
from session_logging.rules.units import is_delivered


@dataclass(frozen=True, slots=True)
class HeardConsent:
    """A consent as intake told of it; both days are inclusive, in the agency's zone.

    `recipients`: how many it names; null if nobody told.
    """

    status: ConsentStatus
    signed_at: datetime
    starts_on: date | None = None
    expires_on: date | None = None
    revoked_recipients: frozenset[int] = frozenset()
    ended: bool = False
    revoked_at: datetime | None = None
    recipients: int | None = None


def needs_notice(modality: Modality, outcome: Outcome) -> bool:
    """Tell whether a session is a service that the privacy notice comes before (42 CFR 2.22).

    In a crisis the notice waits; what was not delivered was no service.
    """
    return is_delivered(outcome) and outcome is not Outcome.CRISIS and modality is not Modality.CRISIS_SUPPORT


def require_cover(consent: HeardConsent, place: int, contacted_at: datetime, day: date) -> None:
    """Raise `Refused`, with the ground as its code, unless a consent covers speaking with one of those it names.

    `place`: the recipient's in its list. `day`: of the contact, in the agency's zone. What was relied on before a
    written revocation stays lawful (42 CFR 2.31(a)(6)), so such a contact may still be recorded afterwards. Of a
    suspension, a replacement, a mistake and a recipient taken off we know no instant, so these refuse whatever the day.
    """
    code = _stopped(consent, contacted_at) or _out_of_time(consent, contacted_at, day)
    if code is None and consent.recipients is not None and place >= consent.recipients:
        code = "no-such-recipient"
    if code is None and place in consent.revoked_recipients:
        code = "recipient-revoked"
    if code is not None:
        raise Refused(code, UNCOVERED[code])


def _stopped(consent: HeardConsent, contacted_at: datetime) -> str | None:
    if consent.status is ConsentStatus.REVOKED:
        before = consent.revoked_at is not None and contacted_at < consent.revoked_at
        return None if before else "consent-revoked"
    return None if consent.status is ConsentStatus.ACTIVE else f"consent-{consent.status}"


def _out_of_time(consent: HeardConsent, contacted_at: datetime, day: date) -> str | None:
    if contacted_at < consent.signed_at or (consent.starts_on is not None and day < consent.starts_on):
        return "consent-not-begun"
    if consent.expires_on is not None and day > consent.expires_on:
        return "consent-expired"
    return "consent-ended" if consent.ended else None


UNCOVERED = {
    "consent-revoked": "This consent was revoked before the contact. Tell the privacy officer if it took place.",
    "consent-suspended": "This consent is suspended. Ask the privacy officer whether it may be used again.",
    "consent-superseded": "This consent was replaced by another. Name the one that is in force now.",
    "consent-void": "This consent was found not to be valid. Tell the privacy officer if the contact took place.",
    "consent-not-begun": "This consent had not begun then. Check the time, or name another consent.",
    "consent-expired": "This consent had run out on that day. Ask the person whether they want to sign a new one.",
    "consent-ended": "What this consent was to end with has happened. Ask the person whether to sign a new one.",
    "no-such-recipient": "This consent names no recipient at this place. Count from 0, or ask for one that names them.",
    "recipient-revoked": "The person has taken this recipient off the consent. Do not speak with them about it.",
}
