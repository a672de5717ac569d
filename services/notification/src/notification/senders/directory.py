"""Where people can be reached: asked of workforce and intake at the moment of sending, and never kept."""

from datetime import datetime, time
from typing import TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationError

from common.calling import Calling
from notification.rules.messages import Channel
from notification.senders.outgoing import Rejected, Unreachable

Asked = TypeVar("Asked", bound=BaseModel)


class Contact(BaseModel):
    email: str
    language: str


class ReachWay(BaseModel):
    channel: Channel
    address: str = Field(repr=False)
    never: bool
    locked: bool


class ReachHours(BaseModel):
    weekdays: frozenset[int]
    begins: time
    ends: time


class Reach(BaseModel):
    """How a person wants to be reached; `participant_id`: whom the record stands for, if it was merged."""

    participant_id: UUID
    language: str
    zone: str | None
    may_text: bool
    safe_hours: list[ReachHours]
    confirmed_at: datetime | None
    ways: list[ReachWay]


class Directory:
    """Asks the services that know, as notification."""

    def __init__(self, http: httpx.AsyncClient, workforce_url: str, intake_url: str, secret: SecretStr) -> None:
        self._calling = Calling(http, "notification", workforce_url, secret)
        self._workforce_url = workforce_url
        self._intake_url = intake_url

    async def contact(self, agency_id: UUID, staff_id: UUID) -> Contact:
        """Return how to reach a member of staff. Raises `Rejected` if there is none, or `Unreachable`."""
        return await self._ask(agency_id, f"{self._workforce_url}/v1/staff/{staff_id}/contact", Contact)

    async def reach(self, agency_id: UUID, participant_id: UUID) -> Reach:
        """Return how to reach a person, as they said it. Raises `Rejected` if there is none, or `Unreachable`."""
        return await self._ask(agency_id, f"{self._intake_url}/v1/participants/{participant_id}/reach", Reach)

    async def raise_concern(self, agency_id: UUID, concern_id: UUID, participant_id: UUID) -> None:
        """Have intake open a safety concern about a person who wrote; again changes nothing. Raises `NotSent`."""
        try:
            url = f"{self._intake_url}/v1/safety-concerns/{concern_id}"
            answer = await self._calling.call(agency_id, "PUT", url, json={"participant_id": str(participant_id)})
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise Rejected("recipient-unknown")
            answer.raise_for_status()
        except (httpx.HTTPError, ValueError):
            raise Unreachable("intake-unavailable") from None

    async def _ask(self, agency_id: UUID, url: str, kind: type[Asked]) -> Asked:
        try:
            answer = await self._calling.call(agency_id, "GET", url)
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise Rejected("recipient-unknown")
            return kind.model_validate(answer.raise_for_status().json())
        except (httpx.HTTPError, ValidationError, ValueError):
            raise Unreachable("contact-unavailable") from None  # an error would quote what was answered
