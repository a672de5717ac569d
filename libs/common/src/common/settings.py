"""What the environment may change for any service; each service adds its own in its `settings.py`."""

from base64 import b64decode
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretBytes, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _key(value: object) -> object:
    """Read a 32-byte key from its base64 text."""
    if isinstance(value, str):
        key = b64decode(value, validate=True)
        if len(key) != 32:
            raise ValueError("a key is 32 bytes in base64")
        return key
    return value


Key = Annotated[SecretBytes, BeforeValidator(_key)]


class ServiceSettings(BaseSettings):
    """Settings with the prefix `HANDRAIL_`; secrets may also be files in `/run/secrets`."""

    model_config = SettingsConfigDict(
        env_prefix="HANDRAIL_",
        secrets_dir="/run/secrets" if Path("/run/secrets").is_dir() else None,
        extra="ignore",
        frozen=True,
    )

    database_url: SecretStr = Field(
        description="postgresql+asyncpg://<service>:…@host/db: the API's role or the worker's"
    )
    nats_url: SecretStr | None = Field(default=None, description="nats://<service>:…@host:4222, for workers")
    root_key: Key = Field(description="32 bytes, base64: the root of this service's key ring")
    audit_key: Key = Field(description="32 bytes, base64: the audit chain's key, apart from every other key")
    issuer: str = Field(default="handrail", description="`iss` of accepted tokens")
    jwks_url: str = Field(description="where workforce publishes its verification keys")
    ended_sign_ins_seconds: float = Field(
        default=15, ge=0.1, le=15, description="how often to ask, at most, which sign-ins ended"
    )
    pool_size: int = Field(default=4, ge=1, le=64, description="database connections of one process")
    otlp_endpoint: str | None = Field(default=None, description="OTLP/HTTP collector; without it no span is recorded")
    max_body_bytes: int = Field(default=1_048_576, ge=1024, description="largest request body")
    max_import_bytes: int = Field(default=16_777_216, ge=1024, description="largest body of an import")
