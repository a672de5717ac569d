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
    templates,
    twilio,
    unsubscribe,
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
    templates.router,
    twilio.router,
    unsubscribe.router,
    webhooks.router,
)
PUBLIC: frozenset[str] = twilio.PUBLIC | replies.PUBLIC | unsubscribe.PUBLIC
MEDIA: dict[str, frozenset[str]] = {**twilio.MEDIA, **replies.MEDIA, **unsubscribe.MEDIA}
