"""The measures as a set: complete, documented, and never louder than their authority."""

from pathlib import Path

from common.packs import PACKS, Authority
from compliance_reporting.guidelines import MEASURES, describe
from compliance_reporting.guidelines.registry import GUIDELINES
from compliance_reporting.rules import Goal

PAGE = Path(__file__).parents[3] / "docs" / "measures.md"


def test_the_page_is_what_the_measures_say() -> None:
    assert PAGE.read_text() == describe()


def test_every_measure_of_this_release_is_there_once() -> None:
    assert [measure.id for measure in MEASURES] == [
        "M01", "M02", "M03", "M04", "M05", "M06", "M07", "M08", "M09", "M10", "M11", "M12", "M13", "M14", "M16", "M17",
        "M18", "M21", "M22", "M30", "M31", "M32a", "M32b", "M32c", "M38a", "M38b",
    ]  # fmt: skip


def test_every_cited_guideline_is_registered() -> None:
    cited = {guideline_id for measure in MEASURES for guideline_id in measure.guideline_ids}
    judging = {parameter for measure in MEASURES for parameter in measure.parameters}
    by_packs = {
        rule.guideline_id
        for pack in PACKS.values()
        for rule in pack.rules
        if rule.parameter in judging and rule.authority.binds
    }

    assert cited | by_packs <= set(GUIDELINES)
    assert set(GUIDELINES) <= cited | {rule.guideline_id for pack in PACKS.values() for rule in pack.rules}


def test_without_a_state_pack_only_federal_law_binds() -> None:
    binding = {measure.id: measure.authority for measure in MEASURES if measure.authority.binds}

    assert binding == {"M01": Authority.FED_REQ, "M12": Authority.FED_REQ}


def test_a_target_never_claims_more_than_its_rule() -> None:
    for measure in MEASURES:
        assert (measure.target is not None) == (measure.goal is Goal.TARGET), measure.id
        assert (measure.target_authority is None) == (measure.goal is Goal.REPORT), measure.id
        if measure.target_authority is not None and measure.target_authority.binds:
            assert measure.authority.binds, measure.id


def test_no_words_say_that_samhsa_requires_anything() -> None:
    assert "samhsa requires" not in describe().lower()
