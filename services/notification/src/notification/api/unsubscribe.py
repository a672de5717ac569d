"""One click that ends all letters to an address: from the mailbox's own button, or from a page that names nobody."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from common.database import Scope, transaction
from common.identity import NOBODY
from common.runtime import Runtime
from notification.commands.contacts import digest_of, stop_if_known
from notification.rules.messages import Channel

UNSUBSCRIBE_PATH = "/v1/unsubscribe"
PUBLIC = frozenset({"/v1/unsubscribe"})
MEDIA = {UNSUBSCRIBE_PATH: frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width"><title>{title}</title><h1>{title}</h1>{body}</html>"""
ASK = '<form method="post"><button>Stop all messages to this address / No recibir más mensajes</button></form>'
DONE = '<p>There will be no more messages to this address.</p><p lang="es">No habrá más mensajes a esta dirección.</p>'

router = APIRouter()


@router.get(UNSUBSCRIBE_PATH, response_class=HTMLResponse)
async def ask() -> HTMLResponse:
    """Show one button; looking at the page changes nothing, for mailboxes look at links by themselves."""
    return _page("Messages / Mensajes", ASK)


@router.post(UNSUBSCRIBE_PATH, response_class=HTMLResponse)
async def unsubscribe(request: Request, t: str = "") -> Response:
    """Stop all letters to an address; again, or with a token that is none, the answer is the same."""
    runtime: Runtime = request.state.runtime
    digest = digest_of(t)
    if digest is not None:
        scope = Scope(NOBODY, None, request.state.request_id, request.state.traceparent)
        async with transaction(runtime.engine, runtime.tables, scope) as db:
            known = await stop_if_known(db, Channel.EMAIL, digest, "link")
            db.audit("message.unsubscribe", None, known=known)
    return _page("Done / Hecho", DONE)


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(PAGE.format(language="en", title=title, body=body), headers=HEADERS)
