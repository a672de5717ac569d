"""How people wait, are matched with a peer by lived experience, and change peers."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
