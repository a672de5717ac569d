"""The promises of the tree: which files a service has, who guards a route, what a setting says, who imports whom."""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from common.rights import leaves
from handrail.catalog import PACKAGES

ROOT = Path(__file__).parents[1]
SERVICES = tuple((os.environ.get("HANDRAIL_TEST_SERVICES") or ",".join(PACKAGES)).split(","))
EIGHT = {"rules", "settings", "models", "commands", "queries", "api", "subscribers", "app"}
BESIDE = {"migrations"}
MORE = {
    "compliance_reporting": {"reports", "guidelines"},
    "notification": {"senders", "templates", "delivery", "mornings"},
    "workforce": {"tokens"},
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "base", "handler", "handlers"}
MOST_LINES = 400
ADDED_BY_THE_LIBRARY = {"/health", "/v1/freshness", "/v1/looks/{subject_id}"}


def source(package: str) -> Path:
    return ROOT / "services" / package.replace("_", "-") / "src" / package


def sources() -> Iterator[Path]:
    folders = [ROOT / "libs/common/src", ROOT / "deploy/cli/src", *(source(package) for package in SERVICES)]
    for folder in folders:
        yield from (file for file in folder.rglob("*.py") if "versions" not in file.parts)


@pytest.mark.parametrize("package", SERVICES)
def test_a_service_answers_the_eight_questions_in_the_eight_files(package: str) -> None:
    names = {file.stem for file in source(package).iterdir() if not file.name.startswith("__")} - {"py"}
    assert names >= EIGHT, EIGHT - names
    assert names - EIGHT - BESIDE <= MORE.get(package, set()), names - EIGHT - BESIDE


@pytest.mark.parametrize("package", SERVICES)
def test_a_service_has_one_first_migration_and_a_straight_line_from_it(package: str) -> None:
    versions = sorted((source(package) / "migrations" / "versions").glob("*.py"))
    assert versions, "no migration"
    assert [file.name[:4] for file in versions] == [f"{place:04}" for place in range(1, len(versions) + 1)]
    for place, file in enumerate(versions):
        said = file.read_text()
        before = f"['\"]{versions[place - 1].name[:4]}['\"]" if place else "None"
        assert re.search(rf"^revision(: \w+)? = ['\"]{file.name[:4]}['\"]", said, re.MULTILINE), file
        assert re.search(rf"^down_revision.* = {before}", said, re.MULTILINE), file


def test_no_file_is_longer_than_anybody_reads() -> None:
    long = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in sources()}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def test_no_file_is_named_for_the_kind_of_code_in_it() -> None:
    assert [file for file in sources() if {file.stem, file.parent.name} & FORBIDDEN_NAMES] == []


def test_every_file_opens_with_a_sentence() -> None:
    silent = [file for file in sources() if file.read_text().strip() and not file.read_text().startswith('"""')]
    assert silent == []


def test_nothing_is_left_to_be_done_later() -> None:
    assert [file for file in sources() if re.search(r"\b(TODO|FIXME|XXX)\b", file.read_text())] == []


def routes(package: str) -> list[tuple[str, APIRoute]]:
    """Return a service's routes with their full paths, as its API module declares them."""
    api = importlib.import_module(f"{package}.api")
    declared = getattr(api, "ROUTERS", vars(api).values())
    routers = {id(one): one for one in declared if hasattr(one, "routes") and hasattr(one, "prefix")}
    return [
        (route.path, route) for router in routers.values() for route in router.routes if isinstance(route, APIRoute)
    ]


def public_paths(package: str) -> frozenset[str]:
    return frozenset(getattr(importlib.import_module(f"{package}.api"), "PUBLIC", ()))


@pytest.mark.parametrize("package", SERVICES)
def test_every_public_path_exists(package: str) -> None:
    assert public_paths(package) <= {path for path, _ in routes(package)}


@pytest.mark.parametrize("package", SERVICES)
def test_the_running_app_has_no_route_beside_those(package: str, platform: Any) -> None:
    path = f"/api/{package.replace('_', '-')}"
    (mount,) = [one for one in platform.app.routes if getattr(one, "path", "") == path]
    served = {path_of(one) for one in leaves(mount.app.app.routes)}
    declared = {path for path, _ in routes(package)}
    assert served == declared | ADDED_BY_THE_LIBRARY


def path_of(route: Any) -> str:
    return str(route.path)


PAGES = frozenset({"text/html", "application/xml"})


@pytest.mark.parametrize("package", SERVICES)
def test_every_route_says_what_it_answers(package: str) -> None:
    for path, route in routes(package):
        said = route.status_code == 204 or route.response_model is not None or media_of(route) in PAGES
        assert said, f"{sorted(route.methods)} {path}"


def media_of(route: Any) -> str | None:
    return getattr(route.response_class, "media_type", None)


@pytest.mark.parametrize("package", SERVICES)
def test_every_request_body_refuses_unknown_fields(package: str) -> None:
    for path, route in routes(package):
        for field in route.dependant.body_params:
            model = field.field_info.annotation
            assert model.model_config.get("extra") == "forbid", f"{sorted(route.methods)} {path}"


def test_no_bound_is_given_where_it_would_not_hold() -> None:
    """Beside a type that has its own bound, `= Field(max_length=…)` is ignored; `Annotated[…]` is not."""
    ignored = re.compile(r"^ +\w+: (Line|Label|Prose|Document|Email|Code)\b[^=\n]* = Field\([^)]*max_length", re.M)

    assert not [file for file in sources() if ignored.search(file.read_text())]


@pytest.mark.parametrize("package", SERVICES)
def test_every_setting_says_what_it_is_for(package: str) -> None:
    settings = importlib.import_module(f"{package}.settings").Settings
    silent = [name for name, field in settings.model_fields.items() if not field.description]
    assert silent == []


@pytest.mark.parametrize("package", SERVICES)
def test_every_table_has_its_agency_first_in_its_key_or_says_why_not(package: str) -> None:
    metadata = importlib.import_module(f"{package}.models").Model.metadata
    foundation = importlib.import_module(f"{package}.models").TABLES
    ours = {value.name for value in vars(foundation).values() if hasattr(value, "name")}
    for table in metadata.sorted_tables:
        if table.name not in ours and table.info.get("reach") != "shared":
            assert next(iter(table.primary_key)).name == "agency_id", table.name


@pytest.mark.parametrize("package", SERVICES)
def test_whatever_is_heard_has_a_reaction(package: str) -> None:
    app = importlib.import_module(f"{package}.app")
    reactions = getattr(importlib.import_module(f"{package}.subscribers"), "REACTIONS", {})
    assert set(app.SERVICE.hears) == set(reactions)
    assert package.replace("_", "-") not in {fact.service for fact in reactions}, "a service does not hear itself"


def test_the_import_rules_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
