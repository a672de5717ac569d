"""How grants are set up, which points are due under them, and how one is done."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
