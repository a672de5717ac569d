"""An independent OpenID Connect provider (oidc-provider, a certified npm library), and an agency that uses it."""

import asyncio
import json
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from joserfc.jwk import RSAKey

from common.embedded import free_port
from handrail.testing import Caller, Platform

W = "/api/workforce/v1"
Grant = Callable[[Caller], Awaitable[str]]


@dataclass
class OidcProvider:
    """A provider in a process of its own, that can be stopped and started again with other keys."""

    folder: Path
    port: int
    redirect_uri: str
    process: asyncio.subprocess.Process | None = None
    client_id: str = "handrail"
    secret: str = "canary-client-secret-of-forty-characters"

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start with a key that no earlier start had."""
        key = RSAKey.generate_key(2048, {"kid": uuid.uuid4().hex, "use": "sig", "alg": "RS256"})
        client = {
            "client_id": self.client_id,
            "client_secret": self.secret,
            "redirect_uris": [self.redirect_uri],
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
        }
        more = {
            "PORT": str(self.port),
            "CLIENT": json.dumps(client),
            "JWKS": json.dumps({"keys": [key.as_dict(private=True)]}),
        }
        self.process = await asyncio.create_subprocess_exec(
            "node", "provider.mjs", cwd=self.folder, env=os.environ | more, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while (line := await self.process.stdout.readline()) != b"ready\n":
                assert line, "the provider did not start"

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def visit(self, url: str, browser: httpx.AsyncClient, **answers: str) -> dict[str, str]:
        """Follow a browser's way through the provider; return what the redirect back to Handrail says."""
        for _ in range(10):
            answer = await browser.get(url)
            assert answer.status_code in (302, 303), answer.text
            url = str(httpx.URL(url).join(answer.headers["location"]))
            if url.startswith(self.redirect_uri):
                return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
            if "/interaction/" in url:
                url = str(httpx.URL(url).copy_merge_params(answers))
        raise AssertionError("the provider never sent the browser back")


@dataclass
class Setup:
    """An agency with a provider of its own and a domain of its own."""

    http: httpx.AsyncClient
    administrator: Caller
    oidc: OidcProvider
    provider_id: UUID
    domain: str

    async def add(self, *roles: str, employed_from: str = "2020-01-01") -> tuple[UUID, str]:
        """Add a member of staff, who never gets a password; return their id and address."""
        email = f"canary-{uuid.uuid4().hex}@{self.domain}"
        body = {"name": "Sam Rivera", "email": email, "roles": list(roles), "employed_from": employed_from}
        return await self.administrator.created(f"{W}/staff", body), email

    async def begun(self, email: str) -> dict[str, Any]:
        answer = await self.http.post(f"{W}/provider-sign-in-attempts", json={"email": email})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def returned(self, begun: dict[str, Any], email: str, **more: str) -> dict[str, str]:
        """Sign in at the provider in a fresh browser; return what the browser sends to Handrail afterwards."""
        answers = {"subject": f"subject-of-{email}", "email": email, "verified": "true"} | more
        async with httpx.AsyncClient() as browser:
            back = await self.oidc.visit(begun["authorization_url"], browser, **answers)
        return {"attempt": begun["attempt"]} | {name: back[name] for name in ("state", "code", "iss")}

    async def finish(self, body: dict[str, str]) -> httpx.Response:
        return await self.http.post(f"{W}/provider-sign-ins", json=body)

    async def signed_in(self, email: str, **more: str) -> httpx.Response:
        return await self.finish(await self.returned(await self.begun(email), email, **more))

    def terms(self, **more: Any) -> dict[str, Any]:
        return terms(self.oidc, self.domain, **more)


def terms(oidc: OidcProvider, domain: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "Agency account",
        "issuer": oidc.issuer,
        "client_id": oidc.client_id,
        "client_secret": oidc.secret,
        "email_domains": [domain],
        "link_by_email": True,
        "aal2_amr_values": ["mfa"],
    } | more


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provider's packages, as the lock file says, outside the project."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node here: the provider runs on it")
    folder = tmp_path_factory.mktemp("oidc")
    shutil.copytree(Path(__file__).parent, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    return folder


@pytest_asyncio.fixture(scope="session")
async def packages(installed: Path) -> Path:
    command = ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    process = await asyncio.create_subprocess_exec(*command, cwd=installed, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0, "npm ci failed"
    return installed


@pytest_asyncio.fixture
async def oidc(platform: Platform, packages: Path) -> AsyncGenerator[OidcProvider]:
    provider = OidcProvider(
        packages, free_port(), platform.addresses.public_url.replace("127.0.0.1", "localhost") + "/sign-in/provider"
    )
    await provider.start()
    yield provider
    await provider.stop()


@pytest.fixture
def operator(platform: Platform) -> dict[str, str]:
    return {"Authorization": f"Bearer {platform.secrets['OPERATOR_TOKEN']}"}


@pytest.fixture
def granted(http: httpx.AsyncClient, operator: dict[str, str]) -> Grant:
    """The operator grants an agency a new domain of e-mail addresses, and returns it."""

    async def grant(administrator: Caller) -> str:
        """Grant the agency a domain that no other has."""
        domain = f"d{uuid.uuid4().hex}.test"
        body = {"agency_id": str(administrator.agency_id), "domain": domain}
        assert (
            await http.post(
                f"{W}/email-domains",
                json=body,
                headers=operator,
            )
        ).status_code == 204
        return domain

    return grant


@pytest_asyncio.fixture
async def agency(http: httpx.AsyncClient, administrator: Caller, oidc: OidcProvider, granted: Grant) -> Setup:
    domain = await granted(administrator)
    provider_id = await administrator.created(f"{W}/providers", terms(oidc, domain))
    return Setup(http, administrator, oidc, provider_id, domain)
