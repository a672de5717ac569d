"""Fixtures for every test: one real Postgres and one real NATS per run, every service in this process.

Servers come from HANDRAIL_POSTGRES_DSN and HANDRAIL_NATS_URL if set, else from testcontainers where a Docker engine
answers and HANDRAIL_TEST_SERVERS asks for it, else from the embedded wheels.
"""

pytest_plugins = ["handrail.testing"]
