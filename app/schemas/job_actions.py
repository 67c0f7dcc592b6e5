"""What may be asked of a run's job, and what came of it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.schemas.base import Answer, Request, Seconds

JobAction = Literal["hold", "release", "requeue", "time-limit", "cancel", "checkpoint-cancel"]
Signal = Literal["USR1", "USR2", "HUP", "INT", "TERM"]


class JobOrder(Request):
    """The particulars of an action; each belongs to one of them."""

    time_limit_seconds: Annotated[
        Seconds | None, Field(description="with time-limit: the new, lower limit; kept in whole minutes")
    ] = None
    checkpoint_wait_seconds: Annotated[
        Seconds | None, Field(description="with checkpoint-cancel: how long the checkpoint is waited for")
    ] = None
    signal: Annotated[
        Signal | None,
        Field(description="with checkpoint-cancel: what is sent to the job when its trainer does not answer"),
    ] = None
    without_answer: Annotated[
        Literal["proceed", "abort"], Field(description="with checkpoint-cancel: what happens without one")
    ] = "abort"


class JobActedAnswer(Answer):
    """What was asked of a job and what came of it; ``asked``: nobody knows, look at the job."""

    run: str
    job: str
    action: JobAction
    order: dict[str, Any]
    at: float
    outcome: Literal["asked", "accepted", "refused"]
    words: str
    replacement: str | None
