"""What every sender sends, what it answers, and the three ways in which sending can fail."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Outgoing:
    """One message on its way out; `address` lives in memory only, while it is being sent.

    `address`: an e-mail address, a number in E.164, a push subscription or a URL, as the channel has it.
    `number`: of the attempt, from 1. `link`: where a tap leads; it shows nothing before somebody signs in.
    `agency_id`: whose message it is, so that a provider's later word finds it. `unsubscribe`: where one click stops
    all letters to this address; it names nobody.
    """

    message_id: UUID
    address: str = field(repr=False)
    language: str
    subject: str
    text: str
    written_at: datetime
    number: int = 1
    urgent: bool = False
    link: str | None = None
    agency_id: UUID | None = None
    unsubscribe: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Receipt:
    """That a provider took a message. `provider_id`: its own name for it, if it gives one."""

    provider_id: str | None = None


class NotSent(Exception):
    """Nothing was accepted; `code` says why, without quoting the server, which may quote the address."""

    def __init__(self, code: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


class Rejected(NotSent):
    """Permanent: the same message would be refused again."""


class Unreachable(NotSent):
    """Transient: nothing was accepted, and a later try may succeed, after `retry_after` if the provider named it."""


class OutcomeUnknown(Exception):
    """The server had the whole message and did not answer: it may have been accepted, so nobody may try again."""


class Sender(Protocol):
    """A way out, such as e-mail."""

    async def send(self, message: Outgoing) -> Receipt:
        """Return when the message was accepted. Raises `Rejected`, `Unreachable` or `OutcomeUnknown`."""

    async def look(self, message: Outgoing) -> Receipt | None:
        """Ask the provider what became of a message whose outcome is unknown: taken, or null: it never had it.

        Raises `OutcomeUnknown` where the provider cannot be asked, `Unreachable` while it does not answer.
        """
