"""What the environment may change for notification."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from common.settings import ServiceSettings

# An empty variable is how a compose file says that there is none.
Unset = BeforeValidator(lambda value: None if value == "" else value)


class Settings(ServiceSettings):
    workforce_url: str = Field(
        description="workforce's API, which knows how to reach staff; without a slash at the end"
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
    retry_scale: float = Field(default=1.0, gt=0, le=10, description="stretches or shortens the pauses between tries")

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("give smtp_username and smtp_password together")
        if self.smtp_password is not None and self.smtp_security == "none":
            raise ValueError("a password needs smtp_security starttls or tls")
        return self
