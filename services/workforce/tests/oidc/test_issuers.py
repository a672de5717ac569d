"""How identity providers are asked: over TLS that names them, at addresses that were looked at, and nowhere else."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from common.embedded import free_port
from workforce.commands.issuers import Issuers, ProviderUnavailable


def issuers(*, development: bool) -> Issuers:
    return Issuers(redirect_uri="https://a.test/back", private=[], development=development)


def certificate(folder: Path, name: str) -> Path:
    """Write a key and a certificate that it signs for itself, for one host's name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    path = folder / f"{name}.pem"
    path.write_bytes(pem)
    return path


@asynccontextmanager
async def listening(port: int, tls: Path | None = None) -> AsyncGenerator[list[str]]:
    """Answer every request with a discovery document; yield what was asked."""
    requests: list[str] = []
    url = f"https://localhost:{port}"
    said = {"issuer": url, "authorization_endpoint": url, "token_endpoint": url, "jwks_uri": url}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append("connected")
        requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        body = json.dumps(said).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
    server = await asyncio.start_server(answer, "127.0.0.1", port, ssl=context)
    async with server:
        yield requests


async def test_the_certificate_has_to_name_the_provider_and_not_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, path = free_port(), certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    async with listening(port, path) as requests:
        found = await issuers(development=True).metadata(f"https://localhost:{port}")

    assert found.token_endpoint == f"https://localhost:{port}"
    assert f"host: localhost:{port}" in requests[1].lower()


async def test_a_certificate_of_another_name_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, path = free_port(), certificate(tmp_path, "other.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    async with listening(port, path) as requests:
        with pytest.raises(ProviderUnavailable):
            await issuers(development=True).metadata(f"https://localhost:{port}")

    assert not [one for one in requests if "GET" in one]


async def test_a_name_that_leads_to_this_machine_is_not_connected_to() -> None:
    port = free_port()

    async with listening(port) as requests:
        for name in ("localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"):
            with pytest.raises(ProviderUnavailable):
                await issuers(development=False).metadata(f"https://{name}:{port}")

    assert requests == []


async def test_a_provider_that_did_not_answer_is_not_asked_again_at_once() -> None:
    port, asking = free_port(), issuers(development=True)
    url = f"http://127.0.0.1:{port}"

    with pytest.raises(ProviderUnavailable):
        await asking.metadata(url)
    async with listening(port) as requests:
        with pytest.raises(ProviderUnavailable):
            await asking.metadata(url)

    assert requests == []
