"""What a payer's contract says: codes, modifiers, units, limits and what stops a line.

There is no national rule for peer services (samhsa.md 5.3): everything here is what an agency's own contract says,
entered by its administrator. Rules of states are offered from the packs, with how sure we are of them.
"""

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from common.contracts.codes import Activity, CredentialType, DeliveryMethod, Format, Modality, UnitMethod

ServiceCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{4}$")]
Modifier = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]
Amount = Annotated[Decimal, Field(gt=0, le=100_000, max_digits=8, decimal_places=2)]
MODIFIERS_MOST = 4
NO_TIME_OF_ITS_OWN = frozenset({"T1012"})  # its descriptor names no time, so the payer has to


class Window(StrEnum):
    """Over which days a limit holds. Fiscal years begin with `fiscal_month`; rolling ones end on every day."""

    DAY = "day"
    CALENDAR_MONTH = "calendar_month"
    CALENDAR_YEAR = "calendar_year"
    FISCAL_YEAR = "fiscal_year"
    ROLLING_DAYS = "rolling_days"
    ROLLING_MONTHS = "rolling_months"


class Terms(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(Terms):
    """At most so many units for one person and code within a window, unless an authorisation allows more."""

    units: Amount
    window: Window
    length: int = Field(default=1, ge=1, le=400, description="of a rolling window, in its days or months")
    fiscal_month: int = Field(default=7, ge=1, le=12)
    exceedable: bool = Field(default=False, description="an authorisation may allow more")


class Monthly(Terms):
    """A first code for the first whole minutes of a calendar month, and a second one for each further whole part.

    Medicare's G0140 and G0146: 60 minutes, then 30; never rounded up.
    """

    first_minutes: int = Field(default=60, ge=1, le=1440)
    next_code: ServiceCode
    next_minutes: int = Field(default=30, ge=1, le=1440)
    next_rate: Amount | None = None


class ServiceLine(Terms):
    """One code of a contract: which sessions it pays for, and how their minutes become units."""

    code: ServiceCode
    format: Format | None = Field(default=None, description="null: individual and group alike")
    modifiers: list[Modifier] = Field(default=[], max_length=MODIFIERS_MOST)
    group_modifier: Modifier | None = None
    methods: dict[DeliveryMethod, list[Modifier]] = Field(
        min_length=1, description="the delivery methods it pays for, each with the modifiers it adds, such as 93 or 95"
    )
    modalities: list[Modality] = Field(default=[], max_length=len(Modality), description="empty: all")
    uncovered: list[Activity] = Field(
        default=[Activity.TRANSPORT], max_length=len(Activity), description="a session of nothing else is not paid"
    )
    unit_method: UnitMethod = UnitMethod.MIDPOINT_8
    unit_minutes: int | None = Field(
        default=None, ge=1, le=480, description="15 unless the code has no time of its own"
    )
    monthly: Monthly | None = None
    limits: list[Limit] = Field(default=[], max_length=10)
    needs_authorisation: bool = False
    rate: Amount | None = Field(default=None, description="charged for a unit")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.code in NO_TIME_OF_ITS_OWN and self.unit_minutes is None:
            raise ValueError("this code names no time: say how many minutes the payer takes for a unit")
        if any(
            len(self.modifiers) + len(more) + bool(self.group_modifier) > MODIFIERS_MOST for more in self.of_methods
        ):
            raise ValueError("a claim line has room for four modifiers")
        if any(len(set(self.modifiers_of(*pair))) < len(self.modifiers_of(*pair)) for pair in self._pairs()):
            raise ValueError("a modifier stands once on a claim line")
        if self.monthly and self.monthly.next_code == self.code:
            raise ValueError("the further parts of a month have a code of their own")
        return self

    def _pairs(self) -> list[tuple[DeliveryMethod, Format]]:
        return [(method, format_) for method in self.methods for format_ in Format]

    @property
    def of_methods(self) -> list[list[str]]:
        return list(self.methods.values())

    def modifiers_of(self, method: DeliveryMethod, format_: Format) -> tuple[str, ...]:
        """Return the modifiers of a session, in the order of the contract: its own, the group's, the method's."""
        group = [self.group_modifier] if self.group_modifier and format_ is Format.GROUP else []
        return (*self.modifiers, *group, *self.methods[method])


class Contract(Terms):
    """What one payer pays for, from when on a run is made; each run keeps the terms that it was made with."""

    lines: list[ServiceLine] = Field(min_length=1, max_length=20)
    accepted_credentials: list[CredentialType] = Field(default=[], max_length=len(CredentialType))
    group_max: int | None = Field(default=None, ge=2, le=100)
    late_notes_stop: bool = Field(default=False, description="a note signed after the deadline is not claimed")
    incomplete_notes_stop: bool = Field(default=True, description="a note that lacks an element is not claimed")
    minimum_age: int | None = Field(
        default=None,
        ge=0,
        le=120,
        description="shown to who makes a run; ages are not known here, so it is not checked",
    )

    @model_validator(mode="after")
    def _differ(self) -> Self:
        named = [(line.code, line.format, tuple(line.modalities), tuple(line.methods)) for line in self.lines]
        if len(set(named)) < len(named):
            raise ValueError("two lines of a contract are for the same sessions")
        return self


def rounded(amount: Decimal) -> Decimal:
    """Return two places, a half upwards."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def units_of(minutes: int, method: UnitMethod, unit_minutes: int) -> Decimal:
    """Return the units of a whole number of minutes; the daily sums look the same once the day is summed.

    Midpoint: a further unit from just over its half on; with 15 minutes, from the eighth.
    """
    if method in (UnitMethod.EXACT, UnitMethod.DAILY_SUM_EXACT):
        return rounded(Decimal(minutes) / unit_minutes)
    if method in (UnitMethod.FLOOR_15, UnitMethod.DAILY_SUM_FLOOR_15):
        return Decimal(minutes // unit_minutes)
    return Decimal((minutes + (unit_minutes - 1) // 2) // unit_minutes)
