"""Text messages through Twilio's REST API, and the proof that a webhook is Twilio's.

See www.twilio.com/docs/messaging/api/message-resource and www.twilio.com/docs/usage/webhooks/webhooks-security.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from pydantic import SecretStr

from notification.senders.outgoing import OutcomeUnknown, Outgoing, Receipt, Rejected, Unreachable
from notification.senders.outside import exchange, retry_after

API = "https://api.twilio.com"
STATUS_PATH = "/v1/twilio/status"
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
FIELDS_MOST = 100
LISTED = 100
CLOCKS_APART = timedelta(minutes=2)
# What Twilio says of a recipient or a message for good. Whatever it says against us may be put right meanwhile.
REFUSALS = {
    21211: "address-malformed",
    21217: "address-malformed",
    21265: "recipient-unreachable",
    21610: "recipient-stopped",
    21612: "recipient-unreachable",
    21614: "recipient-unreachable",
    21617: "message-too-long",
}


@dataclass(frozen=True)
class Account:
    """Our account. `sender`: a number in E.164, or the id of a messaging service (MG…).

    `key_sid` and `key_secret`: an API key, which can be withdrawn by itself. `token`: signs the webhooks.
    `own_url`: under which Twilio reaches this service.
    """

    sid: str
    key_sid: str
    key_secret: SecretStr
    token: SecretStr
    sender: str
    own_url: str
    api: str = API

    @property
    def messages(self) -> str:
        return f"{self.api}/2010-04-01/Accounts/{self.sid}/Messages.json"

    def status_url(self, message: Outgoing) -> str | None:
        """Return where Twilio tells what became of an attempt: ids only."""
        if message.agency_id is None:
            return None
        asked = {"agency": message.agency_id, "message": message.message_id, "number": message.number}
        return f"{self.own_url}{STATUS_PATH}?{urlencode(asked)}"


class TwilioSender:
    """Hands text messages to Twilio."""

    def __init__(self, http: httpx.AsyncClient, account: Account) -> None:
        self._http = http
        self._account = account

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a text message over. Raises `Rejected`, `Unreachable` or `OutcomeUnknown`."""
        if not NUMBER.fullmatch(message.address):
            raise Rejected("address-malformed")
        answer = await self._ask("POST", data=self._form(message))
        if answer.is_success:
            return Receipt(_sid(answer))
        raise _refusal(answer, message.written_at)

    def _form(self, message: Outgoing) -> dict[str, str]:
        ours = self._account.sender
        form = {"To": message.address, "Body": message.text.strip(), "SmartEncoded": "false"}
        form["MessagingServiceSid" if ours.startswith("MG") else "From"] = ours
        if told := self._account.status_url(message):
            form["StatusCallback"] = told
        return form

    async def look(self, message: Outgoing) -> Receipt | None:
        """Return whether Twilio has a message with these words to this number since the attempt began.

        The list is not narrowed by DateSent, which a message in Twilio's queue does not have yet.
        """
        try:
            answer = await self._ask("GET", params={"To": message.address, "PageSize": str(LISTED)})
        except OutcomeUnknown as error:
            raise Unreachable("provider-unreachable") from error
        if not answer.is_success:
            raise Unreachable("provider-unavailable", retry_after=retry_after(answer, message.written_at))
        return next((Receipt(str(one["sid"])) for one in _listed(answer) if _is_it(one, message)), None)

    async def _ask(self, method: str, **sent: Any) -> httpx.Response:
        key = httpx.BasicAuth(self._account.key_sid, self._account.key_secret.get_secret_value())
        request = self._http.build_request(method, self._account.messages, **sent)
        # The key goes in here and not by `send(auth=…)`, which would follow a challenge with the secret once more.
        return await exchange(self._http, next(key.auth_flow(request)))


def _sid(answer: httpx.Response) -> str:
    """Return Twilio's name for what it took. Raises `OutcomeUnknown` if the answer says nothing readable."""
    try:
        return str(answer.json()["sid"])
    except (ValueError, KeyError, TypeError) as error:
        raise OutcomeUnknown from error


def _refusal(answer: httpx.Response, now: datetime) -> Exception:
    """Return what an answer that is no success means; a 5xx but 503 may come after the message was taken."""
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Unreachable("throttled", retry_after=retry_after(answer, now))
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        return Unreachable("provider-unavailable", retry_after=retry_after(answer, now))
    if answer.is_server_error:
        return OutcomeUnknown()
    code = REFUSALS.get(_code(answer))
    return Rejected(code) if code else Unreachable("provider-refused")


def _code(answer: httpx.Response) -> int:
    try:
        return int(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return 0


def _listed(answer: httpx.Response) -> list[Mapping[str, Any]]:
    try:
        return [one for one in answer.json()["messages"] if isinstance(one, dict)]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreachable("provider-unavailable") from error


def _is_it(one: Mapping[str, Any], message: Outgoing) -> bool:
    """Tell whether a listed message is this one; two clocks are never quite the same."""
    try:
        created = parsedate_to_datetime(str(one["date_created"]))
        same = (one["to"], str(one["body"]).strip()) == (message.address, message.text.strip())
        return same and "sid" in one and created >= message.written_at - CLOCKS_APART
    except (KeyError, ValueError, TypeError):
        return False


def form_of(body: bytes) -> dict[str, str]:
    """Return the fields of a webhook's body. Raises `ValueError` if it is no form."""
    pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MOST)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands twice")
    return fields


def is_genuine(url: str, params: Mapping[str, str], signature: str, token: SecretStr) -> bool:
    """Tell whether Twilio signed a webhook to `url` (as Twilio was told it, with its query).

    Twilio signs the URL with or without the scheme's own port, so both count.
    """
    said = "".join(name + params[name] for name in sorted(params))
    key = token.get_secret_value().encode()
    given = signature.encode("ascii", "replace")
    return any(
        hmac.compare_digest(base64.b64encode(hmac.digest(key, (one + said).encode(), hashlib.sha1)), given)
        for one in (url, _with_port(url))
    )


def _with_port(url: str) -> str:
    parts = urlsplit(url)
    if parts.port is not None:
        return url
    return parts._replace(netloc=f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}").geturl()
