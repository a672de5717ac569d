"""How a person or program asks notification: a file for each noun, each with its own router."""

from notification.api import (
    consents,
    devices,
    duties,
    escalations,
    inbox,
    messages,
    preferences,
    replies,
    twilio,
    webhooks,
)

ROUTERS = (
    consents.router,
    devices.router,
    duties.router,
    escalations.router,
    inbox.router,
    messages.router,
    preferences.router,
    replies.router,
    twilio.router,
    webhooks.router,
)
PUBLIC: frozenset[str] = twilio.PUBLIC | replies.PUBLIC
MEDIA: dict[str, frozenset[str]] = {**twilio.MEDIA, **replies.MEDIA}
