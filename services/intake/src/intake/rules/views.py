"""The purpose-bound views: which fields each shows, of which category a field is, and on what basis it may be sent."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from common.contracts.codes import DisclosureBasis
from intake.rules.consents import InformationCategory, Purpose
from intake.rules.disclosures import View


class ShownField(StrEnum):
    """One field of a package."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    PRONOUNS = "pronouns"
    LANGUAGE = "language"
    ACCESS_NEEDS = "access_needs"
    AGE_BAND = "age_band"
    SEX = "sex"
    PHONE = "phone"
    ADDRESS = "address"
    PATIENT_STATUS = "patient_status"
    SUBSTANCES = "substances"
    SERVICE_PERIODS = "service_periods"
    ATTENDANCE_DATES = "attendance_dates"
    BILLED_SERVICES = "billed_services"
    GOALS = "goals"
    PROGRESS = "progress"
    ASSESSMENTS = "assessments"
    MENTAL_HEALTH_SCORES = "mental_health_scores"
    INCIDENT = "incident"
    LAST_WHEREABOUTS = "last_whereabouts"
    REPORT = "report"


Category, F = InformationCategory, ShownField
# Of which category a field is. What somebody states for this one disclosure, the incident or the report, has none.
CATEGORY_OF: Mapping[ShownField, InformationCategory | None] = {
    F.NAME: Category.DEMOGRAPHICS,
    F.BIRTH_DATE: Category.DEMOGRAPHICS,
    F.PRONOUNS: Category.DEMOGRAPHICS,
    F.LANGUAGE: Category.DEMOGRAPHICS,
    F.ACCESS_NEEDS: Category.DEMOGRAPHICS,
    F.AGE_BAND: Category.DEMOGRAPHICS,
    F.SEX: Category.DEMOGRAPHICS,
    F.PHONE: Category.CONTACT,
    F.ADDRESS: Category.CONTACT,
    F.PATIENT_STATUS: Category.SUBSTANCE_USE_DISORDER,
    F.SUBSTANCES: Category.SUBSTANCE_USE_DISORDER,
    F.SERVICE_PERIODS: Category.ATTENDANCE,
    F.ATTENDANCE_DATES: Category.ATTENDANCE,
    F.BILLED_SERVICES: Category.BILLING,
    F.GOALS: Category.RECOVERY_PLAN,
    F.PROGRESS: Category.PROGRESS,
    F.ASSESSMENTS: Category.ASSESSMENTS,
    F.MENTAL_HEALTH_SCORES: Category.MENTAL_HEALTH,
    F.INCIDENT: None,
    F.LAST_WHEREABOUTS: None,
    F.REPORT: None,
}
# Whom it is about stands in every view that has a name: a consent names them itself (42 CFR 2.31(a)(1)).
ALWAYS = frozenset({F.NAME})
_SUMMARY = (F.NAME, F.BIRTH_DATE, F.PRONOUNS, F.LANGUAGE, F.PHONE, F.ADDRESS, F.PATIENT_STATUS, F.SERVICE_PERIODS)
FIELDS: Mapping[View, tuple[ShownField, ...]] = {
    View.REFERRAL_SUMMARY: (*_SUMMARY, F.GOALS, F.ASSESSMENTS, F.MENTAL_HEALTH_SCORES),
    View.BILLING: (F.NAME, F.BIRTH_DATE, F.SERVICE_PERIODS, F.BILLED_SERVICES),
    View.ATTENDANCE_ONLY: (F.NAME, F.ATTENDANCE_DATES),
    View.PROGRESS_SUMMARY: (F.NAME, F.SERVICE_PERIODS, F.PROGRESS),
    View.COURT_ORDERED: (
        *_SUMMARY,
        F.SUBSTANCES,
        F.ATTENDANCE_DATES,
        F.GOALS,
        F.PROGRESS,
        F.ASSESSMENTS,
        F.MENTAL_HEALTH_SCORES,
    ),
    View.CRIME_ON_PREMISES: (F.INCIDENT, F.PATIENT_STATUS, F.NAME, F.ADDRESS, F.LAST_WHEREABOUTS),
    View.CHILD_ABUSE_REPORT: (F.REPORT, F.NAME, F.ADDRESS),
    View.EMERGENCY_SUMMARY: (F.NAME, F.BIRTH_DATE, F.LANGUAGE, F.ACCESS_NEEDS, F.PATIENT_STATUS, F.SUBSTANCES),
    View.RESEARCH_SET: (F.AGE_BAND, F.SEX, F.SERVICE_PERIODS, F.ASSESSMENTS, F.MENTAL_HEALTH_SCORES),
    View.AUDIT_SET: (F.NAME, F.SERVICE_PERIODS, F.ATTENDANCE_DATES, F.BILLED_SERVICES),
    View.OWN_COPY: tuple(one for one in F if one not in (F.INCIDENT, F.LAST_WHEREABOUTS, F.REPORT)),
}
_BY_CONSENT = frozenset({View.REFERRAL_SUMMARY, View.BILLING, View.ATTENDANCE_ONLY, View.PROGRESS_SUMMARY})
VIEWS_OF: Mapping[DisclosureBasis, frozenset[View]] = {
    DisclosureBasis.CONSENT: _BY_CONSENT | {View.RESEARCH_SET},
    DisclosureBasis.HIPAA_PERMITTED: _BY_CONSENT,
    DisclosureBasis.MEDICAL_EMERGENCY: frozenset({View.EMERGENCY_SUMMARY}),
    DisclosureBasis.COURT_ORDER: frozenset({View.COURT_ORDERED}),
    DisclosureBasis.CHILD_ABUSE_REPORT: frozenset({View.CHILD_ABUSE_REPORT}),
    DisclosureBasis.CRIME_ON_PREMISES: frozenset({View.CRIME_ON_PREMISES}),
    DisclosureBasis.QUALIFIED_SERVICE: frozenset({View.BILLING, View.ATTENDANCE_ONLY}),
    DisclosureBasis.AUDIT_EVALUATION: frozenset({View.AUDIT_SET}),
    DisclosureBasis.RESEARCH: frozenset({View.RESEARCH_SET}),
}
_CARE = frozenset(
    {
        *(Purpose.TREATMENT, Purpose.CARE_COORDINATION, Purpose.HOUSING, Purpose.EMPLOYMENT),
        *(Purpose.BENEFITS, Purpose.AT_REQUEST_OF_PATIENT),
    }
)
PURPOSES_OF: Mapping[View, frozenset[Purpose]] = {
    View.REFERRAL_SUMMARY: _CARE,
    View.BILLING: frozenset({Purpose.PAYMENT, Purpose.HEALTH_CARE_OPERATIONS, Purpose.PROGRAM_SERVICES}),
    View.RESEARCH_SET: frozenset({Purpose.RESEARCH}),
}
# Instruments whose scores speak of mental health and are shown only where that is covered.
MENTAL_HEALTH_INSTRUMENTS = frozenset({"phq-9", "phq-2", "gad-7", "gad-2", "c-ssrs-screener"})


def categories_of(view: View) -> frozenset[InformationCategory]:
    """Return everything that a view can show anything of."""
    return frozenset(found for one in FIELDS[view] if (found := CATEGORY_OF[one]) is not None)


def shown_fields(view: View, categories: Collection[InformationCategory]) -> list[ShownField]:
    """Return the fields of a view that the categories open, in the view's order."""
    return [one for one in FIELDS[view] if one in ALWAYS or CATEGORY_OF[one] is None or CATEGORY_OF[one] in categories]
