"""What a referrer without an account sees by the link they were given: how far the referral is, and no more."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from common.contracts.codes import ReferralStatus
from common.database import Scope, transaction
from common.http import answer
from common.runtime import Runtime
from intake.commands.follow_links import FollowStatus, follow_status, read_token
from intake.rules.languages import preferred

router = APIRouter(prefix="/v1")

WORDS = {
    "en": {
        ReferralStatus.RECEIVED: "Received",
        ReferralStatus.CONTACTED: "Contacted",
        ReferralStatus.CONNECTED: "Connected",
        ReferralStatus.CLOSED: "Closed",
        "title": "Status",
        "since": "Since",
    },
    "es": {
        ReferralStatus.RECEIVED: "Recibido",
        ReferralStatus.CONTACTED: "Contactado",
        ReferralStatus.CONNECTED: "Conectado",
        ReferralStatus.CLOSED: "Cerrado",
        "title": "Estado",
        "since": "Desde",
    },
}
PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
</head>
<body>
<main>
<h1>{status}</h1>
<p>{since} <time datetime="{day}">{day}</time></p>
</main>
</body>
</html>
"""
STRICT = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Vary": "Accept, Accept-Language"}


@router.get("/referral-status/{token}", response_model=FollowStatus)
async def referral_status(request: Request, token: str) -> Response:
    """A small page for a browser, JSON for anybody else. A wrong, renewed or closed link answers like no link."""
    runtime: Runtime = request.state.runtime
    state = request.state
    scope = Scope(read_token(token).agency_id, None, state.request_id, state.traceparent)
    async with transaction(runtime.engine, runtime.tables, scope) as db:
        found = await follow_status(db, runtime.keys, token)
    if "text/html" not in request.headers.get("accept", ""):
        return answer(found.model_dump_json().encode())
    return _page(found, preferred(request.headers.get("accept-language", ""), tuple(WORDS)))


def _page(found: FollowStatus, language: str) -> Response:
    """Return the page: it names neither person nor agency nor what it is about, for phones are shared."""
    words = WORDS[language]
    content = PAGE.format(
        language=language,
        title=words["title"],
        status=words[found.status],
        since=words["since"],
        day=found.since.isoformat(),
    )
    return HTMLResponse(content, headers=STRICT)
