"""What a pack is: whose rules they are, each with its number, its source, and the days on which it is in force."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter, model_validator

from common.contracts.codes import CredentialType
from common.contracts.workforce_codes import CertificateStage, SupervisionMode, TrainingKind, TrainingTopic


class Authority(StrEnum):
    """Who stands behind a rule; the first three bind whom they name, the others nobody."""

    FED_REQ = "FED_REQ"
    STATE_REQ = "STATE_REQ"
    CERT_REQ = "CERT_REQ"
    FED_GUIDE = "FED_GUIDE"
    EVID = "EVID"
    DEFAULT = "DEFAULT"

    @property
    def binds(self) -> bool:
        return self in (Authority.FED_REQ, Authority.STATE_REQ, Authority.CERT_REQ)


class Confidence(StrEnum):
    """How sure we are of the words: read in a stored copy, read there with a doubt, or our own proposal."""

    SOURCE = "source"
    RECHECK = "recheck"
    DEFAULT = "default"


class Parameter(StrEnum):
    """What a rule sets a value for."""

    CORE_TRAINING_HOURS = "core_training_hours"
    CORE_TRAINING_TOPICS = "core_training_topics"
    WORK_HOURS = "work_hours"
    WORK_HOURS_INFORMATION = "work_hours_information"
    SUPERVISION_HOURS = "supervision_hours"
    CE_HOURS = "ce_hours"
    CE_TOPICS = "ce_topics"
    CE_CYCLE_YEARS = "ce_cycle_years"
    ETHICS_ATTESTATION_MONTHS = "ethics_attestation_months"
    COMPETENCY_MONTHS = "competency_months"
    SUPERVISION_INTERVAL = "supervision_interval"
    SUPERVISION_MINUTES = "supervision_minutes"
    SUPERVISION_MODES = "supervision_modes"
    SUPERVISION_BEFORE_WORK_MINUTES = "supervision_before_work_minutes"
    SUPERVISOR_ROUTES = "supervisor_routes"
    SUPERVISOR_SPAN_FTE = "supervisor_span_fte"
    CASELOAD_MAX = "caseload_max"
    ACCEPTED_CREDENTIALS = "accepted_credentials"
    PROVISIONAL_ALLOWED = "provisional_allowed"
    GROUP_MAX = "group_max"
    UNIT_LIMITS = "unit_limits"
    NOTE_DEADLINE_BUSINESS_DAYS = "note_deadline_business_days"


def _number(hours: Decimal) -> int | float:
    return int(hours) if hours == hours.to_integral_value() else float(hours)


# Exact within, and a number like every other in JSON.
Hours = Annotated[Decimal, Field(ge=0, le=10_000), PlainSerializer(_number, return_type=int | float, when_used="json")]


class Strict(BaseModel):
    """Data of ours: a word too many is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Every(StrEnum):
    DAYS = "days"
    CALENDAR_MONTH = "calendar_month"


class Interval(Strict):
    """How often supervision is due for whoever the line fits; of several lines the first that fits."""

    stage: CertificateStage | None = None
    employed_under_days: int | None = Field(default=None, ge=1)
    every: Every
    days: int | None = Field(default=None, ge=1, le=366)

    @model_validator(mode="after")
    def _says_how_many(self) -> Self:
        if (self.every is Every.DAYS) != (self.days is not None):
            raise ValueError("days belongs to an interval in days, and to no other")
        return self


class Route(Strict):
    """One way to qualify as supervisor: one of the credentials, if any is named, and all of the rest.

    `peer_years`: of peer work; 0 asks for some, null for none. `training`: hours by kind; 0 asks for the training and
    names no hours.
    """

    name: str
    credential_types: tuple[CredentialType, ...] = ()
    peer_years: int | None = Field(default=None, ge=0)
    training: Mapping[TrainingKind, Hours] = {}


class Accepted(Strict):
    """A credential that counts, up to and including a day."""

    credential_type: CredentialType
    to: date | None = None


class Window(StrEnum):
    DAY = "day"
    CALENDAR_YEAR = "calendar_year"
    ROLLING_SIX_MONTHS = "rolling_six_months"


class UnitLimit(Strict):
    """At most so many units of 15 minutes for one person in a window; some may be exceeded with an authorization."""

    units: int = Field(ge=1)
    window: Window
    exceedable: bool


Topics = Mapping[TrainingTopic, Hours]
Count = Annotated[int, Field(ge=0, le=10_000)]
SHAPES: Mapping[Parameter, Any] = {
    Parameter.CORE_TRAINING_HOURS: Hours,
    Parameter.CORE_TRAINING_TOPICS: Topics,
    Parameter.WORK_HOURS: Hours,
    Parameter.WORK_HOURS_INFORMATION: Hours,
    Parameter.SUPERVISION_HOURS: Hours,
    Parameter.CE_HOURS: Hours,
    Parameter.CE_TOPICS: Topics,
    Parameter.CE_CYCLE_YEARS: Count,
    Parameter.ETHICS_ATTESTATION_MONTHS: Count,
    Parameter.COMPETENCY_MONTHS: Count,
    Parameter.SUPERVISION_INTERVAL: tuple[Interval, ...],
    Parameter.SUPERVISION_MINUTES: Count,
    Parameter.SUPERVISION_MODES: tuple[SupervisionMode, ...],
    Parameter.SUPERVISION_BEFORE_WORK_MINUTES: Count,
    Parameter.SUPERVISOR_ROUTES: tuple[Route, ...],
    Parameter.SUPERVISOR_SPAN_FTE: Hours,
    Parameter.CASELOAD_MAX: Count,
    Parameter.ACCEPTED_CREDENTIALS: tuple[Accepted, ...],
    Parameter.PROVISIONAL_ALLOWED: bool,
    Parameter.GROUP_MAX: Count,
    Parameter.UNIT_LIMITS: tuple[UnitLimit, ...],
    Parameter.NOTE_DEADLINE_BUSINESS_DAYS: Count,
}
ADAPTERS: Mapping[Parameter, TypeAdapter[Any]] = {parameter: TypeAdapter(shape) for parameter, shape in SHAPES.items()}


class Rule(Strict):
    """One value that somebody asks for. Days are inclusive; `effective_from` null: since when is not known to us."""

    parameter: Parameter
    value: Any
    guideline_id: str
    citation: str
    authority: Authority
    confidence: Confidence
    effective_from: date | None = None
    effective_to: date | None = None
    note: str | None = Field(default=None, description="how it is read here, or what is to be looked up again")

    @model_validator(mode="before")
    @classmethod
    def _shaped(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not {"parameter", "value"} <= data.keys():
            raise ValueError("a rule says what it sets, and to what")
        return data | {"value": ADAPTERS[Parameter(data["parameter"])].validate_python(data["value"], strict=False)}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValueError("it ends before it begins")
        if self.authority.binds and self.confidence is Confidence.DEFAULT:
            raise ValueError("what nobody asks for binds nobody")
        return self

    @property
    def is_required(self) -> bool:
        """Tell whether it binds and is confirmed: of nothing else may anybody be told that it is required."""
        return self.authority.binds and self.confidence is Confidence.SOURCE

    def in_force(self, day: date) -> bool:
        begun = self.effective_from is None or self.effective_from <= day
        return begun and (self.effective_to is None or day <= self.effective_to)


class Pack(Strict):
    """The rules of one authority, under the id by which programs choose them."""

    id: str = Field(pattern=r"^[A-Z0-9][A-Z0-9.-]{1,39}$")
    title: str
    jurisdiction: str
    summary: str
    rules: tuple[Rule, ...]
