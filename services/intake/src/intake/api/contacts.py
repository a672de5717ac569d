"""How somebody may safely be contacted, who can reach them, and each attempt to."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
