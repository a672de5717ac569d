"""How a safety concern goes from opened to closed and reviewed."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
