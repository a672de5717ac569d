"""What the operator may set, and what is refused at start."""

from base64 import b64encode
from typing import Any

import pytest
from pydantic import ValidationError

from notification.settings import Settings

KEY = b64encode(bytes(32)).decode()


def settings(**more: Any) -> Settings:
    values = {
        "database_url": "postgresql+asyncpg://x",
        "root_key": KEY,
        "audit_key": KEY,
        "jwks_url": "http://localhost/jwks",
        "workforce_url": "http://localhost/api/workforce",
        "intake_url": "http://localhost/api/intake",
        "service_secret": "a secret",
        "smtp_host": "localhost",
        "smtp_port": 25,
    }
    return Settings(**(values | more))


def test_the_defaults_suit_a_first_look() -> None:
    chosen = settings()
    assert (chosen.sender_address, chosen.public_url) == ("handrail@localhost", "http://localhost:8000")


@pytest.mark.parametrize(
    "more",
    [
        {"smtp_username": "handrail"},
        {"smtp_password": "secret"},
        {"smtp_username": "handrail", "smtp_password": "secret"},
        {"smtp_timeout": 31},
        {"smtp_security": "ssl"},
        {"sender_address": "handrail"},
        {"retry_scale": 0},
    ],
)
def test_what_cannot_work_safely_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**more)


def test_an_empty_variable_is_none() -> None:
    assert settings(smtp_username="", smtp_password="").smtp_password is None


def test_a_password_goes_over_an_encrypted_connection() -> None:
    chosen = settings(smtp_username="handrail", smtp_password="secret", smtp_security="starttls")
    assert chosen.smtp_security == "starttls"
