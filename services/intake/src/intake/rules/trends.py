"""What a change since somebody's first answers is called, for them and their peer alike; never a diagnosis."""

from collections.abc import Mapping

from intake.rules.scoring import Difference, Verdict

Words = Mapping[str, str]
NO_ANSWERS: Words = {"en": "There are no complete answers yet.", "es": "Todavía no hay respuestas completas."}
FIRST_ANSWERS: Words = {"en": "These are your first answers.", "es": "Estas son sus primeras respuestas."}
ONE_TIME: Words = {
    "en": "Both answers ask about much the same time.",
    "es": "Ambas respuestas preguntan por casi el mismo tiempo.",
}
MEANS: Mapping[Verdict, Words] = {
    Verdict.IMPROVED: {"en": "That is a change for the better.", "es": "Es un cambio para mejor."},
    Verdict.WORSE: {
        "en": "Things look harder than at first; talk about it together.",
        "es": "Las cosas parecen más difíciles que al principio; hablen de ello.",
    },
    Verdict.NO_RELIABLE_CHANGE: {
        "en": "A difference of this size can be chance.",
        "es": "Una diferencia de este tamaño puede deberse al azar.",
    },
    Verdict.NOT_ESTABLISHED: {
        "en": "It is not known how large a change must be to count.",
        "es": "No se sabe qué tan grande debe ser un cambio para que cuente.",
    },
}


def change_words(difference: Difference) -> Words:
    means = ONE_TIME if difference.one_time else MEANS[difference.verdict]
    return {
        "en": f"Change since your first answers: {_english(difference.points)}. {means['en']}",
        "es": f"Cambio desde sus primeras respuestas: {_spanish(difference.points)}. {means['es']}",
    }


def _english(points: float) -> str:
    if points == 0:
        return "none"
    return f"{abs(points):g} {'point' if abs(points) == 1 else 'points'} {'lower' if points < 0 else 'higher'}"


def _spanish(points: float) -> str:
    if points == 0:
        return "ninguno"
    return f"{abs(points):g} {'punto' if abs(points) == 1 else 'puntos'} {'menos' if points < 0 else 'más'}"
