"""What the environment may change for compliance-reporting: nothing beyond what every service has."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    pass
