"""Fixtures for every test: one real Postgres and one real NATS per run, every service in this process.

The servers are the embedded ones, which start in a second and can be killed and wiped at will. Where a Docker engine
answers, `tests/integration/test_containers.py` runs the platform on containers of the images that agencies use.
"""

pytest_plugins = ["handrail.testing"]
