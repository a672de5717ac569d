"""What is demanded of the program without an order and a subpoena together, and the one answer that it gets."""

from enum import StrEnum


class DemandKind(StrEnum):
    SUBPOENA = "subpoena"
    WARRANT = "warrant"
    VERBAL_REQUEST = "verbal_request"
    INVESTIGATOR = "investigator"


class DemandState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class DemandOutcome(StrEnum):
    """How counsel dealt with a demand; none of these discloses anything."""

    REPLIED_NEUTRALLY = "replied_neutrally"
    OBJECTED_IN_COURT = "objected_in_court"
    ORDER_RECORDED = "order_recorded"
    WITHDRAWN = "withdrawn"
    NO_ANSWER_DUE = "no_answer_due"


# The same words to everybody about anybody, so that no answer tells whether a person is known (42 CFR 2.13).
NEUTRAL_REPLY = {
    "en": (
        "We have received your request. The law does not allow us to say whether any person is, or ever was, served "
        "here, and nothing in this answer confirms or denies it. Everyone who asks gets this same answer. Please send "
        "your request in writing to our office, so that our counsel can answer it."
    ),
    "es": (
        "Hemos recibido su solicitud. La ley no nos permite decir si alguna persona recibe o ha recibido servicios "
        "aquí, y nada en esta respuesta lo confirma ni lo niega. Toda persona que pregunta recibe esta misma "
        "respuesta. Por favor, envíe su solicitud por escrito a nuestra oficina para que nuestra asesoría legal la "
        "responda."
    ),
}
