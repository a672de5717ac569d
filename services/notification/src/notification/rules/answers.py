"""What a provider's later word about a text message means: pure decisions.

Statuses and codes: www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks and
www.twilio.com/docs/api/errors; codes that are not listed here count as `not-delivered`.
"""

# Steps on the way; a message never goes back, though its steps may arrive in any order. Three ends exclude each other.
STEPS = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "delivered": 4,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
    "read": 5,
}
NOT_DELIVERED = frozenset({"undelivered", "failed", "canceled"})
CARRIER_STOP = 21610  # the carrier knows of a STOP of which we have not heard
NOBODYS = frozenset({30005, 30006})  # whoever had the number has it no longer, or never could be texted there
REASONS = {
    30003: "handset-unreachable",
    30004: "blocked-by-recipient",
    30005: "number-unknown",
    30006: "landline-or-unreachable-carrier",
    30007: "filtered-by-carrier",
    CARRIER_STOP: "recipient-stopped",
}


def is_news(known: str | None, said: str) -> bool:
    """Tell whether a status goes beyond the one that is known; both in Twilio's words."""
    return said in STEPS and (known is None or STEPS[said] > STEPS.get(known, -1))


def reason(code: int | None) -> str:
    """Return our code for why something was not delivered."""
    return REASONS.get(code or 0, "not-delivered")
