"""What somebody meant who wrote back: stop, help, start, a cry for help, or something that a human must read."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

MOST_READ = 2000  # characters; what is longer is for a human


class Meaning(StrEnum):
    STOP = "stop"
    HELP = "help"
    START = "start"
    CRISIS = "crisis"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Understood:
    """What was meant, and in which language it was said, as far as that is known."""

    meaning: Meaning
    language: str | None = None


# Of the order on revocation (47 CFR 64.1200(a)(10)) and its plain sisters, in both languages: alone, they stop.
WORDS = {
    (Meaning.STOP, "en"): "stop stopall quit end revoke optout cancel unsubscribe remove unsub",
    (Meaning.STOP, "es"): "parar pare paren alto basta cancelar cancele baja terminar fin desuscribir desuscribirme",
    (Meaning.HELP, "en"): "help info",
    (Meaning.HELP, "es"): "ayuda informacion",
    (Meaning.START, "en"): "start unstop resume subscribe",
    (Meaning.START, "es"): "comenzar empezar reanudar iniciar",
}
ALONE = {word: Understood(*key) for key, words in WORDS.items() for word in words.split()}

STOP_EN = (
    r"(?:please |por favor )?(?:stop|quit|cease)\b.{0,20}\b(?:text|messag|contact|send|email|writ|call)",
    r"(?:do not|dont|don t|never|no more) (?:text|messag|contact|send|email|writ|call|bother)",
    r"\bopt(?:ing)? ?(?:me )?out\b",
    r"\bunsubscribe\b",
    r"\b(?:remove|take) (?:me|my number|this number)\b",
    r"\bleave me alone\b",
    r"\bno more (?:text|messag|email|of this)",
    r"\b(?:wrong number|wrong person)\b",
    r"\bi (?:revoke|withdraw|cancel)\b",
    r"\b(?:do not|dont|don t) want (?:any (?:more )?|these |your |to get |to receive )?(?:text|messag|email|this)",
)
STOP_ES = (
    r"\bno (?:me )?(?:mand|envi|escrib|text|contact|llam|molest)\w*",
    r"\bdej(?:e|en|a|ar) de (?:mand|envi|escrib|text|contact|llam|molest)\w*",
    r"\bno quiero (?:mas |recibir |sus |estos )*(?:mensaj|text|correo)",
    r"\bno mas (?:mensaj|text|correo)",
    r"\b(?:quit|borr|elimin|sac|dar|den|de)\w* (?:me )?(?:de (?:la|su|esta) lista|de baja|mi numero)\b",
    r"\b(?:quitenme|quiteme|borrenme|borreme|saquenme|saqueme|denme de baja)\b",
    r"\bdejenme (?:en paz|tranquil[oa])\b",
    r"\b(?:numero equivocado|persona equivocada|se equivoco de numero)\b",
)
CRISIS_PHRASES = (
    r"\bkill(?:ing)? (?:my ?self|me)\b",
    r"\b(?:end|ending|take|taking) (?:it all|my (?:own )?life)\b",
    r"\bsuicid",
    r"\b(?:want to|wanna|going to|gonna|ready to) die\b",
    r"\b(?:hurt|hurting|cut|cutting|harm|harming) (?:my ?self|me)\b",
    r"\bbetter off (?:dead|without me)\b",
    r"\bno reason to live\b",
    r"\b(?:overdos|od d\b|oding\b|odd on\b)",
    r"\bcan(?: ?not| ?t) go on\b",
    r"\bmatarme\b|\bme mato\b|\bme voy a matar\b",
    r"\bquitarme la vida\b|\bacabar con (?:todo|mi vida)\b",
    r"\bquiero morir\w*\b|\bme quiero morir\b",
    r"\bhacerme dano\b|\blastimarme\b|\bcortarme\b",
    r"\bsobredosis\b",
    r"\bya no puedo mas\b|\bno quiero vivir\b",
)
_STOP = {"en": re.compile("|".join(STOP_EN)), "es": re.compile("|".join(STOP_ES))}
_CRISIS = re.compile("|".join(CRISIS_PHRASES))
_KIND = re.compile(r"^(?:please|pls|por|favor|thanks?|thank|you|gracias|ok|okay|now|ya|all|todo|it|esto|this)$")


def understood(said: str) -> Understood:
    """Return what was meant. Danger weighs more than a wish to be left alone, which weighs more than anything else.

    Only what is certain is acted on; every other word is `unclear`: sends are held until a human has read it.
    """
    plain = folded(said)
    if _CRISIS.search(plain):
        return Understood(Meaning.CRISIS)
    for language, phrases in _STOP.items():
        if phrases.search(plain):
            return Understood(Meaning.STOP, language)
    joined = "".join(word for word in plain.split() if not _KIND.match(word))
    return ALONE.get(joined, Understood(Meaning.UNCLEAR))


def folded(said: str) -> str:
    """Return words in small letters without accents, signs and anything invisible."""
    bare = unicodedata.normalize("NFKD", said[:MOST_READ]).casefold()
    letters = "".join(one for one in bare if not unicodedata.combining(one) and unicodedata.category(one) != "Cf")
    return " ".join(re.sub(r"[^\w]+", " ", letters.replace("_", " ")).split())
