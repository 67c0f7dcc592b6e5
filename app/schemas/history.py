"""What the API says of what was said before."""

from app.schemas.base import Answer, QuantileMap


class SaidEndAnswer(Answer):
    """An ETA as it was said at a moment, epoch seconds, and the seconds that then passed to the end."""

    at: float
    step: int | None
    total_steps: int | None
    remaining_seconds: QuantileMap
    finishes_at: QuantileMap
    realised_seconds: float | None


class AdvisedAnswer(Answer):
    """What was advised from a moment on, epoch seconds."""

    at: float
    action: str
    scenario: str | None
    probability: float | None


class HistoryAnswer(Answer):
    """What was said of a run, oldest first; ``ended`` is null while it goes on."""

    id: str
    eta: list[SaidEndAnswer]
    verdict: list[AdvisedAnswer]
    ended: float | None
    finished: str | None
    as_of: float
    sureness: list[AdvisedAnswer]


class HitAnswer(Answer):
    """How ETAs said between two shares of the steps did; null: none was said there."""

    low: float
    high: float
    runs: int
    count: int
    covered: float | None
    median_relative_error: float | None


class LevelAnswer(Answer):
    """How often what happened was at most a quantile that was said."""

    level: float
    observed: float


class EndedRunAnswer(Answer):
    """How right the ETAs of one run were."""

    id: str
    hit: HitAnswer


class EtaCalibrationAnswer(Answer):
    """How right ETAs were; each run counts the same, ``covered`` is of the 80 % interval.

    ``runs`` are the newest, one by one.
    """

    overall: HitAnswer
    by_progress: list[HitAnswer]
    levels: list[LevelAnswer]
    runs: list[EndedRunAnswer]


class CalibrationAnswer(Answer):
    """How right what was said has turned out; null before the first finished run."""

    etas: EtaCalibrationAnswer | None
