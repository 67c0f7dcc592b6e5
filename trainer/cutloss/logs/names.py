"""What the names in a log mean: which number is the loss, the step, the rate."""

import math
import re
from collections.abc import Iterable, Mapping

STEP_NAMES = (
    "global_step", "num_updates", "trainer_global_step", "total_steps_done", "step", "steps", "_step",
    "iteration", "iterations", "iter", "iters", "it", "update", "updates", "batch", "minibatch", "i", "s",
)  # fmt: skip
"""The best name first: where a line has several counters, the run-wide one wins."""

GLOBAL_NAMES = frozenset({"global_step", "num_updates", "trainer_global_step", "iteration", "iterations"})
BATCH_NAMES = frozenset({"batch", "minibatch", "i"})
EPOCH_NAMES = ("epoch", "epochs", "ep")
LR_NAMES = ("lr", "learning_rate", "train_lr", "learningrate")
SECONDS_NAMES = (
    "step_time", "iter_time", "time_per_step", "time_per_iter", "time_per_iteration", "batch_time", "dt",
    "sec_per_step", "seconds_per_step", "s_it", "step_seconds", "elapsed_time_per_iteration", "time_step",
    "train_step_timing_in_s", "avg_batch_cost", "seconds",
)  # fmt: skip
CLOCK_NAMES = (
    "train_time",
    "elapsed",
    "elapsed_time",
    "wall_time",
    "total_time",
    "train_wall",
    "wall",
    "_runtime",
)
EPOCH_CLOCK_NAMES = ("_timestamp", "timestamp", "wall_clock", "unix_time")
VALIDATION_SECONDS_NAMES = ("eval_runtime", "validation_time", "val_time", "eval_time")
VALIDATION_WORD = re.compile(r"(?:^|_)(?:val|valid|validation|eval|evaluation|test|dev|tel|heldout)(?:_|$)")
TRAIN_PREFIX = re.compile(r"^(?:train|training|trn|tr|batch|running|current|cur)_")
BEST = re.compile(r"(?:^|_)(?:best|min|lowest|target|scale|scaler|weight|coef|ratio|delta|unscaled)(?:_|$)")
NO_FACT = re.compile(r"(?:^|_)(?:every|freq|frequency|interval|warmup|max|loader|files|pattern|bin)(?:_|$)")
"""Words of a setting that was printed, not of something measured."""

PERPLEXITY = re.compile(r"(?:^|_)(?:ppl|perplexity)$")
LOSS_RANKS = (
    {"loss", "total_loss", "loss_total", "totalloss", "trl", "lm_loss", "loss_step", "mean_token_loss"},
    {
        "avg_loss",
        "loss_avg",
        "mean_loss",
        "loss_mean",
        "lm_loss_value",
        "loss_value",
        "reduced_train_loss",
        "nll",
    },
    {"nll_loss", "ce_loss", "cross_entropy", "crossentropyloss", "celoss", "cross_entropy_loss", "train"},
    {"loss_epoch"},
)
TEST_WORD = re.compile(r"(?:^|_)test(?:_|$)")
TEST_RANK = 10
COMPONENT_RANK = len(LOSS_RANKS)
PERPLEXITY_RANK = COMPONENT_RANK + 1


def plain_name(name: str) -> str:
    """Return a name in one spelling: ``Train/Loss`` is ``train_loss``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower().replace("@", "_at_")).strip("_") or name


def is_validation(name: str) -> bool:
    """Tell whether a plain name speaks of a validation."""
    return VALIDATION_WORD.search(name) is not None


def is_loss(name: str) -> bool:
    """Tell whether a plain name can be a loss."""
    bare = bare_name(name)
    return not BEST.search(name) and (
        bare.endswith("loss") or any(bare in names for names in LOSS_RANKS) or "loss_" in bare
    )


def bare_name(name: str) -> str:
    """Return a plain name without the words that say of which part of the data it is."""
    bare = VALIDATION_WORD.sub("_", name)
    return TRAIN_PREFIX.sub("", re.sub(r"_+", "_", bare).strip("_")) or ("loss" if name == "tel" else name)


def find_loss(fields: Mapping[str, float], *, validation: bool) -> tuple[float, int] | None:
    """Return the loss of the training or of the validation, and how good its name is.

    Components are added up where nothing names their sum, as in YOLO's table; a perplexity stands for
    its logarithm where there is no loss at all.
    """
    named = {name: value for name, value in fields.items() if is_validation(name) == validation}
    tests = {name: value for name, value in named.items() if TEST_WORD.search(name)}
    if tests and validation:
        found = find_loss(_without(named, tests), validation=True) if len(tests) < len(named) else None
        # The test set is the validation where nothing else is; beside one it is another thing.
        tested = _ranked(tests) if found is None else None
        return found or (tested and (tested[0], tested[1] + TEST_RANK))
    return _ranked(named)


def _without(fields: Mapping[str, float], left_out: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in fields.items() if name not in left_out}


def _ranked(named: Mapping[str, float]) -> tuple[float, int] | None:
    for rank, names in enumerate(LOSS_RANKS):
        for name, value in named.items():
            if bare_name(name) in names and not BEST.search(name):
                return value, rank
    components = [value for name, value in named.items() if is_loss(name)]
    if components:
        return math.fsum(components) if all(map(math.isfinite, components)) else math.nan, COMPONENT_RANK
    if "val" in named:
        return named["val"], COMPONENT_RANK
    perplexities = [value for name, value in named.items() if PERPLEXITY.search(name) and value > 0]
    return (math.log(perplexities[0]), PERPLEXITY_RANK) if perplexities else None


def best_loss_name(names: Iterable[str], *, validation: bool) -> str | None:
    """Return which of some plain names is the loss of the training or of the validation."""
    losses = [name for name in names if is_validation(name) == validation and is_loss(name)]

    def rank(name: str) -> int:
        bare = bare_name(name)
        return next((rank for rank, known in enumerate(LOSS_RANKS) if bare in known), COMPONENT_RANK)

    return min(losses, key=rank, default=None)


def find_lr(fields: Mapping[str, float]) -> float | None:
    """Return the learning rate, that of the first parameter group where there are several."""
    for name in LR_NAMES:
        if name in fields:
            return fields[name]
    return next((value for name, value in fields.items() if name.startswith(("lr_", "learning_rate_"))), None)


def find_first(fields: Mapping[str, float], names: tuple[str, ...]) -> tuple[str, float] | None:
    """Return the first of some names that is there, with its number."""
    return next(((name, fields[name]) for name in names if name in fields), None)
