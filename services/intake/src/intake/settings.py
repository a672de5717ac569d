"""What the environment may change for intake: nothing beyond what every service has."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Intake's settings."""
