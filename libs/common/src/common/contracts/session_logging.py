"""What session-logging tells: sessions, groups and mutual-aid attendance, without their notes."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.contracts.codes import (
    Activity,
    CollateralRole,
    CredentialType,
    DeliveryMethod,
    Format,
    Location,
    Modality,
    MutualAid,
    NoteElement,
    Outcome,
    SessionStatus,
    UnitMethod,
)
from common.contracts.envelope import ConsentAppliedFacts, Fact, Facts, IdentityReleaseFacts

SERVICE = "session-logging"


class SessionFacts(Facts):
    """One person's session; a group gives every attendee one, joined by `group_id`."""

    session_id: UUID
    participant_id: UUID
    episode_id: UUID
    program_id: UUID
    staff_id: UUID
    group_id: UUID | None = None
    modality: Modality
    format: Format
    delivery_method: DeliveryMethod
    location: Location | None = None
    service_code: str | None = Field(default=None, description="HCPCS code, such as H0038")
    modifiers: list[str] = []
    activities: list[Activity]
    goal_ids: list[UUID] = []
    started_at: AwareDatetime
    ended_at: AwareDatetime
    zone: str
    service_date: date = Field(description="calendar day of the start in `zone`")
    minutes: int = Field(ge=0)
    units: Decimal = Field(ge=0, description="of 15 minutes, by `unit_method`")
    unit_method: UnitMethod
    outcome: Outcome
    status: SessionStatus
    missing_elements: list[NoteElement] = Field(default=[], description="required note elements that are not there")
    signed_at: AwareDatetime | None = None
    credential_at_signing: CredentialType | None = None
    recorded_at: AwareDatetime
    imported: bool = False


class GroupFacts(Facts):
    group_id: UUID
    program_id: UUID
    staff_id: UUID
    co_facilitator_id: UUID | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime
    size: int = Field(ge=1, description="people present, the facilitators not counted")
    imported: bool = False


class MutualAidFacts(Facts):
    """A count of one: this person went to a meeting of this kind on this day."""

    attendance_id: UUID
    participant_id: UUID
    mutual_aid: MutualAid
    attended_on: date
    imported: bool = False


class CollateralFacts(Facts):
    """Somebody outside was spoken with about a person, on a consent that names them."""

    contact_id: UUID
    participant_id: UUID
    consent_id: UUID
    recipient_place: int = Field(ge=0, description="the recipient's place in the consent's list, from 0")
    role: CollateralRole
    staff_id: UUID
    contacted_at: AwareDatetime


SESSION_RECORDED = Fact(SERVICE, "session-recorded", SessionFacts)
SESSION_CHANGED = Fact(SERVICE, "session-changed", SessionFacts)
SESSION_SIGNED = Fact(SERVICE, "session-signed", SessionFacts)
SESSION_AMENDED = Fact(SERVICE, "session-amended", SessionFacts)
GROUP_HELD = Fact(SERVICE, "group-held", GroupFacts)
MUTUAL_AID_ATTENDED = Fact(SERVICE, "mutual-aid-attended", MutualAidFacts)
COLLATERAL_CONTACTED = Fact(SERVICE, "collateral-contacted", CollateralFacts)
CONSENT_APPLIED = Fact(SERVICE, "consent-applied", ConsentAppliedFacts)
IDENTITIES_RELEASED = Fact(SERVICE, "identities-released", IdentityReleaseFacts)
