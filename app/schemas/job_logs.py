"""What may be said of a job's log that is to be followed, and what is known of one."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.schemas.base import Answer, Count, Name, Number, Request


class FollowOrder(Request):
    """What a log may not tell of its training; everything may be left out."""

    name: Annotated[Name | None, Field(description="what the run is called; absent: the job's name")] = None
    preset: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9.-]{1,40}$", description="what kind of log it is, as `cutloss attach` knows it"
        ),
    ] = None
    total_steps: Count | None = None
    validate_every: Count | None = None
    checkpoint_every: Count | None = None
    validation_batches: Count | None = None
    target_loss: Number | None = None
    target_of: Literal["val", "train"] | None = None
    like: Annotated[Name | None, Field(description="the id of an earlier run of the same kind")] = None


class FollowedAnswer(Answer):
    """A job whose output is, or was, reported as a run."""

    job: str
    cluster: str
    run: str
    path: str
    name: str
    preset: str | None
    plan: dict[str, Any]
    asked_at: float
    state: Literal["following", "ended", "refused"]
    words: Annotated[str | None, Field(description="what was found last, or why it was refused")]


class FollowedList(Answer):
    """All of them, the one asked for last first."""

    logs: list[FollowedAnswer]
