"""Which ways out an installation has, from what its operator set."""

from base64 import b64encode
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from notification.app import providers_of
from notification.rules.messages import Channel
from notification.settings import Settings

KEY = b64encode(bytes(32)).decode()
TWILIO = {
    "twilio_account_sid": "AC1",
    "twilio_key_sid": "SK1",
    "twilio_key_secret": "a key's secret",
    "twilio_auth_token": "an account's token",
    "twilio_sender": "+15005550006",
}
PUSH = {"push_private_key": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"}


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
        "public_url": "https://handrail.example/",
    }
    return Settings(**(values | more))


@pytest.mark.parametrize(
    ("more", "channels"),
    [({}, set()), (TWILIO, {Channel.SMS}), (PUSH, {Channel.PUSH}), (TWILIO | PUSH, {Channel.SMS, Channel.PUSH})],
)
async def test_what_is_not_set_up_is_no_way_out(more: dict[str, Any], channels: set[Channel]) -> None:
    async with httpx.AsyncClient() as http:
        assert set(providers_of(settings(**more)).senders(http)) == channels


def test_twilio_is_told_the_address_under_which_it_reaches_us() -> None:
    usual = providers_of(settings(**TWILIO)).twilio
    other = providers_of(settings(**TWILIO, own_url="https://texts.handrail.example/")).twilio

    assert usual is not None
    assert other is not None
    assert usual.own_url == "https://handrail.example/api/notification"
    assert other.own_url == "https://texts.handrail.example"


@pytest.mark.parametrize("missing", sorted(TWILIO))
def test_a_twilio_account_is_given_whole(missing: str) -> None:
    with pytest.raises(ValidationError):
        settings(**{name: value for name, value in TWILIO.items() if name != missing})


def test_without_a_word_of_the_operator_nothing_leaves_unencrypted_or_to_our_own_networks() -> None:
    usual = providers_of(settings())
    chosen = providers_of(settings(outside_networks=["10.1.0.0/16"], webhook_hosts=["Hooks.Agency.test"]))

    assert (usual.insecure, usual.private, usual.webhook_hosts) == (False, (), frozenset())
    assert (chosen.private, chosen.webhook_hosts) == ((ip_network("10.1.0.0/16"),), {"hooks.agency.test"})


def test_no_secret_shows_when_settings_are_printed() -> None:
    printed = repr(providers_of(settings(**TWILIO, **PUSH)))

    assert "a key's secret" not in printed
    assert "an account's token" not in printed
    assert PUSH["push_private_key"] not in printed
