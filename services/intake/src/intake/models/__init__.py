"""What intake remembers, a file for each noun; importing this package is what makes the schema whole."""

from intake.models.answers import Assessment
from intake.models.care import Assignment, Episode
from intake.models.heard import Agency, Program, Staff
from intake.models.papers import Consent, Disclosure
from intake.models.people import ImportedRow, Notice, Participant
from intake.models.planning import Goal, Plan
from intake.models.schema import TABLES, Model, Owned

__all__ = [
    "TABLES",
    "Agency",
    "Assessment",
    "Assignment",
    "Consent",
    "Disclosure",
    "Episode",
    "Goal",
    "ImportedRow",
    "Model",
    "Notice",
    "Owned",
    "Participant",
    "Plan",
    "Program",
    "Staff",
]
