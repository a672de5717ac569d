"""How referrals come in and go out, and how a referrer without an account follows one."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
