"""Runs this schema's migrations; see `common.migrations`."""

from alembic import context

from common.migrations import environment
from session_logging.models import Model

environment(context, Model.metadata)
