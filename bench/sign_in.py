"""What does a sign-in cost beside the bare hash it verifies, a refresh, and checking a token?

Workforce's API is the process that the containers run, on an embedded Postgres with full durability, with the same hash
as in production. The floors: one Argon2id verification with the same parameters, and one bare Ed25519 verification.
"""

import argparse
import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from statistics import median

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from processes import Platform, platform, until
from rich.console import Console
from rich.table import Table

from common.contracts.codes import Role
from common.identity import Verifier
from handrail.provision import prepare_database
from workforce.commands.passwords import HASHER
from workforce.tokens import Tokens

console = Console()
PASSWORD = "a sentence that is long enough"
SIGN_INS, CHECKS = 60, 2000


async def timed(work: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """Return the milliseconds of each call, sorted."""
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        await work()
        taken.append(1000 * (time.perf_counter() - before))
    return sorted(taken)


def p99(taken: list[float]) -> float:
    return taken[min(len(taken) - 1, int(len(taken) * 0.99))]


async def signed_in(http: httpx.AsyncClient, operator: str) -> tuple[str, dict[str, str]]:
    """Open an agency and sign its administrator in; return the e-mail address and the tokens."""
    email = f"{uuid.uuid4().hex}@bench.test"
    body = {
        "agency_id": str(uuid.uuid4()),
        "name": "Bench",
        "zone": "America/Chicago",
        "administrator_name": "Ada Okafor",
        "administrator_email": email,
    }
    opened = await http.post("/v1/agencies", json=body, headers={"Authorization": f"Bearer {operator}"})
    once = opened.json()["one_time_password"]
    answer = await http.post("/v1/sign-ins", json={"email": email, "password": once, "new_password": PASSWORD})
    answer.raise_for_status()
    return email, answer.json()


async def people(http: httpx.AsyncClient, email: str, tokens: dict[str, str]) -> dict[str, list[float]]:
    """Return the milliseconds of good sign-ins, of refusals for a name that nobody has, and of refreshes."""

    async def good() -> None:
        answer = await http.post("/v1/sign-ins", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200

    async def unknown() -> None:
        name = f"{uuid.uuid4().hex}@bench.test"
        answer = await http.post("/v1/sign-ins", json={"email": name, "password": PASSWORD})
        assert answer.status_code == 401

    async def refresh() -> None:
        answer = await http.post("/v1/token-refreshes", json={"refresh_token": tokens["refresh_token"]})
        tokens.update(answer.json())

    return {
        "sign-in": await timed(good, SIGN_INS),
        "sign-in, unknown name": await timed(unknown, SIGN_INS),
        "refresh": await timed(refresh, SIGN_INS),
    }


async def verification() -> list[float]:
    """Return the milliseconds of the bare hash."""
    stored = HASHER.hash(PASSWORD)

    async def verify() -> None:
        HASHER.verify(stored, PASSWORD)

    return await timed(verify, SIGN_INS)


async def checks() -> dict[str, list[float]]:
    """Return the milliseconds of checking a token seen before, a token never seen, and a bare signature."""
    tokens = Tokens(b"b" * 32, "handrail", timedelta(minutes=10))
    verifier = Verifier(issuer="handrail", jwks_url="http://127.0.0.1:9/jwks", ended_every=3600)
    verifier.trust(tokens.public_keys())
    ended = frozenset(uuid.uuid4() for _ in range(10_000))

    async def ask() -> frozenset[uuid.UUID]:
        return ended

    verifier.learn_ended_from(ask)
    fresh = [f"Bearer {tokens.issue(uuid.uuid4(), uuid.uuid4(), [Role.PEER])[0]}" for _ in range(CHECKS)]
    rest = iter(fresh)
    key = Ed25519PrivateKey.generate()
    signature, public = key.sign(b"x" * 300), key.public_key()

    async def bare() -> None:
        public.verify(signature, b"x" * 300)

    await verifier.actor(fresh[0])
    return {
        "token, never seen": await timed(lambda: verifier.actor(next(rest)), CHECKS),
        "token, seen before": await timed(lambda: verifier.actor(fresh[0]), CHECKS),
        "bare signature": await timed(bare, CHECKS),
    }


async def measured(running: Platform) -> None:
    admin = running.addresses.database_url("postgres", running.secrets["POSTGRES_PASSWORD"])
    await prepare_database(admin, running.services, running.secrets)
    running.start_service("workforce", "api")
    url = f"http://127.0.0.1:{running.ports['workforce']}"
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:

        async def ready() -> bool:
            try:
                return (await http.get("/health")).status_code == 200
            except httpx.HTTPError:
                return False

        await until(ready)
        email, tokens = await signed_in(http, running.secrets["OPERATOR_TOKEN"])
        bare = await verification()
        seen = await people(http, email, tokens)
    _print(seen, bare, {"sign-in": "≤ 400"})
    checked = await checks()
    floor = checked.pop("bare signature")
    _print(checked, floor, {"token, never seen": "≤ 0.2", "token, seen before": "≤ 0.2"})


def _print(seen: dict[str, list[float]], floor: list[float], aims: dict[str, str]) -> None:
    table = Table("what", "p50 ms", "p99 ms", "floor p50 ms", "times the floor", "aim ms")
    for name, taken in seen.items():
        middle, below = median(taken), median(floor)
        figures = (f"{middle:.3g}", f"{p99(taken):.3g}", f"{below:.3g}", f"{middle / below:.2f}")
        table.add_row(name, *figures, aims.get(name, ""))
    console.print(table)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with platform() as running:
        asyncio.run(measured(running))


if __name__ == "__main__":
    main()
