"""What workforce remembers, a file for each noun; importing this package is what makes the schema whole."""

from workforce.models.people import Agency, Program, Staff
from workforce.models.practice import Credential, SupervisorAssignment
from workforce.models.schema import TABLES, Model
from workforce.models.signing import Login, Password, RefreshToken

__all__ = [
    "TABLES",
    "Agency",
    "Credential",
    "Login",
    "Model",
    "Password",
    "Program",
    "RefreshToken",
    "Staff",
    "SupervisorAssignment",
]
