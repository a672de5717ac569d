"""The promises on the wire: committed, kept within a version, and free of everything that identifies a person."""

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from common.contracts.schemas import Incompatible, breaks, export, known, schema

FOLDER = Path(__file__).parents[1] / "schemas"
DENIED = {
    "name", "names", "phone", "email", "mail", "address", "birth", "birthday", "dob", "note", "notes", "summary",
    "substance", "substances", "diagnosis", "words", "word", "text", "comment", "street", "city", "zip", "ssn",
}  # fmt: skip
# Named for what they hold, which is a number of days and a list of codes about a note, never a note.
HARMLESS_NAMES = {"note_deadline_business_days"}
HARMLESS_DESCRIPTIONS = {"required note elements that are not there"}
# Every free string on the bus, known by hand: a zone, a version of a form, billing codes, a template's key, amounts.
FREE_STRINGS = {
    "AgencyFacts.zone", "SessionFacts.zone", "NoticeFacts.version", "ProgramFacts.group_modifier",
    "SessionFacts.modifiers", "SessionFacts.service_code", "SessionFacts.units", "MessageFacts.template",
    "MessageFacts.channel", "ScoreFacts.instrument", "ScoreFacts.pack_version",
    "StaffFacts.fte", "PlacementFacts.fte", "SupervisorFacts.fte", "TrainingFacts.hours", "WorkHoursFacts.hours",
    "ProgramPackFacts.pack_id", "WorkTimeFacts.miles", "AppointmentFacts.zone", "SessionFacts.competencies",
}  # fmt: skip
FACTS = list(known().values())


@pytest.mark.parametrize("fact", FACTS, ids=repr)
def test_the_committed_schema_is_the_codes(fact: Any) -> None:
    committed = json.loads((FOLDER / f"{fact.type}.json").read_text())
    assert committed == schema(fact), "write it anew with common.contracts.schemas.export(libs/common/schemas)"


def test_there_is_no_schema_without_a_fact() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(known())


@pytest.mark.parametrize("fact", FACTS, ids=repr)
def test_a_fact_keeps_what_it_promised_at_the_last_release(fact: Any) -> None:
    if (promised := released(fact.type)) is None:
        pytest.skip("not released yet")
    assert breaks(promised, schema(fact)) == []


def released(name: str) -> Any:
    def git(*words: str) -> str | None:
        done = subprocess.run(["git", *words], cwd=FOLDER, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    tag = git("describe", "--tags", "--abbrev=0") or "HEAD"
    text = git("show", f"{tag}:./{name}.json")
    return json.loads(text) if text else None


@pytest.mark.parametrize("fact", FACTS, ids=repr)
def test_nothing_in_a_fact_is_named_like_what_must_stay_at_home(fact: Any) -> None:
    for definition in schema(fact)["$defs"].values():
        for name, field in definition.get("properties", {}).items():
            assert name in HARMLESS_NAMES or not DENIED & set(name.split("_")), name
            said = field.get("description", "")
            assert said in HARMLESS_DESCRIPTIONS or not DENIED & set(re.findall(r"[a-z]+", said.lower())), said


@pytest.mark.parametrize("fact", FACTS, ids=repr)
def test_what_may_be_null_may_be_missing_because_events_leave_nulls_out(fact: Any) -> None:
    for title, definition in schema(fact)["$defs"].items():
        for name, field in definition.get("properties", {}).items():
            nullable = any(one.get("type") == "null" for one in alternatives(field))
            assert not (nullable and name in definition.get("required", [])), f"{title}.{name}"


def test_every_free_string_on_the_bus_is_known() -> None:
    found = set()
    for fact in FACTS:
        for title, definition in schema(fact)["$defs"].items():
            for name, field in definition.get("properties", {}).items():
                if any(is_free(one) for one in alternatives(field)):
                    found.add(f"{title}.{name}")
    assert found == FREE_STRINGS


def alternatives(field: Any) -> list[Any]:
    several = field.get("anyOf", [field])
    return [inner for one in several for inner in ([one["items"]] if "items" in one else [one])]


def is_free(field: Any) -> bool:
    return field.get("type") == "string" and "format" not in field and "enum" not in field


@pytest.mark.parametrize("fact", FACTS, ids=repr)
def test_a_fact_is_named_for_its_service_and_in_the_past(fact: Any) -> None:
    assert re.fullmatch(rf"handrail\.{fact.service}\.[a-z]+(-[a-z]+)*\.v[1-9]", fact.type)
    assert re.search(r"(ed|en|left|held|made|overdue|sent|set|split|withdrawn)$", fact.name), fact.name


def test_exporting_writes_every_fact_and_refuses_to_break_one(tmp_path: Path) -> None:
    files = export(tmp_path)
    assert {file.name for file in files} == {f"{name}.json" for name in known()}

    promised = json.loads(files[0].read_text())
    promised["properties"]["colour"] = {"type": "string"}
    files[0].write_text(json.dumps(promised))

    with pytest.raises(Incompatible, match="/colour: removed or renamed"):
        export(tmp_path)


OLD = {
    "$defs": {"Facts": {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}}},
    "properties": {
        "data": {"$ref": "#/$defs/Facts"},
        "status": {"type": "string", "enum": ["open", "closed"]},
        "size": {"type": "integer", "minimum": 1, "maximum": 30},
        "until": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
        "days": {"type": "array", "items": {"type": "string", "format": "date"}},
    },
}


def test_the_same_schema_and_new_optional_fields_are_fine() -> None:
    new = copy.deepcopy(OLD)
    new["properties"]["extra"] = {"type": "string", "default": None}
    new["$defs"]["Facts"]["properties"]["more"] = {"type": "integer", "default": 0}  # type: ignore[index]
    new["properties"]["size"] |= {"minimum": 0, "maximum": 60}

    assert breaks(OLD, OLD) == []
    assert breaks(OLD, new) == []


def _without(path: str) -> Any:
    def change(new: Any) -> None:
        *parents, last = path.split("/")
        for one in parents:
            new = new[one]
        del new[last]

    return change


def _with(path: str, value: Any) -> Any:
    def change(new: Any) -> None:
        *parents, last = path.split("/")
        for one in parents:
            new = new[one]
        new[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without("properties/status"), "/status: removed or renamed"),
        (_without("$defs/Facts/properties/id"), "/data/id: removed or renamed"),
        (_with("properties/extra", {"type": "string"}), "/extra: new and required"),
        (_with("$defs/Facts/properties/extra", {"type": "string"}), "/data/extra: new and required"),
        (_without("properties/until/default"), "/until: required now"),
        (_with("properties/size/type", "string"), "/size: type was integer, is string"),
        (_with("properties/size/minimum", 2), "/size: minimum is narrower"),
        (_with("properties/size/maximum", 29), "/size: maximum is narrower"),
        (_with("properties/status/enum", ["open"]), "/status: the code closed is gone"),
        (_with("properties/status/enum", ["open", "closed", "lost"]), "/status: the code lost is new"),
        (_with("properties/days/items/format", "date-time"), "/days/*: format was date, is date-time"),
        (_with("properties/until/anyOf", [{"type": "null"}]), "/until: was one of 2, is one of 1"),
        (_with("$defs/Facts/properties/id", {"type": "integer"}), "/data/id: type was string, is integer"),
    ],
)
def test_anything_else_needs_a_new_version(change: Any, said: str) -> None:
    new = copy.deepcopy(OLD)
    change(new)
    assert said in breaks(OLD, new)


def test_a_schema_that_refers_to_itself_is_walked_once() -> None:
    tree = {"$defs": {"T": {"properties": {"next": {"$ref": "#/$defs/T"}}}}, "$ref": "#/$defs/T"}
    assert breaks(tree, tree) == []
