"""Every code in words, in both languages, and what it is called elsewhere: written down, never made up."""

import inspect
from enum import StrEnum
from typing import Any

import pytest

from common.contracts import session_codes
from common.contracts.codes import Activity, Location
from handrail.testing import Caller, add_staff
from session_logging.rules.code_page import describe
from session_logging.rules.codes import LISTS, CodeList, Confidence, System, catalogue, counterpart, place_of_service

CODES = "/api/session-logging/v1/codes"
BY_NAME = {listed.name: listed for listed in catalogue().lists}
# The three vocabularies that samhsa.md 7.3 found, as it lists them.
GPRA = {
    "Recovery Support": {
        "recovery planning", "peer coaching or mentoring", "case management specifically supporting recovery",
        "alcohol- and drug-free social activities", "information & referral", "recovery housing",
        "vocational services", "other",
    },
    "Aftercare": {
        "continuing care", "relapse prevention", "recovery coaching", "self-help and mutual-aid groups",
        "spiritual support", "other",
    },
}  # fmt: skip
FHIR = {"Peer Coaching or Mentoring (ServiceRequest)", "Recovery Planning (Procedure)", "SDOH interventions"}
COUNTY = {
    "outreach", "intake", "care coordination", "warm hand-off", "referral", "case management", "harm reduction",
    "naloxone distribution", "peer support", "crisis response", "post-overdose follow-up", "transport", "housing",
    "benefits", "employment", "family support", "education", "court/probation", "hospital/ED visit", "jail in-reach",
    "recovery check-in", "discharge planning",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LISTS))
def test_every_code_of_every_list_has_words_in_both_languages(name: str) -> None:
    listed = BY_NAME[name]

    assert [code.code for code in listed.codes] == [str(code) for code in LISTS[name]]
    assert listed.en.strip()
    assert listed.es.strip()
    assert all(code.en.strip() and code.es.strip() for code in listed.codes)


def test_there_is_no_list_without_an_enum_and_no_code_of_sessions_without_a_list() -> None:
    enums = {
        thing
        for _, thing in inspect.getmembers(session_codes, inspect.isclass)
        if issubclass(thing, StrEnum) and thing is not StrEnum
    }

    assert set(BY_NAME) == set(LISTS)
    assert enums <= set(LISTS.values())


@pytest.mark.parametrize("listed", catalogue().lists, ids=lambda listed: listed.name)
def test_every_code_says_of_every_list_it_maps_to_what_it_is_there_or_null(listed: CodeList) -> None:
    for code in listed.codes:
        assert list(code.maps) == listed.maps_to, code.code


@pytest.mark.parametrize("listed", catalogue().lists, ids=lambda listed: listed.name)
def test_no_two_codes_of_a_list_read_alike(listed: CodeList) -> None:
    for language in ("en", "es"):
        words = [getattr(code, language).casefold() for code in listed.codes]
        assert len(set(words)) == len(words)


@pytest.mark.parametrize("activity", list(Activity))
def test_activities_map_to_what_the_sources_list_and_to_nothing_else(activity: Activity) -> None:
    gpra, fhir, county = (counterpart("activity", activity, System(name)) for name in ("gpra", "fhir", "county"))

    if gpra is not None:
        group, _, service = gpra.to.partition(": ")
        assert service in GPRA[group]
    assert fhir is None or fhir.to in FHIR
    assert county is None or county.to in COUNTY


@pytest.mark.parametrize(
    ("activity", "gpra", "fhir", "county"),
    [
        ("recovery_planning", "Recovery Support: recovery planning", "Recovery Planning (Procedure)", None),
        ("coaching_mentoring", "Recovery Support: peer coaching or mentoring",
         "Peer Coaching or Mentoring (ServiceRequest)", "peer support"),
        ("mutual_aid_linkage", "Aftercare: self-help and mutual-aid groups", None, "referral"),
        ("transport", None, "SDOH interventions", "transport"),
        ("advocacy", None, None, None),
        ("outreach", None, None, "outreach"),
    ],
)  # fmt: skip
def test_some_activities_by_hand(activity: str, gpra: str | None, fhir: str | None, county: str | None) -> None:
    found = [counterpart("activity", activity, System(name)) for name in ("gpra", "fhir", "county")]

    assert [one and one.to for one in found] == [gpra, fhir, county]


def test_what_has_the_same_name_elsewhere_is_told_from_what_we_put_side_by_side() -> None:
    planning = counterpart("activity", "recovery_planning", System.GPRA)
    housing = counterpart("activity", "housing_support", System.GPRA)

    assert planning is not None
    assert housing is not None
    assert (planning.confidence, housing.confidence) == (Confidence.SAME_NAME, Confidence.OUR_CHOICE)


@pytest.mark.parametrize(
    ("location", "code"),
    [
        (Location.OFFICE, "11"), (Location.RECOVERY_CENTER, "99"), (Location.HOME, "12"), (Location.COMMUNITY, "99"),
        (Location.SHELTER, "04"), (Location.RECOVERY_HOUSING, "99"), (Location.HOSPITAL, "21"),
        (Location.EMERGENCY_DEPARTMENT, "23"), (Location.JAIL, "09"), (Location.TELEHEALTH, "10"),
    ],
)  # fmt: skip
def test_every_location_has_a_place_of_service(location: Location, code: str) -> None:
    assert place_of_service(location) == code


def test_every_kind_of_support_is_described_in_both_languages() -> None:
    assert all(code.about_en and code.about_es for code in BY_NAME["modality"].codes)


def test_every_other_list_says_where_it_is_known_from() -> None:
    assert [known.system for known in catalogue().systems] == list(System)
    assert all(known.source for known in catalogue().systems)


def test_the_page_names_every_code_once_a_list() -> None:
    page = describe()

    for name, codes in LISTS.items():
        section = page.split(f": `{name}`\n")[1].split("\n## ")[0]
        assert all(section.count(f"| `{code}` |") == 1 for code in codes)


# --- through HTTP


async def test_any_role_reads_the_lists_and_nobody_without_a_token(shared: Any, colleagues: Any) -> None:
    officer = await add_staff(shared.administrator, "privacy_officer")
    callers = [shared.peer, shared.administrator, colleagues.supervisor, colleagues.auditor, officer]

    answers = [await caller.get(CODES) for caller in callers]
    nobody = await Caller(shared.peer.http).get(CODES)

    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.content for answer in answers}) == 1
    assert {listed["name"] for listed in answers[0].json()["lists"]} == set(LISTS)
    assert nobody.status_code == 401


async def test_who_has_the_lists_is_told_that_they_still_hold(shared: Any) -> None:
    first = await shared.peer.get(CODES)
    etag = first.headers["etag"]

    async def again(named: str) -> Any:
        return await shared.peer.http.get(CODES, headers=shared.peer.headers({"If-None-Match": named}))

    same, weak, other = await again(etag), await again(f'"x", W/{etag}'), await again('"older"')

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert weak.status_code == 304
    assert (other.status_code, other.content) == (200, first.content)
