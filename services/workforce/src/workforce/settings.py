"""What the environment may change for workforce."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from pydantic import Field, SecretStr

from common.settings import Key, ServiceSettings


class Settings(ServiceSettings):
    signing_key: Key = Field(description="32 bytes, base64: the Ed25519 seed that signs access tokens")
    operator_token: SecretStr = Field(min_length=32, description="what the operator shows to open an agency")
    service_secrets: dict[str, SecretStr] = Field(default={}, description="service name → the secret it signs in with")
    access_token_life: timedelta = Field(
        default=timedelta(minutes=10), le=timedelta(hours=1), description="how long an access token is good"
    )
    refresh_token_life: timedelta = Field(
        default=timedelta(hours=12),
        le=timedelta(days=30),
        description="how long one sign-in lasts, however much it is used",
    )
    idle_life: timedelta = Field(
        default=timedelta(hours=1), le=timedelta(days=1), description="how long a sign-in lasts that nobody uses"
    )
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(
        default=[], description="networks of proxies whose X-Forwarded-For is believed; of nobody else's"
    )
    public_url: str = Field(
        default="http://localhost:8000", description="where people see Handrail; passkeys are made for its host"
    )
    provider_networks: list[IPv4Network | IPv6Network] = Field(
        default=[], description="private networks that identity providers may stand in, beside the public Internet"
    )
    passkey_domain: str | None = Field(
        default=None, description="a parent domain of that host to make passkeys for instead, such as agency.org"
    )
