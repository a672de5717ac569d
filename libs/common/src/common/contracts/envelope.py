"""The CloudEvents 1.0 envelope that carries every fact, and the list of facts that exist."""

from datetime import UTC, datetime
from typing import ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Facts(BaseModel):
    """The state of one aggregate after a fact: ids, codes, instants and amounts, never words about a person.

    Readers ignore fields they do not know, so a later minor version stays readable.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)


class ConsentAppliedFacts(Facts):
    """A service has applied one state of a consent: from here on it refuses whatever depended on an earlier one."""

    consent_id: UUID
    consent_seq: int = Field(ge=1, description="`aggregateseq` of the consent's event")
    applied_at: AwareDatetime


class IdentityReleaseFacts(Facts):
    """An auditor from outside was shown who stands behind a figure, on a written agreement (42 CFR 2.53)."""

    release_id: UUID
    agreement_id: UUID
    participant_ids: list[UUID] = Field(max_length=500)
    staff_id: UUID
    released_at: AwareDatetime


D = TypeVar("D", bound=Facts)


class CloudEvent(BaseModel, Generic[D]):
    """One fact on the wire. `id` is a UUIDv7, also the message id; `subject` is the aggregate's id."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(description="/<service>")
    type: str = Field(description="handrail.<service>.<fact>.v<n>, also the NATS subject")
    subject: UUID = Field(description="id of the aggregate that changed")
    time: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC), description="when it was recorded")
    dataschema: str | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    agencyid: UUID
    aggregateseq: int = Field(ge=1, description="grows with every fact about this aggregate")
    traceparent: str | None = None
    data: D


class Fact:
    """A kind of event: its wire type and the model of its data."""

    known: ClassVar[dict[str, "Fact"]] = {}

    def __init__(self, service: str, name: str, data: type[Facts], version: int = 1) -> None:
        self.service = service
        self.name = name
        self.data = data
        self.type = f"handrail.{service}.{name}.v{version}"
        self.envelope: type[CloudEvent[Facts]] = CloudEvent[data]  # type: ignore[valid-type]  # a class made at run time
        Fact.known[self.type] = self

    def __repr__(self) -> str:
        return f"Fact({self.type})"
