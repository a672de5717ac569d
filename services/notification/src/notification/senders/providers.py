"""What this installation sends with, beside its mail server."""

from dataclasses import dataclass

import httpx

from notification.rules.messages import Channel
from notification.senders.hooks import HookSender
from notification.senders.outgoing import Sender
from notification.senders.outside import Network, Outside
from notification.senders.push import PushSender, Vapid
from notification.senders.twilio import Account, TwilioSender


@dataclass(frozen=True)
class Providers:
    """Null: that way out is not set up. `webhook_hosts`: the operator's allow-list; none: no webhooks at all.

    `brand`: the neutral name that HELP is answered with.
    `insecure`: whether plain HTTP may be used to addresses of others, as on a developer's machine.
    """

    twilio: Account | None = None
    vapid: Vapid | None = None
    webhook_hosts: frozenset[str] = frozenset()
    private: tuple[Network, ...] = ()
    brand: str = ""
    insecure: bool = False

    def senders(self, http: httpx.AsyncClient) -> dict[Channel, Sender]:
        """Return the ways out that are set up."""
        senders: dict[Channel, Sender] = {}
        if self.twilio is not None:
            senders[Channel.SMS] = TwilioSender(http, self.twilio)
        if self.vapid is not None:
            senders[Channel.PUSH] = PushSender(self._outside(http), self.vapid)
        return senders

    def hooks(self, http: httpx.AsyncClient) -> HookSender:
        return HookSender(self._outside(http), self.webhook_hosts)

    def _outside(self, http: httpx.AsyncClient) -> Outside:
        return Outside(http, self.private, self.insecure)
