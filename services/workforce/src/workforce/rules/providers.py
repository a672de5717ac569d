"""Where an identity provider may stand and how it is asked (OpenID Connect Discovery 1.0, RFC 6749, 7636, 9207)."""

import base64
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Signatures with a public key only: with a shared secret whoever holds the client secret could make tokens.
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
SCOPE = "openid email"
WANTED_CLAIMS = json.dumps({"id_token": dict.fromkeys(("email", "email_verified", "auth_time", "acr", "amr"))})
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last four bytes


class NotAcceptable(Exception):
    """Something a provider said that proves nothing; why stays here."""


class Metadata(BaseModel):
    """What of a provider's discovery document is used."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str = Field(max_length=500)
    authorization_endpoint: str = Field(max_length=2000)
    token_endpoint: str = Field(max_length=2000)
    jwks_uri: str = Field(max_length=2000)
    response_types_supported: list[str] = Field(default=["code"], max_length=100)
    code_challenge_methods_supported: list[str] | None = Field(default=None, max_length=100)
    id_token_signing_alg_values_supported: list[str] = Field(default=["RS256"], max_length=100)
    token_endpoint_auth_methods_supported: list[str] = Field(default=["client_secret_basic"], max_length=100)
    authorization_response_iss_parameter_supported: bool = False
    claims_parameter_supported: bool = False

    @property
    def client_authentication(self) -> Literal["client_secret_basic", "client_secret_post"]:
        """How the client shows its secret; `acceptable_metadata` lets no other way through."""
        basic = "client_secret_basic" in self.token_endpoint_auth_methods_supported
        return "client_secret_basic" if basic else "client_secret_post"


@dataclass(frozen=True)
class Question:
    """What of a sign-in goes to the provider with the browser. `anew`: the person has to prove themself again."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    verifier: str
    acr_values: Collection[str] = ()
    anew: bool = False


def is_acceptable_url(url: str, *, development: bool) -> bool:
    """Tell whether a provider may be asked at `url`: https, or in development http on this machine; nothing hidden."""
    try:
        parts = urlsplit(url)
        port_is_sane = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.password or parts.fragment or not port_is_sane:
        return False
    if any(ord(character) <= 32 or ord(character) > 126 for character in url):
        return False
    return parts.scheme == "https" or (development and parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES)


def is_development(public_url: str) -> bool:
    """Tell whether Handrail is seen on its own machine only; no provider could send anybody else back there."""
    parts = urlsplit(public_url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES


def is_reachable(address: Address, private: Collection[Network], *, development: bool) -> bool:
    """Tell whether a provider may stand at `address`: the public Internet, or a network that the operator named.

    Otherwise a name that points inwards would let an agency's administrator ask the platform's own machines.
    """
    address = _plain(address)
    if address.is_loopback:
        return development
    if any(address.version == network.version and address in network for network in private):
        return True
    return address.is_global and not address.is_multicast


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one only carries."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return ip_address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour or address


def discovery_url(issuer: str) -> str:
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def acceptable_metadata(document: object, issuer: str, *, development: bool) -> Metadata:
    """Return a discovery document. Raises `NotAcceptable` unless it is this issuer's and fits what we do."""
    try:
        found = Metadata.model_validate(document)
    except ValidationError as error:
        raise NotAcceptable from error
    urls = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
    fits = (
        found.issuer == issuer,
        all(is_acceptable_url(url, development=development) for url in urls),
        "code" in found.response_types_supported,
        found.code_challenge_methods_supported is None or "S256" in found.code_challenge_methods_supported,
        not set(ALGORITHMS).isdisjoint(found.id_token_signing_alg_values_supported),
        not {"client_secret_basic", "client_secret_post"}.isdisjoint(found.token_endpoint_auth_methods_supported),
    )
    if not all(fits):
        raise NotAcceptable
    return found


def code_challenge(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorization_url(metadata: Metadata, question: Question) -> str:
    """Return where to send the person's browser."""
    asked = {
        "response_type": "code",
        "client_id": question.client_id,
        "redirect_uri": question.redirect_uri,
        "scope": SCOPE,
        "state": question.state,
        "nonce": question.nonce,
        "code_challenge": code_challenge(question.verifier),
        "code_challenge_method": "S256",
    }
    if question.acr_values:
        asked["acr_values"] = " ".join(question.acr_values)
    if question.anew:
        asked |= {"prompt": "login", "max_age": "0"}
    if metadata.claims_parameter_supported:
        asked["claims"] = WANTED_CLAIMS
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(asked, quote_via=quote)}"


def basic_credentials(client_id: str, client_secret: str) -> str:
    """Return the Authorization header of a client; both parts are form-encoded first (RFC 6749, 2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def is_issuer_right(metadata: Metadata, given: str | None) -> bool:
    """Tell whether the redirect came from the provider that was asked (RFC 9207, 2.4)."""
    if given is None:
        return not metadata.authorization_response_iss_parameter_supported
    return given == metadata.issuer


def domain_of(email: str) -> str:
    return email.rpartition("@")[2].strip().lower()
