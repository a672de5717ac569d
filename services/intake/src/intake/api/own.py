"""What the person served sees and fills in by themselves, with a code and no account."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
