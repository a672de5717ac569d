"""How people prove who they are, and what a sign-in leaves behind."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model

KNOWN = "workforce.staff.agency_id", "workforce.staff.id"


class Login(Model):
    """Which agency an e-mail address belongs to: a keyed digest, so that sign-in needs no agency's name."""

    __tablename__ = "login"
    __table_args__ = ({"info": {"reach": "shared", "api": "select, insert, delete", "worker": ""}},)

    handle: Mapped[bytes] = mapped_column(primary_key=True)
    owner_agency_id: Mapped[UUID]
    staff_id: Mapped[UUID]


class Password(Model):
    """`one_time`: must be replaced at the next sign-in. `short`: good only beside a second factor."""

    __tablename__ = "password"
    __table_args__ = ({"info": {"worker": ""}},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[str]
    one_time: Mapped[bool]
    changed_at: Mapped[datetime]
    short: Mapped[bool] = mapped_column(server_default="false", default=False)


class SignIn(Model):
    """One sign-in, from proof to end; its id is the `sid` of its access tokens and the family of its refresh tokens.

    `authenticated_at`: the last proof, at the start or by stepping up. `idle_seconds`: unused for longer, it is over.
    """

    __tablename__ = "sign_in"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], KNOWN),
        CheckConstraint("aal in (1, 2)", name="aal"),
        CheckConstraint("(ended_at is null) = (end_reason is null)", name="ended"),
        Index(None, "agency_id", "staff_id", "started_at"),
        Index(None, "agency_id", "device_id"),
        {"info": {"worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    method: Mapped[str]
    aal: Mapped[int] = mapped_column(SmallInteger)
    device_id: Mapped[UUID | None]
    started_at: Mapped[datetime]
    authenticated_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    idle_seconds: Mapped[int]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class EndedSignIn(Model):
    """The ids of sign-ins that ended a moment ago, of all agencies, for every service that checks tokens."""

    __tablename__ = "ended_sign_in"
    __table_args__ = (
        Index(None, "ended_at"),
        {"info": {"reach": "shared", "api": "select, insert, update, delete", "worker": ""}},
    )

    sign_in_id: Mapped[UUID] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime]


class RefreshToken(Model):
    """A link in a family of rotating tokens; using a used one ends the whole family."""

    __tablename__ = "refresh_token"
    __table_args__ = (Index(None, "agency_id", "family_id"), {"info": {"worker": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Totp(Model):
    """An authenticator app. `pending` is a sealed secret that waits for its first code; `last_step` was used last."""

    __tablename__ = "totp"
    __table_args__ = (ForeignKeyConstraint(["agency_id", "staff_id"], KNOWN), {"info": {"worker": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    pending: Mapped[bytes | None]
    pending_at: Mapped[datetime | None]
    secret: Mapped[bytes | None]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(default=1)


class RecoveryCode(Model):
    """The digest of one code that replaces a lost authenticator, once."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], KNOWN),
        {"info": {"api": "select, insert, update, delete", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Challenge(Model):
    """The half-way of a sign-in: the password was right, the second factor is awaited. Good once, for minutes.

    `new_hash`: the password that takes effect when the second factor was right too. `enrols`: there was none yet.
    """

    __tablename__ = "sign_in_challenge"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], KNOWN),
        Index(None, "agency_id", "staff_id"),
        {"info": {"api": "select, insert, update, delete", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    enrols: Mapped[bool]
    new_hash: Mapped[str | None]
    new_is_short: Mapped[bool]
    attempts_left: Mapped[int] = mapped_column(SmallInteger)
    expires_at: Mapped[datetime]


class Throttle(Model):
    """How often proof failed for one name, network, device or person: a keyed digest, of nobody or somebody alike."""

    __tablename__ = "throttle"
    __table_args__ = (
        Index(None, "last_at"),
        {"info": {"reach": "shared", "api": "select, insert, update, delete", "worker": ""}},
    )

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class Access(Model):
    """Whether a member of staff may sign in at all, apart from the days of employment; without a row they may."""

    __tablename__ = "staff_access"
    __table_args__ = (ForeignKeyConstraint(["agency_id", "staff_id"], KNOWN), {"info": {"worker": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    ended: Mapped[bool]
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]
    version: Mapped[int]


class SignInPolicy(Model):
    """Of whom an agency demands a second factor beside a password; without a row, of nobody."""

    __tablename__ = "sign_in_policy"
    __table_args__ = ({"info": {"worker": ""}},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    second_factor: Mapped[str]
    roles: Mapped[list[str]]
    version: Mapped[int]
