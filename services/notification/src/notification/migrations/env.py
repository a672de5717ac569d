"""Runs this schema's migrations; see `common.migrations`."""

from alembic import context

from common.migrations import environment
from notification.models import Model

environment(context, Model.metadata)
