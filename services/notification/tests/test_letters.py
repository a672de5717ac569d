"""Every letter in every language says nothing that a stranger may not read."""

import re
from itertools import product

import pytest
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from notification.rules.messages import Channel, PersonTemplate, Template
from notification.senders.letters import FOLDER, LANGUAGES, TEMPLATES, letter

URL = "http://localhost:8000"
ANSWERS = ("stop-confirmed", "start-confirmed", "help-answer")
ALL = sorted(file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*.txt"))
# Stems, so that every ending is caught; what a letter is about must not be guessed from any of them.
BANNED = re.findall(
    r"\S+",
    """
recover sober sobri clinic treat therap counsel substan addict drug opioid opiate heroin fentanyl alcohol naloxone
narcan methadon buprenorph suboxone relapse overdos detox rehab health medic patient client consumer participant person
peer support mentor coach group meeting session note sign-off unsigned supervis staff program agency service enrol
intake consent record report appointment visit crisis suicid 988 samhsa court probation aa na
recupera sobrie clínic trata terap conseje sustanc adic droga opioid heroín alcohol recaíd sobredosis desintox salud
médic pacient cliente participant persona compañer apoyo grupo reunión sesión sesion nota firma supervis personal
programa agencia servicio consentim expediente informe cita visita crisis suicid tribunal
""",
)
SAID_OF_THE_PRODUCT = {"sign", "sesión"}  # "sign in to see more", "inicie sesión": about the reader's own way in


def words(text: str) -> list[str]:
    return [word for word in re.findall(r"[\w-]+", text.lower()) if word not in SAID_OF_THE_PRODUCT]


def test_every_letter_exists_in_every_language_and_there_is_no_other() -> None:
    expected = product(LANGUAGES, [*Template, *PersonTemplate], ("subject", "text", "short"))
    letters = {f"{language}/{template}.{part}.txt" for language, template, part in expected}
    answers = {f"{language}/{template}.short.txt" for language, template in product(LANGUAGES, ANSWERS)}
    assert sorted(letters | answers) == ALL


@pytest.mark.parametrize(
    ("template", "language", "channel", "count"),
    list(product([*Template, *PersonTemplate], LANGUAGES, (Channel.EMAIL, Channel.SMS), (1, 2, 41))),
)
def test_no_letter_says_a_telling_word(template: Template, language: str, channel: Channel, count: int) -> None:
    values = {"count": count, "code": "123456", "starts_at": "2026-12-01T21:05:00+00:00", "zone": "America/Chicago"}
    written = letter(template, channel, language, values, public_url=URL)

    said = words(written.subject + " " + written.text.replace(URL, ""))

    telling = {word for word in said for stem in BANNED if word == stem or (len(stem) > 3 and word.startswith(stem))}
    assert telling == set()


@pytest.mark.parametrize("name", ALL)
def test_a_template_knows_only_a_number_and_the_public_address(name: str) -> None:
    source = (FOLDER / name).read_text()

    tree = TEMPLATES.parse(source)

    assert find_undeclared_variables(tree) <= {"count", "code", "public_url", "day", "time", "brand"}
    assert list(tree.find_all((nodes.Call, nodes.Filter, nodes.Getattr, nodes.Getitem, nodes.Include))) == []


@pytest.mark.parametrize(("template", "language"), list(product(Template, LANGUAGES)))
def test_the_only_link_is_the_public_address_as_given(template: Template, language: str) -> None:
    written = letter(template, Channel.EMAIL, language, {"count": 3, "code": "123456"}, public_url=URL)

    links = [] if template is Template.CONFIRM_DEVICE else [URL]
    assert re.findall(r"\S*(?:://|www\.|@)\S*", written.text) == links
    assert "\n" not in written.subject


@pytest.mark.parametrize(
    ("language", "count", "subject"),
    [
        ("en", 1, "Handrail: 1 thing is waiting"),
        ("en", 3, "Handrail: 3 things are waiting"),
        ("es", 1, "Handrail: 1 asunto pendiente"),
        ("es", 3, "Handrail: 3 asuntos pendientes"),
    ],
)
def test_a_digest_counts_in_good_grammar(language: str, count: int, subject: str) -> None:
    assert letter(Template.OVERDUE_DIGEST, Channel.EMAIL, language, {"count": count}, public_url=URL).subject == subject


def test_an_unknown_language_is_english() -> None:
    assert letter(Template.ASSIGNMENT, Channel.EMAIL, "ht", {}, public_url=URL).language == "en"


@pytest.mark.parametrize(("template", "language"), list(product(Template, LANGUAGES)))
def test_a_phone_shows_a_text_that_is_one_message(template: Template, language: str) -> None:
    text = letter(template, Channel.SMS, language, {"count": 41, "code": "123456"}, public_url=URL).text

    assert len(text) <= 70  # one message even where letters take two bytes each
