"""Instruments as packs, answers to them, and the trend since the first answers: the packs themselves and over HTTP."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from pydantic import ValidationError

from intake.rules.instruments import Pack, built_in

INTAKE = "/api/intake/v1"
INVALID = "/problems/invalid-request"
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
OWN: dict[str, Any] = {
    "code": "our-eight",
    "version": "2026",
    "title": "Eight questions that we hold a licence for",
    "option_sets": {"five": [{"value": value} for value in range(1, 6)]},
    "items": [{"key": f"q{place}", "options": "five"} for place in range(1, 9)],
    "scales": [{"items": [f"q{place}" for place in range(1, 9)], "method": "mean", "reversed": ["q8"]}],
    "licence": {"kind": "C", "attribution": "Its authors", "source": "Our licence", "terms": "For our use alone."},
}
PHQ_9 = {f"q{place}": 1 for place in range(1, 9)} | {"q9": 0}


def own(**changed: Any) -> dict[str, Any]:
    return OWN | {"code": f"own-{uuid4().hex[:12]}"} | changed


def body(episode_id: UUID | str, instrument: str, items: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = {"episode_id": str(episode_id), "instrument": instrument, "items": items}
    return said | {"collected_on": "2026-01-05", "given_by": "interview"} | more


async def answered(clinic: Any, episode_id: UUID, instrument: str, items: dict[str, int], **more: Any) -> str:
    return str(await clinic.peer.created(f"{INTAKE}/answers", body(episode_id, instrument, items, **more)))


async def answer(caller: Any, answer_id: str) -> dict[str, Any]:
    found = await caller.get(f"{INTAKE}/answers/{answer_id}")
    assert found.status_code == 200, found.text
    read: dict[str, Any] = found.json()
    return read


# The packs


def test_nine_instruments_come_with_the_software() -> None:
    assert {code: packs[-1].licence.kind for code, packs in built_in().items()} == {
        "phq-9": "A", "phq-2": "A", "gad-7": "A", "gad-2": "A",
        "barc-10": "B", "audit-c": "B", "dast-10": "B", "c-ssrs-screener": "B", "mspss": "B",
    }  # fmt: skip


def test_no_wording_of_an_attributed_instrument_is_shipped() -> None:
    for pack in (packs[-1] for packs in built_in().values()):
        free = pack.licence.kind == "A"
        assert all((item.text is not None) is free for item in pack.items), pack.code
        assert bool(pack.languages) is free
        assert pack.licence.attribution
        assert pack.licence.source


def test_wording_is_there_in_each_language_that_a_pack_names() -> None:
    for pack in (packs[-1] for packs in built_in().values()):
        for item in pack.items:
            assert item.text is None or sorted(item.text) == sorted(pack.languages)


@pytest.mark.parametrize("code", ["phq-9", "phq-2", "gad-7", "gad-2"])
def test_the_lowest_answer_reads_not_at_all(code: str) -> None:
    lowest = built_in()[code][-1].option_sets["often"][0]

    assert (lowest.value, lowest.label and lowest.label["en"]) == (0, "Not at all")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"items": [*OWN["items"], {"key": "q1", "options": "five"}]}, "item q1 is there twice"),
        ({"items": [{"key": "q1", "options": "six"}]}, "no set of options six"),
        ({"option_sets": {"five": [{"value": 1}, {"value": 1}]}}, "option of five 1 is there twice"),
        ({"scales": []}, "nothing would come of the answers"),
        ({"scales": [{"items": ["q1", "q9"]}]}, "there is no item q9"),
        ({"scales": [{"items": ["q1"], "reversed": ["q2"]}]}, "must be one of its items"),
        ({"items": [{"key": "q1", "options": "five", "required": False}], "scales": [{"items": ["q1"]}]}, "required"),
        ({"branches": [{"when": "q1", "equals": 1, "items": ["q1"], "value": 1}]}, "cannot answer itself"),
        ({"branches": [{"when": "q1", "equals": 1, "items": ["q2"], "value": 9}]}, "9 is no answer"),
        ({"bands": [{"source": "us", "bands": [{"code": "low", "at_least": 1, "at_most": 4}]}]}, "leave out"),
        (
            {"bands": [{"source": "us", "bands": [{"code": "low", "at_least": 1, "at_most": 2},
                                                  {"code": "high", "at_least": 4, "at_most": 5}]}]},
            "without a gap",
        ),
        (
            {"bands": [{"source": "us", "bands": [{"code": "low", "at_least": 1, "at_most": 4},
                                                  {"code": "high", "at_least": 3, "at_most": 5}]}]},
            "without overlap",
        ),
        ({"cutoffs": [{"code": "positive", "at_least": 6, "source": "us"}]}, "no score of scale total"),
        ({"cutoffs": [{"code": "positive", "scale": "other", "at_least": 2, "source": "us"}]}, "no scale other"),
        ({"changes": [{"scale": "other", "better": "lower", "source": "us"}]}, "no scale other"),
        ({"safety": {"q77": 1}}, "there is no item q77"),
    ],
)  # fmt: skip
def test_a_pack_whose_parts_do_not_fit_says_where(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Pack.model_validate(OWN | wrong)


# Instruments over HTTP


async def test_everybody_who_serves_sees_the_instruments_with_their_licence(clinic: Any) -> None:
    listed = await clinic.peer.get(f"{INTAKE}/instruments", limit=100)
    found = {one["code"]: one for one in listed.json()["items"] if one["built_in"]}
    gad = (await clinic.peer.get(f"{INTAKE}/instruments/gad-7")).json()

    assert set(found) == set(built_in())
    assert (found["phq-9"]["licence"], found["phq-9"]["texts"], found["phq-9"]["languages"]) == (
        "A",
        True,
        ["en", "es"],
    )
    assert (found["barc-10"]["licence"], found["barc-10"]["texts"]) == ("B", False)
    assert (gad["versions"], gad["built_in"], len(gad["in_force"]["items"])) == (["2006"], True, 7)


async def test_an_agencys_own_instrument_is_scored_from_its_item_values(clinic: Any) -> None:
    pack = own()
    registered = await clinic.administrator.post(f"{INTAKE}/instruments", pack)
    _, episode_id = await clinic.assigned()

    answer_id = await answered(clinic, episode_id, pack["code"], {f"q{place}": 5 for place in range(1, 9)})

    assert registered.status_code == 201
    assert (registered.json()["code"], registered.json()["pack_version"]) == (pack["code"], "2026")
    assert registered.headers["location"] == f"{INTAKE}/instruments/{pack['code']}"
    assert (await answer(clinic.peer, answer_id))["scores"] == {"total": 4.5}


async def test_a_version_is_never_changed_and_the_newest_is_in_force(clinic: Any) -> None:
    pack = own()
    await clinic.administrator.created(f"{INTAKE}/instruments", pack)
    _, episode_id = await clinic.assigned()
    before = await answered(clinic, episode_id, pack["code"], {f"q{place}": 1 for place in range(1, 9)})

    again = await clinic.administrator.post(f"{INTAKE}/instruments", pack)
    summed = pack | {"version": "2027", "scales": [{"items": ["q1", "q2"]}]}
    await clinic.administrator.created(f"{INTAKE}/instruments", summed)
    known = (await clinic.peer.get(f"{INTAKE}/instruments/{pack['code']}")).json()
    after = await answered(clinic, episode_id, pack["code"], {f"q{place}": 1 for place in range(1, 9)})
    old = await answered(clinic, episode_id, pack["code"], {f"q{place}": 1 for place in range(1, 9)}, version="2026")

    assert (again.status_code, again.json()["type"]) == (409, "/problems/instrument-version-there")
    assert (known["versions"], known["in_force"]["version"], known["built_in"]) == (["2026", "2027"], "2027", False)
    assert [(await answer(clinic.peer, one))["scores"]["total"] for one in (before, after, old)] == [1.5, 2.0, 1.5]


async def test_the_agencys_instruments_turn_their_pages_without_repeating_the_built_in(clinic: Any) -> None:
    codes = [(await clinic.administrator.post(f"{INTAKE}/instruments", own())).json()["code"] for _ in range(2)]

    seen: list[str] = []
    page = (await clinic.peer.get(f"{INTAKE}/instruments", limit=1)).json()
    while True:
        seen += [one["code"] for one in page["items"]]
        if page["next"] is None:
            break
        page = (await clinic.peer.get(f"{INTAKE}/instruments", limit=1, next=page["next"])).json()

    assert len(seen) == len(set(seen))
    assert set(seen) >= {*codes, *built_in()}


async def test_nobody_but_an_administrator_registers_and_another_agency_sees_nothing_of_it(
    clinic: Any, stranger: Any
) -> None:
    pack = own()

    refused = [await caller.post(f"{INTAKE}/instruments", pack) for caller in (clinic.peer, clinic.supervisor)]
    await clinic.administrator.created(f"{INTAKE}/instruments", pack)
    hidden = await stranger.get(f"{INTAKE}/instruments/{pack['code']}")

    assert [one.status_code for one in refused] == [403, 403]
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("pack", "kind"),
    [
        (OWN | {"code": "phq-9"}, "/problems/built-in-instrument"),
        (OWN | {"code": "Our Eight"}, INVALID),
        (OWN | {"scales": []}, INVALID),
        (OWN | {"colour": "red"}, INVALID),
        (OWN | {"items": []}, INVALID),
        (OWN | {"option_sets": {"five": [{"value": 1.5}, {"value": 2}]}}, INVALID),
        (OWN | {"option_sets": {"five": [{"value": True}, {"value": 2}]}}, INVALID),
        ({name: value for name, value in OWN.items() if name != "licence"}, INVALID),
    ],
)
async def test_a_bad_pack_leaves_nothing_but_its_audit_entry(clinic: Any, pack: dict[str, Any], kind: str) -> None:
    count = "select count(*) from intake.instrument where agency_id = :a"
    agency_id = clinic.administrator.agency_id
    before, audited = await clinic.platform.value(count, a=agency_id), await clinic.refusals()

    refused = await clinic.administrator.post(f"{INTAKE}/instruments", pack)

    assert (refused.status_code, refused.json()["type"]) == (422, kind), refused.text
    assert (await clinic.platform.value(count, a=agency_id), await clinic.refusals()) == (before, audited + 1)


# Answers over HTTP


async def test_an_answer_is_scored_and_read_with_its_band_and_limits(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()

    made = await clinic.peer.post(
        f"{INTAKE}/answers", body(episode_id, "phq-9", PHQ_9 | {"q1": 3, "q10": 2}, point="baseline")
    )
    read = await answer(clinic.peer, made.json()["id"])

    assert made.json() == {"id": read["id"], "version": 1, "outcome": "completed", "safety": None}
    assert made.headers["location"] == f"{INTAKE}/answers/{read['id']}"
    assert (read["participant_id"], read["pack_version"], read["point"]) == (str(participant_id), "2001", "baseline")
    assert (read["scores"], read["bands"], read["missing"]) == ({"total": 10.0}, {"total": "moderate"}, [])
    assert [(one["code"], one["at_least"], one["reached"]) for one in read["cutoffs"]] == [("positive", 10.0, True)]
    assert (read["items"]["q10"], read["triage"], read["suggests"], read["safety"]) == (2, None, [], None)


async def test_a_gap_keeps_the_items_and_gives_no_score(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    items = {key: value for key, value in PHQ_9.items() if key != "q4"}

    made = await clinic.peer.post(f"{INTAKE}/answers", body(episode_id, "phq-9", items, outcome="completed"))
    read = await answer(clinic.peer, made.json()["id"])

    assert (made.json()["outcome"], read["outcome"], read["missing"]) == ("incomplete", "incomplete", ["q4"])
    assert (read["items"], read["scores"], read["bands"], read["cutoffs"]) == (items, {}, {}, [])


async def test_declined_is_an_answer(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()

    answer_id = await answered(clinic, episode_id, "barc-10", {}, outcome="declined")
    read = await answer(clinic.peer, answer_id)
    listed = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/answers")).json()["items"]

    assert (read["outcome"], read["items"], read["scores"], read["missing"]) == ("declined", {}, {}, [])
    assert [(one["id"], one["outcome"]) for one in listed] == [(answer_id, "declined")]


async def test_an_answer_tells_amounts_and_codes_and_stores_no_score_with_its_key(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    key = str(uuid4())
    items = {f"q{place}": 2 for place in range(1, 8)}

    made = await clinic.peer.post(f"{INTAKE}/answers", body(episode_id, "gad-7", items), key=key)
    again = await clinic.peer.post(f"{INTAKE}/answers", body(episode_id, "gad-7", items), key=key)
    (event,) = await clinic.events(UUID(made.json()["id"]))

    said = json.loads(event["payload"])["data"]
    assert again.content == made.content
    assert (event["type"], event["aggregate_seq"]) == ("handrail.intake.instrument-answered.v1", 1)
    assert (said["instrument"], said["outcome"], said["scores"]) == ("gad-7", "completed", {"total": 14.0})
    assert "q1" not in event["payload"]
    assert "14" not in made.text.replace(made.json()["id"], "")


async def test_items_are_sealed(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    answer_id = await answered(clinic, episode_id, "phq-2", {"q1": 3, "q2": 3})

    (row,) = await clinic.platform.fetch("select * from intake.answer where id = :i", i=UUID(answer_id))

    assert b"q1" not in bytes(row["given"])
    assert row["scores"] == {"total": 6.0}


async def test_the_short_form_suggests_the_long_one(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()

    found = [await answered(clinic, episode_id, code, {"q1": 2, "q2": 1}) for code in ("phq-2", "gad-2")]

    assert [(await answer(clinic.peer, one))["suggests"] for one in found] == [["phq-9"], ["gad-7"]]


@pytest.mark.parametrize(
    ("sex", "limit", "reached"), [("male", 4.0, False), ("female", 3.0, True), ("unknown", 3.0, True)]
)
async def test_the_limit_of_audit_c_is_that_of_the_person(clinic: Any, sex: str, limit: float, reached: bool) -> None:
    participant_id = await clinic.enrol(sex=sex)
    episode_id = await clinic.open(participant_id)
    await clinic.assign(participant_id, episode_id)

    read = await answer(clinic.peer, await answered(clinic, episode_id, "audit-c", {"q1": 3, "q2": 0, "q3": 0}))

    assert [(one["at_least"], one["reached"]) for one in read["cutoffs"]] == [(limit, reached)]
    assert read["reviews"] == ["review_recent_use"]


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        (PHQ_9 | {"q3": 4}, "/items/q3"), (PHQ_9 | {"q3": -1}, "/items/q3"), (PHQ_9 | {"q10": 4}, "/items/q10"),
        (PHQ_9 | {"q11": 0}, "/items/q11"), (PHQ_9 | {"q3": True}, "/items/q3"), (PHQ_9 | {"q3": 2.5}, "/items/q3"),
        (PHQ_9 | {"q3": "3"}, "/items/q3"), (PHQ_9 | {"q3": None}, "/items/q3"), (PHQ_9 | {"q3": 10**30}, "/items/q3"),
        (PHQ_9 | {"q3": 1.0}, "/items/q3"), (PHQ_9 | {"q3": [1]}, "/items/q3"),
    ],
)  # fmt: skip
async def test_a_value_that_cannot_be_is_refused_at_its_item(clinic: Any, items: dict[str, Any], pointer: str) -> None:
    _, episode_id = await clinic.assigned()
    before, audited = await told(clinic), await clinic.refusals()

    refused = await clinic.peer.post(f"{INTAKE}/answers", body(episode_id, "phq-9", items))

    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == [pointer], refused.text
    assert (await told(clinic), await clinic.refusals()) == (before, audited + 1)


async def told(clinic: Any) -> list[int]:
    """Count what an agency has of answers and concerns."""
    counts = [
        clinic.platform.value(
            f"select count(*) from intake.{table} where agency_id = :a", a=clinic.administrator.agency_id
        )
        for table in ("answer", "safety_concern", "safety_action")
    ]
    return [*await asyncio.gather(*counts), await clinic.told()]


async def test_a_danger_said_beside_a_value_that_cannot_be_is_not_lost_in_the_refusal(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()

    refused = await clinic.peer.post(f"{INTAKE}/answers", body(episode_id, "phq-9", PHQ_9 | {"q3": 9, "q9": 1}))

    assert refused.status_code == 422
    assert "offer 988" in refused.json()["detail"]


@pytest_asyncio.fixture(scope="session")
async def an_episode(clinic: Any) -> UUID:
    _, episode_id = await clinic.assigned()
    return UUID(str(episode_id))


@pytest.mark.parametrize(
    ("wrong", "status", "kind"),
    [
        ({"instrument": "no-such-thing"}, 422, "/problems/no-such-instrument"),
        ({"version": "1999"}, 422, "/problems/no-such-version"),
        ({"items": {}}, 422, INVALID),
        ({"outcome": "declined"}, 422, INVALID),
        ({"outcome": "refused"}, 422, INVALID),
        ({"given_by": "nurse"}, 422, INVALID),
        ({"point": "often"}, 422, INVALID),
        ({"collected_on": TOMORROW}, 422, "/problems/in-the-future"),
        ({"collected_on": "2026-02-30"}, 422, INVALID),
        ({"episode_id": str(uuid4())}, 404, "/problems/not-found"),
        ({"score": 9}, 422, INVALID),
        ({"items": {f"q{place}": 0 for place in range(201)}}, 422, INVALID),
        ({"items": {"q 1": 0}}, 422, INVALID),
    ],
)
async def test_a_bad_answer_leaves_nothing_but_its_audit_entry(
    clinic: Any, an_episode: UUID, wrong: dict[str, Any], status: int, kind: str
) -> None:
    before, audited = await told(clinic), await clinic.refusals()

    refused = await clinic.peer.post(f"{INTAKE}/answers", body(an_episode, "phq-9", PHQ_9) | wrong)

    assert (refused.status_code, refused.json()["type"]) == (status, kind), refused.text
    assert (await told(clinic), await clinic.refusals()) == (before, audited + 1)


async def test_answers_are_out_of_reach_for_others(clinic: Any, stranger: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    answer_id = await answered(clinic, episode_id, "phq-2", {"q1": 0, "q2": 0})

    for caller in (clinic.other_peer, stranger):
        asked = [
            await caller.get(f"{INTAKE}/answers/{answer_id}"),
            await caller.get(f"{INTAKE}/participants/{participant_id}/answers"),
            await caller.get(f"{INTAKE}/participants/{participant_id}/trend", instrument="phq-2"),
            await caller.post(f"{INTAKE}/answers", body(episode_id, "phq-2", {"q1": 0})),
        ]
        assert [one.status_code for one in asked] == [404] * 4
    assert (
        await clinic.privacy_officer.post(f"{INTAKE}/answers", body(episode_id, "phq-2", {"q1": 0}))
    ).status_code == 403


async def test_reading_an_answer_is_audited(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    answer_id = await answered(clinic, episode_id, "phq-2", {"q1": 0, "q2": 0})

    await answer(clinic.supervisor, answer_id)

    sql = (
        "select count(*) from (select subject_id, action from intake.audit union all "
        "select subject_id, action from intake.audit_pending) a where action = 'answer.read' and subject_id = :i"
    )
    assert await clinic.platform.value(sql, i=UUID(answer_id)) == 1


# The trend


async def trend(clinic: Any, participant_id: UUID, instrument: str, **params: str) -> dict[str, Any]:
    path = f"{INTAKE}/participants/{participant_id}/trend"
    found = await clinic.peer.get(path, instrument=instrument, **params)
    assert found.status_code == 200, found.text
    read: dict[str, Any] = found.json()
    return read


def phq(points: int) -> dict[str, int]:
    """Return answers to the PHQ-9 that make up to 24 points, none from the ninth item."""
    return {f"q{place}": max(0, min(3, points - 3 * (place - 1))) for place in range(1, 9)} | {"q9": 0}


async def test_a_trend_goes_from_the_first_answers_to_the_latest_whatever_was_entered_first(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    for points, day in ((12, "2026-04-05"), (18, "2026-01-05"), (9, "2026-07-05")):
        await answered(clinic, episode_id, "phq-9", phq(points), collected_on=day)
    await answered(clinic, episode_id, "phq-9", {"q1": 3}, collected_on="2026-01-05")
    await answered(clinic, episode_id, "phq-9", {}, outcome="declined", collected_on="2026-08-01")

    found = await trend(clinic, participant_id, "phq-9")

    assert [point["score"] for point in found["points"]] == [18, 12, 9]
    assert (found["baseline"]["score"], found["latest"]["score"], found["change"]) == (18, 9, -9)
    assert (found["days"], found["verdict"], found["least"], found["most"]) == (181, "improved", 0, 27)
    assert found["source"].startswith("Löwe 2004")
    assert found["words"]["en"] == ("Change since your first answers: 9 points lower. That is a change for the better.")
    assert found["words"]["es"].startswith("Cambio desde sus primeras respuestas: 9 puntos menos.")


@pytest.mark.parametrize(
    ("points", "verdict", "words"),
    [
        ([], None, "There are no complete answers yet."),
        ([10], None, "These are your first answers."),
        ([10, 6], "no_reliable_change", "Change since your first answers: 4 points lower. A difference of this size"),
        ([10, 16], "worse", "Change since your first answers: 6 points higher. Things look harder than at first"),
    ],
)
async def test_a_trend_says_no_more_than_there_is(
    clinic: Any, points: list[int], verdict: str | None, words: str
) -> None:
    participant_id, episode_id = await clinic.assigned()
    for place, one in enumerate(points, 1):
        await answered(clinic, episode_id, "phq-9", phq(one), collected_on=f"2026-0{place}-05")

    found = await trend(clinic, participant_id, "phq-9")

    assert found["verdict"] == verdict
    assert found["words"]["en"].startswith(words)


async def test_each_scale_has_a_trend_of_its_own(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    family = ("q3", "q4", "q8", "q11")
    before = {f"q{place}": 4 for place in range(1, 13)}
    await answered(clinic, episode_id, "mspss", before)
    await answered(clinic, episode_id, "mspss", before | dict.fromkeys(family, 6), collected_on="2026-04-05")

    found = await trend(clinic, participant_id, "mspss", scale="family")

    assert (found["change"], found["verdict"], found["most"]) == (2.0, "not_established", 7.0)
    assert (await trend(clinic, participant_id, "mspss", scale="friends"))["change"] == 0.0


@pytest.mark.parametrize(
    ("params", "status", "kind"),
    [
        ({"instrument": "nothing"}, 404, "/problems/not-found"),
        ({"instrument": "c-ssrs-screener"}, 422, "/problems/not-scored"),
        ({"instrument": "phq-9", "scale": "family"}, 422, "/problems/not-scored"),
        ({}, 422, INVALID),
    ],
)
async def test_what_has_no_score_has_no_trend(clinic: Any, params: dict[str, str], status: int, kind: str) -> None:
    participant_id, _ = await clinic.assigned()

    refused = await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/trend", **params)

    assert (refused.status_code, refused.json()["type"]) == (status, kind)


# Own items


async def test_own_items_are_read_with_the_percent_of_days_abstinent(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    given = {
        "episode_id": str(episode_id),
        "point": "baseline",
        "collected_on": "2026-01-05",
        "use_days": {"alcohol": 6, "opioids": 0},
        "observed_days": 24,
        "ed_visits_30": 2,
        "inpatient_nights_30": 1,
        "declined": ["arrests_30", "housing"],
    }

    assessment_id = await clinic.peer.created(f"{INTAKE}/assessments", given)
    read = (await clinic.peer.get(f"{INTAKE}/assessments/{assessment_id}")).json()

    assert read["percent_days_abstinent"] == {"alcohol": 75.0, "opioids": 100.0}
    assert (read["use_days"], read["use_days_30"], read["observed_days"]) == (given["use_days"], 6, 24)
    assert (read["ed_visits_30"], read["inpatient_nights_30"]) == (2, 1)
    assert read["declined"] == ["arrests_30", "housing"]


async def test_too_few_observed_days_give_no_percentage_and_none_named_means_all(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    given = {
        "episode_id": str(episode_id),
        "point": "follow_up",
        "collected_on": "2026-01-05",
        "use_days": {"alcohol": 3},
    }

    few = await clinic.peer.created(f"{INTAKE}/assessments", given | {"observed_days": 23})
    every = await clinic.peer.created(f"{INTAKE}/assessments", given)
    read = [(await clinic.peer.get(f"{INTAKE}/assessments/{one}")).json() for one in (few, every)]

    assert [one["percent_days_abstinent"] for one in read] == [{"alcohol": None}, {"alcohol": 90.0}]


async def test_an_assessment_may_be_declines_alone(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    given = {"episode_id": str(episode_id), "point": "closeout", "collected_on": "2026-01-05", "declined": ["use_days"]}

    assessment_id = await clinic.peer.created(f"{INTAKE}/assessments", given)

    (event,) = await clinic.events(assessment_id)
    assert json.loads(event["payload"])["data"].get("use_days_30") is None
    assert (await clinic.peer.get(f"{INTAKE}/assessments/{assessment_id}")).json()["declined"] == ["use_days"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"declined": ["use_days", "use_days"]},
        {"declined": ["weather"]},
        {"declined": ["housing"], "housing": "homeless"},
        {"use_days": {"alcohol": 25}, "observed_days": 24},
        {"observed_days": 24, "arrests_30": 0},
        {"use_days": {"alcohol": 0}, "observed_days": 0},
        {"use_days": {"alcohol": 0}, "observed_days": 31},
        {"inpatient_nights_30": 31},
        {"ed_visits_30": -1},
    ],
)
async def test_own_items_that_contradict_each_other_leave_nothing(
    clinic: Any, an_episode: UUID, wrong: dict[str, Any]
) -> None:
    given = {"episode_id": str(an_episode), "point": "baseline", "collected_on": "2026-01-05"}
    before, audited = await clinic.rows(), await clinic.refusals()

    refused = await clinic.peer.post(f"{INTAKE}/assessments", given | wrong)

    assert (refused.status_code, refused.json()["type"]) == (422, INVALID), refused.text
    assert (await clinic.rows(), await clinic.refusals()) == (before, audited + 1)


async def test_an_assessment_is_out_of_reach_for_others(clinic: Any, stranger: Any) -> None:
    _, episode_id = await clinic.assigned()
    given = {"episode_id": str(episode_id), "point": "baseline", "collected_on": "2026-01-05", "arrests_30": 0}
    assessment_id = await clinic.peer.created(f"{INTAKE}/assessments", given)

    answers = [await one.get(f"{INTAKE}/assessments/{assessment_id}") for one in (clinic.other_peer, stranger)]

    assert [one.status_code for one in answers] == [404, 404]


async def test_answers_from_before_the_episode_are_no_baseline(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()  # opened on 2026-01-05
    declined = {"outcome": "declined", "given_by": "self", "collected_on": "2026-01-04"}
    answer = {"episode_id": str(episode_id), "instrument": "phq-2"} | declined
    assessment = {"episode_id": str(episode_id), "point": "baseline", "collected_on": "2026-01-04", "arrests_30": 0}

    for path, body in (("answers", answer), ("assessments", assessment)):
        refused = await clinic.peer.post(f"{INTAKE}/{path}", body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/collected_on")
