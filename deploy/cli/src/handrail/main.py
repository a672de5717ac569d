"""`handrail`: one command line for those who run the platform."""

import asyncio
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from common.embedded import CannotStart

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Run Handrail: peer support, recorded and proven.",
)
agency = typer.Typer(no_args_is_help=True, help="Agencies of this platform.")
dead_letters = typer.Typer(no_args_is_help=True, help="Events that could not be applied.")
audit = typer.Typer(no_args_is_help=True, help="The audit chains.")
app.add_typer(agency, name="agency")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(audit, name="audit")

console = Console()
PORT = 8000
GO_LIVE_FIRST = "go live, before anybody is taken in: GET /api/intake/v1/privacy/status says what is missing"
PortOption = Annotated[int, typer.Option(envvar="HANDRAIL_PORT", min=1, max=65535, help="port on localhost")]
DataOption = Annotated[Path | None, typer.Option(help="data folder")]


def fail(sentence: str) -> NoReturn:
    """Say one sentence and end with status 1."""
    print(f"handrail: {sentence}", file=sys.stderr, flush=True)
    raise typer.Exit(1)


@app.command()
def init(file: Annotated[Path, typer.Option(help="where the secrets go")] = Path(".env")) -> None:
    """Make the secrets of a new installation (0600); an existing file keeps what it has."""
    from handrail.secrets import load_or_make

    existed = file.exists()
    load_or_make(file)
    file.chmod(0o600)
    console.print(f"{file}: {'complete' if existed else 'made'}. Keep a copy somewhere safe: data needs its keys.")


@app.command()
def up(
    port: PortOption = PORT,
    data: DataOption = None,
    zone: Annotated[str | None, typer.Option(help="time zone of the first agency; else this machine's")] = None,
) -> None:
    """Start the platform on this machine and leave it running."""
    from handrail import local
    from handrail.secrets import read

    folder = data or local.data_folder("platform")
    state = local.running_state(folder)
    try:
        if state is None:
            state = local.start(folder, port)
    except CannotStart as error:
        fail(str(error))
    administrator = local.first_administrator(folder, state, read(folder / "secrets.env"), zone)
    console.print(f"Handrail runs on [bold]{state.url}[/bold]")
    console.print(f"  first administrator  {administrator['email']}")
    console.print(f"  one-time password    {administrator['one_time_password']}", soft_wrap=True)
    console.print("                       until the first sign-in replaces it")
    console.print(f"  before anybody       {GO_LIVE_FIRST}")
    console.print(f"  data, logs, mail     {folder}")
    console.print("  stop it with         make down")


@app.command()
def down(data: DataOption = None) -> None:
    """Stop the platform that `up` started; its data stays."""
    from handrail import local

    try:
        stopped = local.stop(data or local.data_folder("platform"))
    except CannotStart as error:
        fail(str(error))
    console.print("Stopped." if stopped else "Nothing was running.")


@app.command(hidden=True)
def serve(data: Annotated[Path, typer.Option()], port: PortOption = PORT) -> None:
    """Run the platform in the foreground."""
    from handrail import local

    try:
        local.serve(data, port)
    except CannotStart as error:
        fail(str(error))


@app.command()
def demo(
    people: Annotated[int, typer.Option(help="how many of the 500 people")] = 500,
    out: Annotated[Path, typer.Option(help="folder for the report")] = Path("demo-report"),
    keep: Annotated[bool, typer.Option(help="leave the demo's data folder")] = False,
) -> None:
    """Play one quarter of an agency's work and print its compliance report."""
    from handrail.demo.run import run

    try:
        run(people=people, out=out, keep=keep)
    except CannotStart as error:
        fail(str(error))


@app.command()
def mail(data: DataOption = None) -> None:
    """Show the mail that the local catcher kept."""
    from handrail import local
    from handrail.mail import caught

    for message in caught((data or local.data_folder("platform")) / "mail"):
        console.print(f"[bold]{message.to}[/bold]: {message.subject}\n{message.text}")


@app.command()
def migrate() -> None:
    """Bring database and bus to this release (containers; the environment says where they are)."""
    from handrail.processes import migrate as run

    asyncio.run(run())
    console.print("Database and bus are up to date.")


@app.command()
def steward() -> None:
    """Keep streams, consumers, ledgers and inboxes in agreement, until stopped."""
    from handrail.processes import run_steward

    run_steward()


@app.command()
def serve_api(service: str, host: str = "0.0.0.0", port: int = 8000) -> None:  # noqa: S104 - inside a container
    """Serve one service's API."""
    from handrail.processes import serve_api as run

    run(service, host, port)


@app.command()
def serve_worker(service: str) -> None:
    """Run one service's worker."""
    from handrail.processes import serve_worker as run

    run(service)


@app.command()
def nats_config() -> None:
    """Print the bus configuration for containers, with every secret as a variable."""
    from handrail.catalog import entries
    from handrail.provision import nats_config as text

    print(text(entries(), listen="0.0.0.0:4222", store="/data/nats", monitor="0.0.0.0:8222"), end="")


@app.command(hidden=True)
def docs(root: Path = Path()) -> None:
    """Write the generated documents (developers)."""
    from handrail.documents import write

    for path in write(root):
        console.print(path)


@agency.command("create")
def create_agency(
    name: str,
    email: str,
    administrator: Annotated[str, typer.Option(help="the first administrator's name")] = "Administrator",
    zone: Annotated[str, typer.Option(help="IANA time zone")] = "America/New_York",
    url: Annotated[str, typer.Option(envvar="HANDRAIL_URL", help="the platform")] = f"http://localhost:{PORT}",
    operator_token: Annotated[str, typer.Option(envvar="OPERATOR_TOKEN", help="from the secrets file")] = "",
) -> None:
    """Open an agency and print its first administrator's one-time password."""
    import httpx

    body = {
        "agency_id": str(uuid.uuid4()),
        "name": name,
        "zone": zone,
        "administrator_name": administrator,
        "administrator_email": email,
    }
    headers = {"Authorization": f"Bearer {operator_token or _local_operator_token()}"}
    try:
        answer = httpx.post(f"{url}/api/workforce/v1/agencies", json=body, headers=headers, timeout=30)
    except httpx.HTTPError:
        fail(f"No platform answers at {url}; start it with `make up`, or give --url.")
    if answer.status_code != 201:
        problem = answer.json()
        faults = "; ".join(f"{one['pointer']} {one['detail']}" for one in problem.get("errors", []))
        fail(" ".join(filter(None, [problem.get("detail", f"It answered {answer.status_code}."), faults])))
    console.print_json(answer.text)
    print(f"Next: {GO_LIVE_FIRST}", file=sys.stderr)  # what is printed as JSON stays JSON


def _local_operator_token() -> str:
    """Return the operator's token of the platform on this machine."""
    from handrail import local
    from handrail.secrets import read

    secrets = local.data_folder("platform") / "secrets.env"
    if not secrets.exists():
        fail("Give --operator-token, or set OPERATOR_TOKEN; it is in the secrets file of the platform.")
    return read(secrets)["OPERATOR_TOKEN"]


def _admin_url(data: Path | None) -> str:
    """Return the operator's database URL: from the environment, or of the platform running on this machine."""
    if given := os.environ.get("HANDRAIL_ADMIN_URL"):
        return given
    from handrail import local
    from handrail.secrets import read

    folder = data or local.data_folder("platform")
    state = local.running_state(folder)
    if state is None:
        fail("No platform runs here; start it with `make up`, or set HANDRAIL_ADMIN_URL.")
    password = read(folder / "secrets.env")["POSTGRES_PASSWORD"]
    return f"postgresql+asyncpg://postgres:{password}@127.0.0.1:{state.postgres_port}/postgres"


@dead_letters.command("list")
def list_dead_letters(data: DataOption = None) -> None:
    """List what could not be applied, in every service."""
    from handrail import operations

    table = Table("service", "id", "type", "error", "attempts", "since")
    for row in asyncio.run(operations.dead_letters(_admin_url(data))):
        table.add_row(*(str(value) for value in row))
    console.print(table)


@dead_letters.command("replay")
def replay_dead_letters(service: str, ids: list[int], data: DataOption = None) -> None:
    """Hand dead letters to their subscriber again, after the cause is mended."""
    from handrail import operations

    count = asyncio.run(operations.replay(_admin_url(data), service, ids))
    console.print(f"{count} asked for again; the relay publishes them from the ledger.")


@audit.command("verify")
def verify_audit(data: DataOption = None) -> None:
    """Walk every audit chain; exit 1 at the first break."""
    from handrail import local, operations
    from handrail.secrets import read

    folder = data or local.data_folder("platform")
    secrets: dict[str, Any] = dict(os.environ)
    if (folder / "secrets.env").exists():
        secrets |= read(folder / "secrets.env")
    results = asyncio.run(operations.verify_audit(_admin_url(data), secrets))
    console.print_json(json.dumps(results, default=str))
    if any(result["broken_agency"] for result in results.values()):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
