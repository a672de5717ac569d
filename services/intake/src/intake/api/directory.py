"""How mutual-aid meetings are fed in and found."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
