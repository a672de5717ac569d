"""What notification remembers: messages and their attempts, and what it heard of staff, notes and papers.

No name, address or phone number: how to reach somebody is asked of workforce when a message leaves.
"""

from notification.models.contact import (
    CONSENT_SHOWN,
    INBOUND_WORDS,
    REPLY_WORDS,
    ContactStanding,
    Correspondent,
    Inbound,
    MessageConsent,
    MessageTemplate,
    Reply,
)
from notification.models.heard import (
    Agency,
    Assignment,
    BreakGlass,
    Consent,
    Merge,
    NoteState,
    OverdueNote,
    Package,
    Staff,
    Supervision,
)
from notification.models.messages import DeliveryAttempt, Due, Message
from notification.models.safety import Climb, Duty, Escalation
from notification.models.schema import HEARD, READ_BY_WORKER, TABLES, Model
from notification.models.told import Appointment, Morning, Plan, PlanReview, SupervisionHeld, ToldOf, Upcoming
from notification.models.webhooks import (
    WEBHOOK_OLD_SECRET,
    WEBHOOK_REASON,
    WEBHOOK_SECRET,
    WEBHOOK_URL,
    Webhook,
    WebhookDelivery,
    WebhookDue,
)
from notification.models.wishes import DEVICE_ADDRESS, Device, Preference

__all__ = [
    "CONSENT_SHOWN",
    "DEVICE_ADDRESS",
    "HEARD",
    "INBOUND_WORDS",
    "READ_BY_WORKER",
    "REPLY_WORDS",
    "TABLES",
    "WEBHOOK_OLD_SECRET",
    "WEBHOOK_REASON",
    "WEBHOOK_SECRET",
    "WEBHOOK_URL",
    "Agency",
    "Appointment",
    "Assignment",
    "BreakGlass",
    "Climb",
    "Consent",
    "ContactStanding",
    "Correspondent",
    "DeliveryAttempt",
    "Device",
    "Due",
    "Duty",
    "Escalation",
    "Inbound",
    "Merge",
    "Message",
    "MessageConsent",
    "MessageTemplate",
    "Model",
    "Morning",
    "NoteState",
    "OverdueNote",
    "Package",
    "Plan",
    "PlanReview",
    "Preference",
    "Reply",
    "Staff",
    "Supervision",
    "SupervisionHeld",
    "ToldOf",
    "Upcoming",
    "Webhook",
    "WebhookDelivery",
    "WebhookDue",
]
