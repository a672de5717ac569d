"""The floor: FastAPI and one asyncpg statement that inserts the same row and an outbox row; nothing else is on."""

import json
import os
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from pydantic import BaseModel

SCHEMA = """
drop schema if exists bare cascade;
create schema bare;
create table bare.session (id uuid primary key, participant_id uuid not null, started_at timestamptz not null,
  ended_at timestamptz not null, note text, body jsonb not null, created_at timestamptz not null default now());
create index on bare.session (participant_id, started_at);
create table bare.outbox (id bigint generated always as identity primary key, event_id uuid not null,
  payload text not null);
"""
WRITE = """
with s as (insert into bare.session (id, participant_id, started_at, ended_at, note, body)
           values ($1, $2, $3, $4, $5, $6) returning id)
insert into bare.outbox (event_id, payload) select $7, $8 from s
"""


class Note(BaseModel):
    summary: str
    next_step: str | None = None


class Session(BaseModel):
    participant_id: uuid.UUID
    episode_id: uuid.UUID
    modality: str
    delivery_method: str
    location: str
    service_code: str
    activities: list[str]
    started_at: Any
    ended_at: Any
    goal_ids: list[uuid.UUID]
    outcome: str
    note: Note
    sign: bool = False


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, Any]]:
    async with asyncpg.create_pool(os.environ["BARE_DSN"], min_size=4, max_size=4) as pool:
        yield {"pool": pool}


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.post("/v1/sessions", status_code=201)
async def write(request: Request, session: Session) -> dict[str, Any]:
    row_id, event_id = uuid.uuid4(), uuid.uuid4()
    body = session.model_dump(mode="json", exclude={"note"})
    await request.state.pool.execute(
        WRITE,
        row_id,
        session.participant_id,
        datetime.fromisoformat(session.started_at),
        datetime.fromisoformat(session.ended_at),
        session.note.summary,
        json.dumps(body),
        event_id,
        json.dumps({"id": str(event_id), "data": body}),
    )
    return {"id": str(row_id), "version": 1}
