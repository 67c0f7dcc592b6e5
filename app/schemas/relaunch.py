"""What is said of a relaunch before it is made."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.base import Answer


class CheckAnswer(Answer):
    """One check, with its finding in words."""

    name: str
    passed: bool
    finding: str


class LostWorkAnswer(Answer):
    """What a cancel would lose without a new checkpoint; null is unknown, or none."""

    steps: int
    seconds: float | None
    since_step: int | None


class RelaunchCheckAnswer(Answer):
    """What an order would run, by its fingerprint, and what speaks for and against it."""

    job: str
    sha256: Annotated[str, Field(description="sent with the relaunch, it refuses anything else")]
    script: str
    script_args: list[str]
    options: dict[str, str]
    work_dir: str
    order: Literal["handover", "overlap", "cancel", "keep"]
    environment: Annotated[dict[str, str], Field(description="added to the new job's")]
    checks: list[CheckAnswer]
    passes: bool
    difference: Annotated[list[str], Field(description="lines that differ from what runs, with their sign")]
    lost: LostWorkAnswer | None
    supervised: Annotated[bool, Field(description="whether the order keep is open to this job")]
