"""Where staff can be reached: asked of workforce at the moment of sending, and never kept."""

import time
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from notification.senders.outgoing import Rejected, Unreachable

SERVICE = "notification"
EARLY_SECONDS = 30.0  # a token is replaced this long before it expires


class Contact(BaseModel):
    email: str
    language: str


class Token(BaseModel):
    access_token: SecretStr
    expires_in: int


class Directory:
    """Asks workforce, with a token for each agency that is kept until shortly before it expires."""

    def __init__(self, http: httpx.AsyncClient, workforce_url: str, secret: SecretStr) -> None:
        self._http = http
        self._url = workforce_url
        self._secret = secret
        self._tokens: dict[UUID, tuple[SecretStr, float]] = {}

    async def contact(self, agency_id: UUID, staff_id: UUID) -> Contact:
        """Return how to reach a member of staff. Raises `Rejected` if there is none, or `Unreachable`."""
        try:
            answer = await self._ask(agency_id, staff_id)
            if answer.status_code == httpx.codes.UNAUTHORIZED:  # workforce changed its keys
                del self._tokens[agency_id]
                answer = await self._ask(agency_id, staff_id)
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise Rejected("recipient-unknown")
            return Contact.model_validate(_body(answer))
        except (httpx.HTTPError, ValidationError, ValueError) as error:
            raise Unreachable("contact-unavailable") from error

    async def _ask(self, agency_id: UUID, staff_id: UUID) -> httpx.Response:
        token = await self._token(agency_id)
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        return await self._http.get(f"{self._url}/v1/staff/{staff_id}/contact", headers=headers)

    async def _token(self, agency_id: UUID) -> SecretStr:
        known = self._tokens.get(agency_id)
        if known and known[1] > time.monotonic():
            return known[0]
        body = {"service": SERVICE, "secret": self._secret.get_secret_value(), "agency_id": str(agency_id)}
        asked_at = time.monotonic()
        answer = await self._http.post(f"{self._url}/v1/service-tokens", json=body)
        token = Token.model_validate(_body(answer))
        self._tokens[agency_id] = token.access_token, asked_at + token.expires_in - EARLY_SECONDS
        return token.access_token


def _body(answer: httpx.Response) -> Any:
    return answer.raise_for_status().json()
