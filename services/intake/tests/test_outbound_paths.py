"""Every way by which something about a person could leave, found in the code of all services, and what proves its row.

Each stands in a register below: with the test that shows its line in the ledger, or with the reason why nothing about
a person served leaves by it. A way that is new fails here until somebody has said which of the two it is.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from intake.rules.disclosures import OutboundPath

ROOT = Path(__file__).parents[3]
SOURCES = [*sorted((ROOT / "services").glob("*/src")), *sorted((ROOT / "libs").glob("*/src"))]
CLIENTS = frozenset(
    {
        *("aiohttp", "aiosmtplib", "asyncssh", "ftplib", "httpx", "paramiko", "requests", "smtplib", "socket"),
        *("telnetlib", "urllib.request", "urllib3", "http.client", "websockets", "twilio", "boto3"),
    }
)
OPENERS = frozenset({"open_connection", "create_connection", "create_subprocess_exec", "create_subprocess_shell"})
PAGES = frozenset(
    {"Twiml", "HTMLResponse", "FileResponse", "StreamingResponse", "PlainTextResponse", "FhirJson", "Sheet"}
)
JSON_TYPES = ("application/json", "application/problem+json")


@dataclass(frozen=True)
class Proved:
    """A disclosure may leave by it; `test` (file::name) shows its line in the ledger."""

    test: str


@dataclass(frozen=True)
class Nothing:
    """Nothing about a person served leaves by it, or only to who may see it without disclosing; and why."""

    because: str


Entry = Proved | Nothing
INTAKE, SESSIONS = "services/intake/tests", "services/session-logging/tests"
OWN_STAFF = "own staff within reach read it, which is use and not disclosure"
THE_PERSON = "the person served reads it with their own code"

OUTBOUND_PATHS: Mapping[OutboundPath, Proved] = {
    OutboundPath.RECORDED: Proved(
        f"{INTAKE}/test_disclosures.py::test_a_disclosure_keeps_its_row_its_consents_version_and_its_origin"
    ),
    OutboundPath.PACKAGE: Proved(
        f"{INTAKE}/test_disclosures.py::test_the_accounting_holds_every_row_that_was_written_and_prints_in_two_languages"
    ),
    OutboundPath.REFERRAL: Proved(
        f"{INTAKE}/test_referral_tellings.py::test_telling_a_receiver_needs_a_basis_and_writes_a_line"
    ),
    OutboundPath.REFERRAL_LINK: Proved(
        f"{INTAKE}/test_referral_tellings.py::test_a_link_shows_more_on_a_consent_and_accounts_for_it_once"
    ),
    OutboundPath.COLLATERAL_CONTACT: Proved(
        f"{INTAKE}/test_subscribers.py::test_a_contact_outside_is_accounted_for_once_sealed_on_its_consent"
    ),
    OutboundPath.IDENTITY_RELEASE: Proved(
        f"{INTAKE}/test_subscribers.py::test_everybody_whom_an_auditor_was_shown_has_a_line_of_their_own"
    ),
    OutboundPath.CLAIM: Proved(
        f"{INTAKE}/test_subscribers.py::test_everybody_on_a_sheet_of_claims_has_a_line_of_their_own"
    ),
    OutboundPath.IMPORT: Proved(
        f"{INTAKE}/test_imports.py::test_past_disclosures_are_kept_as_they_were_right_or_wrong"
    ),
}
# By module: who can open a connection to somewhere else.
MODULES: Mapping[str, Entry] = {
    "intake.commands.meeting_fetches": Nothing("it fetches public lists of meetings and sends no body"),
    "notification.app": Nothing("it makes the clients that its senders use"),
    "notification.commands.webhooks": Nothing("it looks at an address an agency gives, and asks nobody"),
    "notification.senders.directory": Nothing("it asks, inside the platform, how staff and persons want to be reached"),
    "notification.senders.hooks": Nothing("facts of ids and codes go to an agency's own systems, as its own use"),
    "notification.senders.outside": Nothing("it carries what push notices and an agency's own systems get"),
    "notification.senders.providers": Nothing("it says which ways out are set up"),
    "notification.senders.push": Nothing("notices go to browsers of staff and say that something waits"),
    "notification.senders.twilio": Nothing("texts in approved words: a day and a time at most, and no name"),
    "common.calling": Nothing("a service asks another, inside the platform"),
    "intake.commands.paging": Nothing(
        "it tells notification, inside the platform, that a concern is open: ids and codes"
    ),
    "notification.senders.smtp": Nothing("letters in approved words: a number, or a day and a time, and no name"),
    "workforce.commands.issuers": Nothing("it asks identity providers who a member of staff is"),
    "common.embedded": Nothing("it looks for a free port on this machine"),
    "common.identity": Nothing("it fetches the keys of workforce, inside the platform"),
}
# By service and path: what answers without a token.
PUBLIC_ROUTES: Mapping[str, Entry] = {
    "intake /v1/referral-status/{token}": Proved(
        f"{INTAKE}/test_referral_tellings.py::test_a_link_shows_more_on_a_consent_and_accounts_for_it_once"
    ),
    "intake /v1/own/plan": Nothing(THE_PERSON),
    "intake /v1/own/instrument": Nothing(THE_PERSON),
    "intake /v1/own/instrument-form": Nothing(THE_PERSON),
    "intake /v1/own/intake-form": Nothing(THE_PERSON),
    "intake /v1/own/intake": Nothing(THE_PERSON),
    "intake /v1/own/papers": Nothing(THE_PERSON),
    "intake /v1/own/consent-revocations": Nothing(THE_PERSON),
    "intake /v1/notice-pages/{agency_id}/{language}": Nothing("the agency's own notice, about nobody"),
    "notification /v1/twilio/inbound": Nothing("somebody answered; what is said back names nobody and nothing"),
    "notification /v1/unsubscribe": Nothing("one click ends letters; the page is the same for everybody"),
    "notification /v1/twilio/status": Nothing("a provider says what became of a text; nothing is answered"),
    "workforce /v1/agencies": Nothing("an operator opens an agency"),
    "workforce /v1/sign-ins": Nothing("staff sign in"),
    "workforce /v1/token-refreshes": Nothing("staff stay signed in"),
    "workforce /v1/sign-outs": Nothing("staff sign out"),
    "workforce /v1/service-tokens": Nothing("the services of the platform sign in"),
    "workforce /v1/jwks": Nothing("public keys"),
    "workforce /v1/sign-in-enrolments": Nothing("staff set up a second factor while they sign in"),
    "workforce /v1/sign-in-codes": Nothing("staff sign in with their second factor"),
    "workforce /v1/passkey-options": Nothing("staff sign in"),
    "workforce /v1/passkey-sign-ins": Nothing("staff sign in"),
    "workforce /v1/provider-sign-in-attempts": Nothing("staff sign in"),
    "workforce /v1/provider-sign-ins": Nothing("staff sign in"),
    "workforce /v1/email-domains": Nothing("an operator says which addresses are an agency's"),
    "workforce /v1/email-domain-withdrawals": Nothing("an operator says which addresses are an agency's no more"),
    "workforce /v1/ended-sign-ins": Nothing("ids of sign-ins that are over"),
}
# By module and function: an answer that is a page or a file, so made to be printed or passed on.
FILES: Mapping[str, Entry] = {
    "intake.api.disclosures document": Proved(
        f"{INTAKE}/test_disclosures.py::test_a_package_shows_its_view_the_statement_and_the_scope_and_no_more"
    ),
    "intake.api.disclosures accounting": Nothing("it is printed for the person themselves"),
    "intake.api.own_papers papers": Nothing(THE_PERSON),
    "notification.api.replies take_in": Nothing("a neutral confirmation, or nothing"),
    "notification.api.unsubscribe ask": Nothing("one button, the same for everybody"),
    "notification.api.unsubscribe unsubscribe": Nothing("it is done, the same for everybody"),
    "notification.api.unsubscribe _page": Nothing("the same for everybody"),
    "intake.api.referral_status _page": Proved(
        f"{INTAKE}/test_referral_tellings.py::test_a_link_shows_more_on_a_consent_and_accounts_for_it_once"
    ),
    "intake.api.notices notice_page": Nothing("the agency's own notice, about nobody"),
    "intake.api.fhir outcome": Nothing("how a document that was sent in was wrong, without a word of it"),
    "intake.api.fhir_consent consent_as_fhir": Nothing(f"terms without the person's name; {OWN_STAFF}"),
    "session_logging.api.claims sheet": Proved(
        f"{INTAKE}/test_subscribers.py::test_everybody_on_a_sheet_of_claims_has_a_line_of_their_own"
    ),
    "session_logging.api.work_times mileage": Nothing("trips of staff by day, without whom they were for"),
    "compliance_reporting.api _file": Nothing("counts, and no small ones for readers outside"),
    "compliance_reporting.api report_sheet": Nothing("counts, and no small ones for readers outside"),
    "compliance_reporting.api report_html": Nothing("counts, and no small ones for readers outside"),
}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for source in SOURCES:
        for file in sorted(source.rglob("*.py")):
            if "migrations" not in file.parts:
                name = ".".join(file.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
                yield name, ast.parse(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.Module]:
    return dict(_modules())


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def _opens(tree: ast.Module) -> bool:
    """Tell whether a module imports a client, or opens a connection by a name of the standard library."""
    imported = {one for name in _imported(tree) for one in (name, name.split(".")[0])}
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(imported & CLIENTS or called & OPENERS)


def _public(tree: ast.Module) -> Iterator[str]:
    """Return the paths that a module lists in `PUBLIC`."""
    for node in ast.walk(tree):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name) and target.id == "PUBLIC":
            inside = ast.walk(node.value) if node.value else []
            yield from (one.value for one in inside if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _is_file(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in PAGES:
        return True
    written = " ".join(ast.unparse(word.value) for word in call.keywords if word.arg in ("media_type", "headers"))
    typed = any(word.arg == "media_type" for word in call.keywords)
    return name.endswith("Response") and (
        "Content-Disposition" in written or (typed and not any(one in written for one in JSON_TYPES))
    )


def _declares_page(function: ast.AsyncFunctionDef | ast.FunctionDef) -> bool:
    return any(name in ast.unparse(one) for one in function.decorator_list for name in PAGES)


def _files(name: str, tree: ast.Module) -> Iterator[str]:
    for function in ast.walk(tree):
        if isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
            answers = any(isinstance(node, ast.Call) and _is_file(node) for node in ast.walk(function))
            if answers or _declares_page(function):
                yield f"{name} {function.name}"


def _apis(modules: Mapping[str, ast.Module]) -> Iterator[tuple[str, ast.Module]]:
    return ((name, tree) for name, tree in modules.items() if "api" in name.split(".")[1:2])


def test_every_module_that_can_connect_to_somewhere_else_is_registered(modules: dict[str, ast.Module]) -> None:
    found = {name for name, tree in modules.items() if _opens(tree)}
    assert found == set(MODULES), found ^ set(MODULES)


def test_every_route_without_a_token_is_registered(modules: dict[str, ast.Module]) -> None:
    found = {f"{name.split('.')[0]} {path}" for name, tree in _apis(modules) for path in _public(tree)}
    assert found == set(PUBLIC_ROUTES), found ^ set(PUBLIC_ROUTES)


def test_every_kind_of_answer_of_our_own_is_known_as_a_file(modules: dict[str, ast.Module]) -> None:
    classes = (node for _, tree in _apis(modules) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    made = {one.name for one in classes if any(ast.unparse(base).endswith("Response") for base in one.bases)}
    assert made <= PAGES, made - PAGES


def test_every_answer_that_is_a_page_or_a_file_is_registered(modules: dict[str, ast.Module]) -> None:
    found = {one for name, tree in _apis(modules) for one in _files(name, tree)}
    assert found == set(FILES), found ^ set(FILES)


def test_every_outbound_path_is_registered_and_taken_by_some_code(modules: dict[str, ast.Module]) -> None:
    taken = {
        node.attr
        for name, tree in modules.items()
        if name.startswith("intake.commands")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "OutboundPath"
    }

    assert set(OUTBOUND_PATHS) == set(OutboundPath)
    assert taken == {path.name for path in OutboundPath}


def test_one_module_writes_the_ledger(modules: dict[str, ast.Module]) -> None:
    writers = {
        name
        for name, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Disclosure"
    }
    assert writers == {"intake.commands.disclosures"}


REGISTERS: Mapping[str, Mapping[str, Entry]] = {
    "modules": MODULES,
    "routes": PUBLIC_ROUTES,
    "files": FILES,
    "paths": {str(path): entry for path, entry in OUTBOUND_PATHS.items()},
}


@pytest.mark.parametrize("register", REGISTERS)
def test_every_proof_is_a_test_that_exists_and_every_reason_is_given(register: str) -> None:
    for what, entry in REGISTERS[register].items():
        if isinstance(entry, Nothing):
            assert len(entry.because) > 10, what
        else:
            file, name = entry.test.split("::")
            tests = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
            assert name in {getattr(one, "name", None) for one in tests}, what


@pytest.mark.parametrize(
    ("code", "opens"),
    [
        ("import httpx", True),
        ("from aiosmtplib import SMTP", True),
        ("import urllib.request", True),
        ("from urllib import request", True),
        ("from urllib.parse import urlsplit", False),
        ("import asyncio\nasyncio.open_connection('h', 25)", True),
        ("import json", False),
    ],
)
def test_a_new_way_out_would_be_found(code: str, opens: bool) -> None:
    assert _opens(ast.parse(code)) is opens


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def letter():\n    return FileResponse('x.pdf')", ["m letter"]),
        ("def letter():\n    return Response(b'', media_type='application/pdf')", ["m letter"]),
        ("def letter():\n    return Response(b'', headers={'Content-Disposition': 'attachment'})", ["m letter"]),
        ("@router.get('/x', response_class=HTMLResponse)\ndef letter():\n    return ''", ["m letter"]),
        ("def record():\n    return Response(b'', media_type='application/json')", []),
    ],
)
def test_a_new_page_or_file_would_be_found(code: str, found: list[str]) -> None:
    assert list(_files("m", ast.parse(code))) == found
