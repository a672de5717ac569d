"""What notification tells: that a message left, or could not."""

from uuid import UUID

from common.contracts.envelope import ConsentAppliedFacts, Fact, Facts

SERVICE = "notification"


class MessageFacts(Facts):
    message_id: UUID
    template: str
    channel: str
    recipient_id: UUID
    attempts: int


MESSAGE_SENT = Fact(SERVICE, "message-sent", MessageFacts)
MESSAGE_FAILED = Fact(SERVICE, "message-failed", MessageFacts)
CONSENT_APPLIED = Fact(SERVICE, "consent-applied", ConsentAppliedFacts)
