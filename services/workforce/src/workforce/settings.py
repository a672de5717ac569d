"""What the environment may change for workforce."""

from datetime import timedelta

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
        description="how long one sign-in lasts",
    )
