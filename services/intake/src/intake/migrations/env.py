"""Runs this schema's migrations; see `common.migrations`."""

from alembic import context
from intake.models import Model

from common.migrations import environment

environment(context, Model.metadata)
