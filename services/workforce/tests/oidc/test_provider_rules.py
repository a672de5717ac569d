"""What makes a provider and its answers acceptable: addresses, discovery documents, keys and ID tokens."""

import hmac
import json
import time
import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from workforce.rules.id_tokens import (
    Expected,
    Identity,
    UnknownKey,
    assurance,
    identity_in,
    key_set,
    proof_counts_from,
    subject_digest,
    was_proved_since,
)
from workforce.rules.providers import (
    NotAcceptable,
    Question,
    acceptable_metadata,
    authorization_url,
    basic_credentials,
    code_challenge,
    discovery_url,
    domain_of,
    is_acceptable_url,
    is_development,
    is_issuer_right,
    is_reachable,
)

ISSUER = "https://id.agency.org"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
EXPECTED = Expected(ISSUER, "handrail", "the-nonce", NOW.timestamp())
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}


@pytest.mark.parametrize(
    ("url", "production", "development"),
    [
        ("https://id.agency.org", True, True),
        ("https://id.agency.org:8443/realms/a", True, True),
        ("http://id.agency.org", False, False),
        ("http://localhost:3000", False, True),
        ("http://127.0.0.1:3000", False, True),
        ("http://127.0.0.2:3000", False, False),
        ("http://localhost.agency.org", False, False),
        ("https://user:secret@id.agency.org", False, False),
        ("https://id.agency.org/#part", False, False),
        ("https://id.agency.org/a b", False, False),
        ("https://ïd.agency.org", False, False),
        ("https://id.agency.org:99999", False, False),
        ("https://id.agency.org:0", False, False),
        ("https://", False, False),
        ("https://[::1", False, False),
        ("file:///etc/passwd", False, False),
        ("gopher://id.agency.org", False, False),
    ],
)
def test_a_provider_is_asked_over_https_and_on_this_machine_only_in_development(
    url: str, production: bool, development: bool
) -> None:
    assert is_acceptable_url(url, development=False) is production
    assert is_acceptable_url(url, development=True) is development


@pytest.mark.parametrize(
    ("url", "development"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("https://localhost", False),
        ("https://peers.agency.org", False),
        ("http://192.168.1.20:8000", False),
    ],
)
def test_development_is_where_nobody_else_sees_handrail(url: str, development: bool) -> None:
    assert is_development(url) is development


@pytest.mark.parametrize(
    ("address", "reachable"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("10.0.0.1", False),
        ("172.16.5.4", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("127.0.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:a00:1::", False),
    ],
)
def test_a_name_that_points_inwards_leads_nowhere(address: str, reachable: bool) -> None:
    assert is_reachable(ip_address(address), [], development=False) is reachable


def test_the_operator_names_the_private_networks_that_are_meant() -> None:
    private = [ip_network("10.1.0.0/16")]

    assert is_reachable(ip_address("10.1.2.3"), private, development=False)
    assert is_reachable(ip_address("::ffff:10.1.2.3"), private, development=False)
    assert not is_reachable(ip_address("10.2.2.3"), private, development=False)
    assert is_reachable(ip_address("127.0.0.1"), [], development=True)


def test_discovery_is_below_the_issuer() -> None:
    assert discovery_url("https://a.test/realms/x") == "https://a.test/realms/x/.well-known/openid-configuration"
    assert discovery_url("https://a.test/") == "https://a.test/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "more",
    [
        {"issuer": "https://id.agency.org/"},
        {"issuer": "https://evil.test"},
        {"token_endpoint": "http://id.agency.org/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"response_types_supported": ["id_token"]},
        {"code_challenge_methods_supported": ["plain"]},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"token_endpoint_auth_methods_supported": ["none"]},
        {"jwks_uri": None},
        {"token_endpoint": 7},
    ],
)
def test_a_document_that_does_not_fit_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(NotAcceptable):
        acceptable_metadata(DOCUMENT | more, ISSUER, development=False)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_else_is_no_document_and_no_keys(document: Any) -> None:
    with pytest.raises(NotAcceptable):
        acceptable_metadata(document, ISSUER, development=False)
    with pytest.raises(NotAcceptable):
        key_set(document)


def test_how_the_client_shows_its_secret() -> None:
    usual = acceptable_metadata(DOCUMENT, ISSUER, development=False)
    post = {"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"]}

    assert usual.client_authentication == "client_secret_basic"
    assert acceptable_metadata(DOCUMENT | post, ISSUER, development=False).client_authentication == "client_secret_post"
    assert basic_credentials("a b", "c:d") == "Basic YSUyMGI6YyUzQWQ="  # base64 of a%20b:c%3Ad


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B.
    assert (
        code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


def test_what_goes_with_the_browser() -> None:
    metadata = acceptable_metadata(
        DOCUMENT | {"authorization_endpoint": f"{ISSUER}/auth?p=1", "claims_parameter_supported": True},
        ISSUER,
        development=False,
    )
    question = Question("handrail", "https://a.test/back", "s", "n", "v", acr_values=["x", "y"], anew=True)

    asked = parse_qs(urlsplit(authorization_url(metadata, question)).query)

    assert asked["p"] == ["1"]
    assert asked["redirect_uri"] == ["https://a.test/back"]
    assert (asked["acr_values"], asked["prompt"], asked["max_age"]) == (["x y"], ["login"], ["0"])
    assert "email_verified" in asked["claims"][0]
    assert asked["code_challenge"] == [code_challenge("v")]
    assert "v" not in asked.values()


@pytest.mark.parametrize(
    ("announced", "given_issuer", "right"),
    [(True, ISSUER, True), (True, None, False), (True, "https://evil.test", False), (False, None, True)],
)
def test_the_redirect_comes_from_who_was_asked(announced: bool, given_issuer: str | None, right: bool) -> None:
    told = {"authorization_response_iss_parameter_supported": announced}

    assert is_issuer_right(acceptable_metadata(DOCUMENT | told, ISSUER, development=False), given_issuer) is right


def test_the_domain_of_an_address() -> None:
    assert domain_of("Sam@Agency.ORG ") == "agency.org"
    assert domain_of('"odd@quoted"@agency.org') == "agency.org"


# --- ID tokens


def claims(**more: Any) -> dict[str, Any]:
    usual = {
        "iss": ISSUER,
        "aud": "handrail",
        "sub": "somebody",
        "nonce": "the-nonce",
        "iat": NOW.timestamp(),
        "exp": NOW.timestamp() + 300,
    }
    return {name: value for name, value in (usual | more).items() if value is not ...}


def published(*keys: Any) -> KeySet:
    return key_set({"keys": [key.as_dict(private=False) for key in keys]})


def token(key: Any = KEY, header: dict[str, Any] | None = None, **more: Any) -> str:
    head = {"alg": "RS256", "kid": "first"} | (header or {})
    return jwt.encode(head, claims(**more), key, algorithms=[head["alg"]])


def test_a_right_token_names_somebody() -> None:
    said = token(email="sam@agency.org", email_verified=True, acr="2", amr=["pwd", "otp", 7], auth_time=NOW.timestamp())

    found = identity_in(said, published(KEY), EXPECTED)

    assert found == Identity("somebody", "sam@agency.org", "2", frozenset({"pwd", "otp"}), NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.test"},
        {"iss": ...},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": ["handrail", "another"]},
        {"aud": ["handrail", "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": {"handrail": 1}},
        {"aud": ...},
        {"nonce": "another"},
        {"nonce": ...},
        {"nonce": 7},
        {"exp": NOW.timestamp() - 61},
        {"exp": ...},
        {"exp": True},
        {"exp": "tomorrow"},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"iat": NOW.timestamp() + 61},
        {"iat": NOW.timestamp() - 601},
        {"iat": ...},
        {"nbf": NOW.timestamp() + 61},
        {"nbf": float("nan")},
        {"sub": ""},
        {"sub": 7},
        {"sub": "s" * 256},
        {"sub": ...},
    ],
    ids=str,
)
def test_a_token_that_was_not_made_for_this_proves_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotAcceptable):
        identity_in(token(**wrong), published(KEY), EXPECTED)


@pytest.mark.parametrize(
    "fine",
    [
        {"aud": ["handrail"]},
        {"aud": ["handrail", "another"], "azp": "handrail"},
        {"exp": NOW.timestamp() - 59},
        {"iat": NOW.timestamp() + 59},
        {"iat": NOW.timestamp() - 599},
        {"sub": "s" * 255},
    ],
    ids=str,
)
def test_limits_are_included(fine: dict[str, Any]) -> None:
    assert identity_in(token(**fine), published(KEY), EXPECTED)


def with_public_key_as_secret() -> str:
    """Return what a verifier takes that uses whatever key it has with whatever algorithm the token names."""
    said = part({"alg": "HS256", "kid": "first"}) + "." + part(claims())
    mark = hmac.digest(KEY.as_pem(private=False), said.encode(), "sha256")
    return said + "." + urlsafe_b64encode(mark).decode().rstrip("=")


def part(said: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def test_only_published_keys_of_their_own_kind_sign() -> None:
    other = RSAKey.generate_key(2048, {"kid": "first"})
    unknown = RSAKey.generate_key(2048, {"kid": "second"})
    curve = ECKey.generate_key("P-256", {"kid": "curve"})
    unsigned = part({"alg": "none"}) + "." + part(claims()) + "."
    keys = published(KEY, curve)

    assert identity_in(token(curve, {"alg": "ES256", "kid": "curve"}), keys, EXPECTED)
    for bad in (
        token(other),
        unsigned,
        with_public_key_as_secret(),
        token()[:-8] + "AAAAAAAA",
        "a.b.c",
        "",
        "é.é.é",
    ):
        with pytest.raises(NotAcceptable):
            identity_in(bad, keys, EXPECTED)
    with pytest.raises(UnknownKey):
        identity_in(token(unknown, {"kid": "second"}), keys, EXPECTED)


def test_keys_that_cannot_be_used_keep_out_no_others() -> None:
    odd = [{"kty": "RSA"}, {"kty": "oct", "k": "AAAA"}, {"kty": "ML-DSA"}, 7, None]
    for_secrets = KEY.as_dict(private=False) | {"kid": "enc", "use": "enc"}

    found = key_set({"keys": [*odd, for_secrets, KEY.as_dict(private=False)]})

    assert [key.kid for key in found] == ["first"]
    with pytest.raises(NotAcceptable):
        key_set({"keys": odd})


@pytest.mark.parametrize(
    ("verified", "known"), [(True, True), (False, False), ("true", False), (1, False), (..., False)]
)
def test_an_address_counts_only_if_the_provider_verified_it(verified: Any, known: bool) -> None:
    found = identity_in(token(email="sam@agency.org", email_verified=verified), published(KEY), EXPECTED)

    assert found.email == ("sam@agency.org" if known else None)


@pytest.mark.parametrize(
    ("acr", "amr", "level"),
    [(None, [], 1), ("gold", [], 2), (None, ["mfa"], 2), ("silver", ["pwd"], 1), ("mfa", ["gold"], 1)],
)
def test_two_factors_are_those_that_the_agency_named(acr: str | None, amr: list[str], level: int) -> None:
    identity = Identity("s", None, acr, frozenset(amr), None)

    assert assurance(identity, ["gold"], ["mfa"]) == level
    assert assurance(identity, [], []) == 1


def test_a_proof_of_untold_age_is_too_old_for_sensitive_acts() -> None:
    untold, told = (Identity("s", None, None, frozenset(), at) for at in (None, NOW - timedelta(minutes=3)))

    assert NOW - proof_counts_from(untold, NOW) >= timedelta(hours=1)
    assert proof_counts_from(told, NOW) == NOW - timedelta(minutes=3)
    assert not was_proved_since(untold, NOW)
    assert was_proved_since(told, NOW - timedelta(minutes=4))
    assert not was_proved_since(told, NOW)


def test_a_time_in_the_future_is_taken_for_now() -> None:
    found = identity_in(token(auth_time=time.time() + 10**9), published(KEY), EXPECTED)

    assert found.proved_at == NOW


def test_one_subject_is_another_at_another_provider() -> None:
    one, two = uuid.UUID(int=1), uuid.UUID(int=2)

    digests = {subject_digest(b"k" * 32, provider, name) for provider in (one, two) for name in ("sam", "Sam")}

    assert len(digests) == 4
