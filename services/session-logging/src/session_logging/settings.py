"""What the environment may change for session-logging: nothing beyond what every service has."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """See `common.settings`."""
