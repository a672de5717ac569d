"""What people mean who write back: tables of phrases in English and Spanish, and what is no such phrase."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notification.rules.replies import Meaning, folded, understood

STOP_EN = """
stop|STOP|Stop.|stop!!!|STOP!|stop please|please stop|pls stop|Stop it|stop this|stop now|ok stop|stopall|STOP ALL
stop all|s t o p|S.T.O.P.|“stop”|stop 🛑|🛑 stop|end|END|quit|Quit!|cancel|Cancel please|unsubscribe|UNSUBSCRIBE.
unsubscribe me|please unsubscribe me from this|opt out|opt-out
Optout|opt me out|I want to opt out|I'd like to opt out
revoke|i revoke my consent|I withdraw my consent|remove
remove me|Remove my number|take me off|take my number off this
take me off your list|stop texting me|stop texting|please stop texting me|Stop sending me texts|stop messaging me
stop contacting me|stop writing me|quit texting me|quit sending these
cease texting|don't text me|dont text me|do not text me
Don’t text me again|do not contact me|never text me again|never contact me|no more texts|no more messages please
no more of this|I don't want these texts|i dont want any more messages|i do not want to get texts|leave me alone
LEAVE ME ALONE!!!|please leave me alone|wrong number
Wrong number.|sorry wrong number|you have the wrong person|wrong person
stop emailing me|don't email me|no more emails|stop calling me|don't call me|do not send me anything
"""
STOP_ES = """
alto|ALTO|Alto!|alto por favor|por favor alto|parar|PARAR
pare|Pare por favor|paren|paren ya|basta|Basta!|basta ya|¡BASTA!
cancelar|cancele|baja|BAJA|dar de baja|darme de baja
denme de baja|deme de baja|terminar|fin|desuscribir|desuscribirme
no me escriban|No me escriban más|no me escriba mas
no escriban más|no me manden mensajes|no me mande mensajes|no manden nada
no me envíen mensajes|no me envien más|no envíe más mensajes
no me contacten|No me contacte|no me llamen|no me llame mas
no me molesten|no me moleste más|no me texteen
no me textee|dejen de escribirme|deje de escribirme|dejen de mandarme mensajes
deje de mandar mensajes|dejen de enviarme mensajes|deje de enviar
dejen de llamarme|dejen de contactarme|dejen de molestar
dejen de textearme|no quiero mensajes|No quiero más mensajes|no quiero recibir mensajes|ya no quiero mensajes
no quiero recibir más mensajes|no quiero sus mensajes|no quiero estos mensajes|no quiero textos|no quiero correos
no más mensajes|no mas textos|NO MÁS MENSAJES|no mas correos
quítenme de la lista|quitenme|quiteme de su lista|bórrenme
borreme de la lista|sáquenme de la lista|saqueme|borren mi número|borre mi numero|eliminen mi número|déjenme en paz
dejenme en paz|déjenme tranquila|dejenme tranquilo
número equivocado|numero equivocado|persona equivocada|se equivocó de número
stop por favor|stop gracias|no me escriban, stop
"""
UNCLEAR = """
I can't stop drinking|i cant stop thinking about it
see you at the bus stop|Is there a bus stop near?|the end of the week works
I will quit my job|can we end at 5?|cancel my appointment|can you cancel tomorrow?|ok|thanks
yes|no|Y|N|who is this?|what is this
running late|see you then|on my way|can you call me?
I want to start again|start time?|can you help me with a ride?|help me move
more info please|👍|...|???|new phone who dis|hola|gracias|sí|no|quién es|¿quién habla?|nos vemos|voy en camino
no quiero dejar de ir|quiero dejar de beber|no puedo parar de pensar|la parada de bus|el fin de semana|baja la calle
llego tarde|¿me puede llamar?|ayúdame con el bus
quiero empezar de nuevo|no puedo ir mañana|mi hijo no quiere|stopped by earlier
i stopped|nonstop|the stop was long|weekend|backend|remove the sofa|quitting time
"""
CRISIS = """
I want to die|i wanna die|going to kill myself|im gonna kill myself
I will end my life|i want to end it all|suicide|suicidal
thinking of suicide|hurting myself|i keep cutting myself|i want to hurt myself|no reason to live|better off dead
they'd be better off without me|i overdosed|overdose
i took too many pills and want to die|i cant go on|I can not go on
quiero morir|quiero morirme|me quiero morir|me voy a matar
voy a matarme|quitarme la vida|acabar con mi vida|suicidio
pienso en el suicidio|hacerme daño|quiero hacerme daño
sobredosis|ya no puedo más|no quiero vivir|stop, i want to die
"""
HELP = "help|HELP|Help!|help?|help please|info|INFO|ayuda|Ayuda por favor|AYUDA|información|informacion"
START = "start|START|Start.|unstop|resume|subscribe|start please|comenzar|empezar|reanudar|iniciar|INICIAR"


def phrases(table: str) -> list[str]:
    return [one.strip() for line in table.strip().splitlines() for one in line.split("|") if one.strip()]


@pytest.mark.parametrize(
    ("said", "language"), [(one, "en") for one in phrases(STOP_EN)] + [(one, "es") for one in phrases(STOP_ES)]
)
def test_a_stop_is_heard_in_whatever_words(said: str, language: str) -> None:
    assert understood(said).meaning is Meaning.STOP
    if "stop" not in said.lower():
        assert understood(said).language == language


@pytest.mark.parametrize("said", phrases(UNCLEAR))
def test_what_may_mean_anything_is_for_a_human(said: str) -> None:
    assert understood(said).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize("said", phrases(CRISIS))
def test_words_of_danger_weigh_more_than_any_other(said: str) -> None:
    assert understood(said).meaning is Meaning.CRISIS


@pytest.mark.parametrize(
    ("said", "meaning"),
    [(one, Meaning.HELP) for one in phrases(HELP)] + [(one, Meaning.START) for one in phrases(START)],
)
def test_help_and_start_stand_alone(said: str, meaning: Meaning) -> None:
    assert understood(said).meaning is meaning


@given(st.sampled_from(phrases(STOP_EN) + phrases(STOP_ES) + phrases(HELP) + phrases(START)), st.data())
def test_the_coat_of_a_word_changes_nothing(said: str, data: st.DataObject) -> None:
    before, after = (data.draw(st.sampled_from(["", " ", "  ", "\n", "!", "... ", "¡", "\u200b"])) for _ in range(2))
    cased = data.draw(st.sampled_from([said, said.upper(), said.lower(), said.title(), said.swapcase()]))
    assert understood(before + cased + after).meaning is understood(said).meaning


@given(st.text(max_size=3000))
def test_any_text_has_a_meaning_and_folds_to_plain_words(said: str) -> None:
    assert understood(said).meaning in Meaning
    assert folded(folded(said)) == folded(said)
