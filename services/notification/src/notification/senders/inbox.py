"""The inbox of a member of staff: what is told stands there already, so nothing has to travel."""

from notification.senders.outgoing import Outgoing, Receipt


class Inbox:
    """Takes everything at once."""

    async def send(self, _: Outgoing) -> Receipt:
        return Receipt()

    async def look(self, _: Outgoing) -> Receipt:
        return Receipt()
