"""What every sender sends, and the three ways in which sending can fail."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Outgoing:
    """One letter on its way out; `address` lives in memory only, while it is being sent."""

    message_id: UUID
    address: str = field(repr=False)
    language: str
    subject: str
    text: str
    written_at: datetime


class NotSent(Exception):
    """Nothing was accepted; `code` says why, without quoting the server, which may quote the address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Rejected(NotSent):
    """Permanent: the same message would be refused again."""


class Unreachable(NotSent):
    """Transient: nothing was accepted, and a later try may succeed."""


class OutcomeUnknown(Exception):
    """The server had the whole message and did not answer: it may have been accepted, so nobody may try again."""


class Sender(Protocol):
    """A way out, such as e-mail."""

    async def send(self, message: Outgoing) -> None:
        """Return when the message was accepted. Raises `Rejected`, `Unreachable` or `OutcomeUnknown`."""
