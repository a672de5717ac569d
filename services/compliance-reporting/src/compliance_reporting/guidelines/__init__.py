"""The measures that a report has, and their description in words."""

from collections.abc import Iterator

from compliance_reporting.guidelines import documentation, integrity, outcomes, reach, rights, supervision, workforce
from compliance_reporting.guidelines.measure import Measure
from compliance_reporting.guidelines.registry import GUIDELINES
from compliance_reporting.rules import Goal

MEASURES: tuple[Measure, ...] = (
    *workforce.MEASURES,
    *supervision.MEASURES,
    *rights.MEASURES,
    *documentation.MEASURES,
    *integrity.MEASURES,
    *reach.MEASURES,
    *outcomes.MEASURES,
)

PREFACE = """\
# Measures

Made from the measures themselves (`compliance_reporting.guidelines.describe()`); change those, not this page.

* The period includes its first and its last day, in the agency's time zone. Days are calendar days unless business
  days are named.
* A denominator of 0 gives NA, never 0 % or 100 %. Percentages have one decimal, rounded half up; a target is compared
  with the exact share, so 94.96 % shows as 95.0 % and has not reached 95 %.
* PASS: the target is reached. FAIL: a rule that binds is missed. WARN: guidance or a default is missed. NA: nothing to
  judge. NOT_EVALUABLE: facts are missing that could turn the verdict; it never counts as a pass.
* Units about which a needed fact is missing are in neither numerator nor denominator; their number is shown.
* Authority: FED_REQ, STATE_REQ and CERT_REQ bind; FED_GUIDE is federal guidance, EVID evidence, DEFAULT Handrail's own
  proposal. It says who stands behind the rule *as judged here*, with no state pack loaded. SAMHSA publishes almost no
  binding numbers for peer services, and no target below claims that it does.
* Headline compliance is the share of binding measures that pass, among those that could be judged or had facts missing.
  Guidance and defaults are shown apart from it.
"""


def describe() -> str:
    """Return docs/measures.md: every measure, its sentences, its authority and how it was interpreted."""
    return "\n".join([PREFACE, *(line for measure in MEASURES for line in _described(measure)), *_guidelines()])


def _described(measure: Measure) -> Iterator[str]:
    yield f"## {measure.id} {measure.name}\n"
    yield f"* **Unit:** {measure.unit}"
    yield f"* **Numerator:** {measure.numerator}"
    yield f"* **Denominator:** {measure.denominator}"
    yield f"* **Exclusions:** {measure.exclusions}"
    yield f"* **Goal:** {goal_words(measure)}"
    yield f"* **Authority:** {authority_words(measure)}"
    yield f"* **Source:** {measure.citation}"
    yield f"* **Guidelines:** {', '.join(measure.guideline_ids) or 'none'}; rule version {measure.rule_version}"
    if measure.interpretation:
        yield "\nHow we read it:\n"
        yield from (f"* {sentence}" for sentence in measure.interpretation)
    yield ""


def goal_words(measure: Measure) -> str:
    """Return what the figure is held against, and who says so."""
    words = {
        Goal.TARGET: f"at least {measure.target} %",
        Goal.AS_BASELINE: "at least as many as at baseline",
        Goal.ABOVE_BASELINE: "more than at baseline, or everybody",
        Goal.REPORT: "none; it is reported",
    }[measure.goal]
    return words if measure.target_authority is None else f"{words} ({measure.target_authority})"


def authority_words(measure: Measure) -> str:
    if measure.content_authority is None:
        return str(measure.authority)
    return f"{measure.authority} (its subject: {measure.content_authority})"


def _guidelines() -> Iterator[str]:
    yield "## Guidelines cited\n"
    yield "| id | title | authority | binds |\n| --- | --- | --- | --- |"
    for guideline_id, guideline in GUIDELINES.items():
        yield f"| {guideline_id} | {guideline.title} | {guideline.authority} | {guideline.binds} |"
    yield ""
