"""E-mail by SMTP, one dialogue a message, so that it is always known how far it came."""

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from typing import Literal

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException
from pydantic import SecretStr

from notification.senders.outgoing import OutcomeUnknown, Outgoing, Receipt, Rejected, Unreachable

NAME = "Handrail"
PERMANENT = 500


@dataclass(frozen=True)
class Server:
    """Where mail is handed over, and how; `timeout` is for each step of the dialogue."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    timeout: timedelta
    username: str | None = None
    password: SecretStr | None = None


class SmtpSender:
    """Hands letters to one SMTP server."""

    def __init__(self, server: Server, sender_address: str) -> None:
        self._server = server
        self._from = Address(NAME, addr_spec=sender_address)

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a letter over. Raises `Rejected`, `Unreachable` or `OutcomeUnknown`.

        A server's 5xx about this recipient or this letter is final. Whatever it says against us (sign-in, sender),
        and every 4xx, may be put right in the meantime, so it counts as unreachable, as silence before the letter does.
        """
        client = self._client()
        try:
            await client.connect()
            await self._hand_over(client, message)
        except (SMTPRecipientRefused, SMTPDataError) as error:
            raise _verdict(error) from error
        except SMTPResponseException as error:
            raise Unreachable("server-refused") from error
        except (SMTPException, OSError, TimeoutError) as error:
            raise Unreachable("server-unreachable") from error
        finally:
            client.close()
        return Receipt()

    async def look(self, message: Outgoing) -> Receipt | None:
        """Raise `OutcomeUnknown`: SMTP has no way to ask."""
        raise OutcomeUnknown

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password.get_secret_value() if server.password else None,
            local_hostname=self._from.domain,  # not this machine's name, which is nobody's business
            timeout=server.timeout.total_seconds(),
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
        )

    async def _hand_over(self, client: SMTP, message: Outgoing) -> None:
        letter = self._letter(message)
        content = letter.as_bytes()
        options = [] if message.address.isascii() else ["SMTPUTF8"]
        await client.ehlo()
        if options and not client.supports_extension("SMTPUTF8"):
            raise Rejected("address-not-supported")
        await client.mail(self._from.addr_spec, options=options)
        await client.rcpt(message.address, encoding="utf-8")
        await _give(client, content)
        # Accepted: a farewell that fails changes nothing.
        with contextlib.suppress(SMTPException, OSError, TimeoutError):
            await client.quit()

    def _letter(self, message: Outgoing) -> EmailMessage:
        letter = EmailMessage(policy=SMTPUTF8)
        letter["From"] = self._from
        letter["To"] = _recipient(message.address)
        letter["Subject"] = message.subject
        letter["Date"] = format_datetime(message.written_at)
        letter["Message-ID"] = f"<{message.message_id}@{self._from.domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        if message.unsubscribe is not None:  # RFC 8058: the mailbox itself shows a button
            letter["List-Unsubscribe"] = f"<{message.unsubscribe}>"
            letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        letter.set_content(message.text, cte="quoted-printable")
        letter["Content-Language"] = message.language  # after the content, which sweeps such headers away
        return letter


def _recipient(address: str) -> Address:
    """Return the one recipient of `address`. Raises `Rejected` if it is anything but one address."""
    # The library's grammar is ASCII's only, so other letters stand aside while it looks.
    ascii_form = "".join(letter if letter.isascii() else "x" for letter in address)
    try:
        parsed = Address(addr_spec=ascii_form)
    except (MessageError, ValueError, IndexError) as error:
        raise Rejected("address-malformed") from error
    local, _, domain = address.rpartition("@")
    return parsed if address.isascii() else Address(username=local, domain=domain)


async def _give(client: SMTP, content: bytes) -> None:
    """Give the letter itself. From here on silence is no refusal: the server may have taken it."""
    try:
        await client.data(content)
    except SMTPDataError:
        raise
    except (SMTPException, OSError, TimeoutError) as error:
        raise OutcomeUnknown from error


def _verdict(error: SMTPRecipientRefused | SMTPDataError) -> Rejected | Unreachable:
    about = "recipient" if isinstance(error, SMTPRecipientRefused) else "letter"
    return Rejected(f"{about}-refused") if error.code >= PERMANENT else Unreachable(f"{about}-deferred")
