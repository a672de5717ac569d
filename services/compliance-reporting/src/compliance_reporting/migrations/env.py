"""Runs this schema's migrations; see `common.migrations`."""

from alembic import context

from common.migrations import environment
from compliance_reporting.models import Model

environment(context, Model.metadata)
