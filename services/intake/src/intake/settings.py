"""What the environment may change for intake, beyond what every service has."""

from pydantic import Field, SecretStr

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Intake's settings."""

    workforce_url: str = Field(description="workforce's API, which gives tokens; without a slash at the end")
    notification_url: str = Field(description="notification's API, which pages; without a slash at the end")
    service_secret: SecretStr = Field(description="what this service shows workforce to get a token")
    meeting_feed_allow_private: bool = Field(
        default=False, description="fetch lists of meetings from private addresses and over http too"
    )
    meeting_feed_seconds: float = Field(
        default=60.0, gt=0, le=600, description="longest time that fetching one list of meetings may take"
    )
