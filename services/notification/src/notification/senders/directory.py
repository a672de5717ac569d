"""Where staff can be reached: asked of workforce at the moment of sending, and never kept."""

from uuid import UUID

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from common.calling import Calling
from notification.senders.outgoing import Rejected, Unreachable


class Contact(BaseModel):
    email: str
    language: str


class Directory:
    """Asks the services that know, as notification."""

    def __init__(self, http: httpx.AsyncClient, workforce_url: str, secret: SecretStr) -> None:
        self._calling = Calling(http, "notification", workforce_url, secret)
        self._workforce_url = workforce_url

    async def contact(self, agency_id: UUID, staff_id: UUID) -> Contact:
        """Return how to reach a member of staff. Raises `Rejected` if there is none, or `Unreachable`."""
        try:
            answer = await self._calling.call(agency_id, "GET", f"{self._workforce_url}/v1/staff/{staff_id}/contact")
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise Rejected("recipient-unknown")
            return Contact.model_validate(answer.raise_for_status().json())
        except (httpx.HTTPError, ValidationError, ValueError) as error:
            raise Unreachable("contact-unavailable") from error
