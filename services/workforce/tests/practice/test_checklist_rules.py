"""The lists for coming and leaving, as data, and who may tick what."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import Role
from workforce.rules.checklists import (
    BY_CODE,
    ITEMS,
    ChecklistItem,
    ChecklistKind,
    Doer,
    Sight,
    item_for,
    lists_for,
    may_tick,
)

ROLES = st.lists(st.sampled_from([role.value for role in Role]), unique=True)


def test_every_item_has_a_code_of_its_own() -> None:
    assert len(BY_CODE) == len(ITEMS) == 27
    assert all(re.fullmatch("[a-z_]{1,64}", item.code) for item in ITEMS)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_an_item_speaks_english_and_spanish_and_claims_no_duty(item: ChecklistItem) -> None:
    assert item.en.endswith(".")
    assert item.es.endswith(".")
    assert item.en != item.es
    assert not re.search("required|must|obligat", f"{item.en} {item.es}", re.IGNORECASE)


def test_each_thing_that_handrail_sees_ticks_one_item() -> None:
    sights = [item.sight for item in ITEMS if item.sight is not None]

    assert sorted(sights) == sorted(Sight)


@pytest.mark.parametrize(
    ("roles", "has", "has_not"),
    [
        (["peer"], {"credential", "shadowing", "lived_experience"}, {"supervisor_training"}),
        (["supervisor"], {"supervisor_training", "placed"}, {"credential", "lived_experience", "shadowing"}),
        (["administrator"], {"papers_complete", "code_of_ethics"}, {"credential", "supervisor_training", "supervisor"}),
        (["peer", "supervisor"], {"credential", "supervisor_training"}, set()),
    ],
)
def test_a_role_brings_its_items(roles: list[str], has: set[str], has_not: set[str]) -> None:
    (onboarding,) = lists_for(roles, leaves=False).values()

    codes = {item.code for item in onboarding}
    assert has <= codes
    assert not has_not & codes


def test_the_list_for_leaving_comes_with_a_last_day() -> None:
    assert list(lists_for(["auditor"], leaves=False)) == [ChecklistKind.ONBOARDING]
    assert list(lists_for(["auditor"], leaves=True)) == [ChecklistKind.ONBOARDING, ChecklistKind.LEAVING]
    assert item_for("exit_talk", ["auditor"], leaves=False) is None
    assert item_for("exit_talk", ["auditor"], leaves=True) == BY_CODE["exit_talk"]
    assert item_for("goodbyes", ["auditor"], leaves=True) is None
    assert item_for("no_such_item", ["peer"], leaves=True) is None


@given(ROLES, st.booleans(), st.sampled_from(sorted(BY_CODE)))
def test_an_item_is_found_exactly_if_it_is_listed(roles: list[str], leaves: bool, code: str) -> None:
    listed = {item.code for items in lists_for(roles, leaves=leaves).values() for item in items}

    assert (item_for(code, roles, leaves=leaves) is not None) == (code in listed)


@pytest.mark.parametrize(
    ("code", "oneself", "administers", "supervises", "expected"),
    [
        ("goodbyes", True, False, False, True),
        ("goodbyes", False, True, False, True),
        ("goodbyes", False, False, True, False),
        ("role_explained", True, True, False, False),
        ("role_explained", False, False, True, True),
        ("role_explained", False, True, False, True),
        ("papers_complete", True, True, False, False),
        ("papers_complete", False, False, True, False),
        ("papers_complete", False, True, False, True),
        ("papers_complete", False, False, False, False),
    ],
)
def test_who_may_tick(code: str, oneself: bool, administers: bool, supervises: bool, expected: bool) -> None:
    item = BY_CODE[code]

    assert may_tick(item, oneself=oneself, administers=administers, supervises=supervises) is expected


@given(st.sampled_from(ITEMS), st.booleans(), st.booleans())
def test_nobody_ticks_about_themself_what_another_does(
    item: ChecklistItem, administers: bool, supervises: bool
) -> None:
    ticks = may_tick(item, oneself=True, administers=administers, supervises=supervises)

    assert ticks == (item.doer is Doer.MEMBER)
