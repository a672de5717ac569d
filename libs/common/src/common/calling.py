"""Asking another service as a service: with a token for one agency, kept until shortly before it expires."""

import time
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel, SecretStr

EARLY_SECONDS = 30.0  # a token is replaced this long before it expires


class Token(BaseModel):
    access_token: SecretStr
    expires_in: int


class Calling:
    """Calls under one service's name; workforce gives the tokens."""

    def __init__(self, http: httpx.AsyncClient, service: str, workforce_url: str, secret: SecretStr) -> None:
        self._http = http
        self._service = service
        self._workforce_url = workforce_url
        self._secret = secret
        self._tokens: dict[UUID, tuple[SecretStr, float]] = {}

    async def call(self, agency_id: UUID, method: str, url: str, **sent: Any) -> httpx.Response:
        """Return what a service answered, whatever it was; once more with a new token if workforce changed its keys.

        Raises `httpx.HTTPError` or `ValueError` where nobody answers, or no token is to be had.
        """
        answer = await self._ask(agency_id, method, url, sent)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            del self._tokens[agency_id]
            answer = await self._ask(agency_id, method, url, sent)
        return answer

    async def _ask(self, agency_id: UUID, method: str, url: str, sent: dict[str, Any]) -> httpx.Response:
        token = await self._token(agency_id)
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} | sent.get("headers", {})
        return await self._http.request(method, url, **(sent | {"headers": headers}))

    async def _token(self, agency_id: UUID) -> SecretStr:
        known = self._tokens.get(agency_id)
        if known and known[1] > time.monotonic():
            return known[0]
        body = {"service": self._service, "secret": self._secret.get_secret_value(), "agency_id": str(agency_id)}
        asked_at = time.monotonic()
        answer = await self._http.post(f"{self._workforce_url}/v1/service-tokens", json=body)
        token = Token.model_validate(answer.raise_for_status().json())
        self._tokens[agency_id] = token.access_token, asked_at + token.expires_in - EARLY_SECONDS
        return token.access_token
