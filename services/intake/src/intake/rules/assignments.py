"""Why peers change, and why a person's time with a program moves or is opened again."""

from enum import StrEnum


class EndReason(StrEnum):
    """Why a peer stopped working with somebody."""

    COMPLETED = "completed"
    PARTICIPANT_REQUEST = "participant_request"
    PEER_REQUEST = "peer_request"
    PEER_LEFT = "peer_left"
    PEER_ON_LEAVE = "peer_on_leave"
    CASELOAD_BALANCE = "caseload_balance"
    SCHEDULE = "schedule"
    BETTER_MATCH = "better_match"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    PROGRAM_TRANSFER = "program_transfer"
    EPISODE_CLOSED = "episode_closed"
    OTHER = "other"


class TransferReason(StrEnum):
    """Why somebody goes on with another program."""

    PARTICIPANT_REQUEST = "participant_request"
    NEEDS_CHANGED = "needs_changed"
    MOVED = "moved"
    ELIGIBILITY = "eligibility"
    PROGRAM_ENDED = "program_ended"
    OTHER = "other"


class ReopeningReason(StrEnum):
    """Why a closed episode is open again; a return after an end is a new episode."""

    CLOSED_IN_ERROR = "closed_in_error"
    WRONG_PERSON = "wrong_person"
    WRONG_EPISODE = "wrong_episode"
    OTHER = "other"
