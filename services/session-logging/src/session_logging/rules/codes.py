"""Every code that session-logging takes, with its words in English and Spanish, and what it is called elsewhere.

The words and mappings stand in `codes.json` beside this file. What a code has no counterpart for is null there, written
down and never left out; a mapping is never made up. The Spanish was not yet read by a native reviewer.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from common.contracts import codes, session_codes
from session_logging.rules.forms import OutsideTheRole
from session_logging.rules.mutual_aid import SelfHelpBand
from session_logging.rules.withdrawals import WithdrawalReason

LISTS: Mapping[str, type[StrEnum]] = {
    "modality": codes.Modality,
    "format": codes.Format,
    "delivery_method": codes.DeliveryMethod,
    "location": codes.Location,
    "activity": codes.Activity,
    "outside_the_role": OutsideTheRole,
    "outcome": codes.Outcome,
    "attempt_outcome": session_codes.AttemptOutcome,
    "mechanism": session_codes.Mechanism,
    "navigation_element": session_codes.NavigationElement,
    "handoff_way": session_codes.HandoffWay,
    "handoff_receiver": session_codes.HandoffReceiver,
    "mutual_aid": codes.MutualAid,
    "self_help_band": SelfHelpBand,
    "work_kind": session_codes.WorkKind,
    "withdrawal_reason": WithdrawalReason,
    "void_reason": session_codes.VoidReason,
    "session_status": codes.SessionStatus,
    "session_flag": session_codes.SessionFlag,
    "late_reason": session_codes.LateReason,
    "review": session_codes.Review,
    "return_reason": session_codes.ReturnReason,
    "note_answer": session_codes.NoteAnswer,
    "note_element": codes.NoteElement,
    "collateral_role": codes.CollateralRole,
    "appointment_status": session_codes.AppointmentStatus,
    "reminder_intent": session_codes.ReminderIntent,
    "task_kind": session_codes.TaskKind,
    "unit_method": codes.UnitMethod,
    "cosignature": session_codes.Cosignature,
}


class System(StrEnum):
    """Somebody else's list."""

    GPRA = "gpra"
    FHIR = "fhir"
    COUNTY = "county"
    PLACE_OF_SERVICE = "place_of_service"


class Confidence(StrEnum):
    """Whether the other list has the thing under this very name, or Handrail put the two side by side."""

    SAME_NAME = "same_name"
    OUR_CHOICE = "our_choice"


class Counterpart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(description="a code or name of the other list, as it stands there")
    confidence: Confidence
    note: str | None = Field(default=None, description="when another one fits better")


class CodeWords(BaseModel):
    """A code in words; `maps` says of each list that its own list maps to what this is there, or null."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    en: str
    es: str
    about_en: str | None = None
    about_es: str | None = None
    maps: dict[System, Counterpart | None] = {}


class CodeList(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    en: str
    es: str
    maps_to: list[System] = []
    codes: list[CodeWords]


class SystemWords(BaseModel):
    """Another list, and where we know it from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: System
    title: str
    source: str


class Catalogue(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    systems: list[SystemWords]
    lists: list[CodeList]


@cache
def catalogue() -> Catalogue:
    """Return every list, as it stands in `codes.json`."""
    file = files("session_logging.rules") / "codes.json"
    return Catalogue.model_validate_json(file.read_text("utf-8"))


def counterpart(name: str, code: str, system: System) -> Counterpart | None:
    """Return what a code of the list `name` is in another list, or None if it has no counterpart there."""
    [listed] = (one for one in catalogue().lists if one.name == name)
    [words] = (one for one in listed.codes if one.code == code)
    return words.maps.get(system)


def place_of_service(location: codes.Location) -> str:
    """Return the CMS place-of-service code of a location, two digits; some are Handrail's choice."""
    found = counterpart("location", location, System.PLACE_OF_SERVICE)
    assert found is not None  # a test sees to it
    return found.to
