"""What the environment may change for notification."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from common.settings import ServiceSettings

TWILIO = "https://api.twilio.com"
# An empty variable is how a compose file says that there is none.
Unset = BeforeValidator(lambda value: None if value == "" else value)


class Settings(ServiceSettings):
    workforce_url: str = Field(
        description="workforce's API, which knows how to reach staff; without a slash at the end"
    )
    intake_url: str = Field(
        description="intake's API, which knows how persons may be reached; without a slash at the end"
    )
    service_secret: SecretStr = Field(description="what this service shows workforce to get a token")
    public_url: str = Field(default="http://localhost:8000", description="the sign-in page, printed as given")
    smtp_host: str = Field(description="the mail server")
    smtp_port: int = Field(ge=1, le=65535, description="its port")
    smtp_username: Annotated[str | None, Unset] = Field(default=None, description="if it asks for a sign-in")
    smtp_password: Annotated[SecretStr | None, Unset] = Field(default=None, description="goes with `smtp_username`")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="none", description="`starttls` and `tls` insist on encryption and on a valid certificate"
    )
    smtp_timeout: timedelta = Field(
        default=timedelta(seconds=10),
        gt=timedelta(0),
        le=timedelta(seconds=30),
        description="for each step of the dialogue; all steps together must end before an outcome counts as unknown",
    )
    sender_address: str = Field(
        default="handrail@localhost", pattern=r"^[^@\s]+@[^@\s]+$", description="who letters are from; keep it neutral"
    )
    own_url: str | None = Field(
        default=None, description="where providers reach this service; `<public_url>/api/notification` unless given"
    )
    twilio_account_sid: Annotated[str | None, Unset] = Field(default=None, description="AC…; without it no texts")
    twilio_key_sid: Annotated[str | None, Unset] = Field(default=None, description="SK…, an API key of that account")
    twilio_key_secret: Annotated[SecretStr | None, Unset] = Field(default=None, description="goes with it")
    twilio_auth_token: Annotated[SecretStr | None, Unset] = Field(default=None, description="signs its webhooks")
    twilio_sender: Annotated[str | None, Unset] = Field(
        default=None, description="our number in E.164, or MG…, a messaging service; register a neutral name for it"
    )
    twilio_url: str = Field(default=TWILIO, description="Twilio's API")
    brand: str = Field(
        default="Messages", max_length=30, description="the neutral name under which texts are registered; HELP says it"
    )
    inbound_agency: Annotated[UUID | None, Unset] = Field(
        default=None, description="who reads texts from numbers that nobody knows, if there are several agencies"
    )
    push_private_key: Annotated[SecretStr | None, Unset] = Field(
        default=None, description="VAPID: 32 bytes, base64url; without it no push. A new one ends every subscription"
    )
    push_contact: str = Field(
        default="mailto:handrail@localhost",
        pattern=r"^(mailto:|https://)",
        description="how push services reach the operator",
    )
    webhook_hosts: list[str] = Field(
        default=[], description="hosts (with a port where it is not 443) that agencies may have facts sent to"
    )
    outside_networks: list[IPv4Network | IPv6Network] = Field(
        default=[], description="private networks that webhooks and pushes may go to, beside the public Internet"
    )
    outside_insecure: bool = Field(default=False, description="plain HTTP for both; only on a developer's machine")
    retry_scale: float = Field(default=1.0, gt=0, le=10, description="stretches or shortens the pauses between tries")

    @model_validator(mode="after")
    def _all_of_twilio_or_nothing(self) -> Self:
        given = [self.twilio_account_sid, self.twilio_key_sid, self.twilio_key_secret]
        given += [self.twilio_auth_token, self.twilio_sender]
        if any(given) and not all(given):
            raise ValueError("give all five of twilio_account_sid, _key_sid, _key_secret, _auth_token and _sender")
        return self

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("give smtp_username and smtp_password together")
        if self.smtp_password is not None and self.smtp_security == "none":
            raise ValueError("a password needs smtp_security starttls or tls")
        return self
