"""Calls that cannot be answered: a good body of each endpoint, and where to spoil it with what."""

import copy
import json
import math
from typing import Any

Spoilt = tuple[str, Any] | tuple[str, Any, str]
"""A place, what is put there, and the place named in the refusal where that is another one."""

GONE = object()
"""Put somewhere, it takes that field away."""

STEPS = list(range(1, 21))
CURVE = {
    "id": "a", "kind": "train", "steps": STEPS, "losses": [0.3 + 1 / step for step in STEPS],
    "companion": None, "like": None, "lr": [0.1] * 20, "lr_schedule": [[0, 0.1], [40, 0.0]],
    "total_steps": 40, "at": [40], "targets": [0.35],
}  # fmt: skip
RUN = {
    "id": "a", "at_step": 5, "startup_seconds": 60, "resumed_at_step": 0,
    "plan": {"total_steps": 10, "validate_every": 5, "validate_at_end": False, "checkpoint_every": "never",
             "validation_batches": 8},
    "steps": {"step": [1, 2, 3, 4, 5], "seconds": [1.0, 1.1, 1.0, None, 1.2]},
    "validations": {"step": [5], "seconds": [3.0]},
    "checkpoints": {"step": [], "seconds": []},
    "in_progress": {"phase": "validation", "elapsed_seconds": 1, "done": 2, "of": 8},
    "elapsed_seconds": 90, "time_limit_seconds": 3600,
}  # fmt: skip
RELAUNCH = {
    "name": "fix", "action": "relaunch", "edit_seconds": [1200, 3600], "test_seconds": 900,
    "queue_seconds": 600, "plan": {"total_steps": 150}, "pace": {"startup_seconds": 960},
    "resume_step": 0, "curve": {"milestones": [[50, None, 0.9], [150, 0.3, 0.34]]}, "cancel": "now",
    "success_probability": 0.9,
}  # fmt: skip
GOOD: dict[str, dict[str, Any]] = {
    "forecast": {"curves": [CURVE], "quantiles": [0.1, 0.5, 0.9]},
    "eta": {"runs": [RUN], "quantiles": [0.1, 0.5, 0.9]},
    "compare": {
        "job": "13503904", "elapsed_seconds": 4200, "at_step": 43,
        "plan": {"total_steps": 311, "validate_every": 25, "checkpoint_every": "never"},
        "pace": {"step_seconds": 45, "validation_seconds": [1000, 1400], "startup_seconds": 0},
        "target": {"loss": 0.34, "of": "val"},
        "scenarios": [
            {"name": "on", "action": "continue", "validations_left": 10, "plan": {"validate_every": 50},
             "curve": {"points": {"steps": [1, 2, 3], "losses": [3.0, 2.0, None]}}},
            RELAUNCH,
            {"name": "stop", "action": "stop"},
        ],
        "economics": {"gpus": 8, "gpu_hour_price": 2.1, "currency": "EUR", "watts_per_gpu": 500,
                      "grams_co2_per_kwh": 50, "attention_hour_price": 0},
        "objective": {"time": 1, "cost": 0}, "attention_seconds": 5400, "experiments": 10,
        "criteria": [{"name": "fair", "weight": 0, "scores": {"on": 0, "fix": 1}}],
        "quantiles": [0.1, 0.5, 0.9], "seed": 0,
    },
    "runs/r/records": {
        "v": 1, "attempt": "a", "attempt_started": 1.0, "job": {"cluster": "c", "id": "12"},
        "steps": {"seq": [1], "step": [1], "ended": [2.0], "seconds": [1.0], "loss": [1.0], "lr": [0.1]},
        "validations": {"seq": [2], "step": [1], "started": [2.0], "seconds": [1.0], "loss": [1.0],
                        "metrics": [{"f1": 0.5}]},
        "checkpoints": {"seq": [3], "step": [1], "started": [3.0], "seconds": [1.0], "path": ["last.pt"]},
        "spans": {"seq": [4], "phase": ["data"], "started": [1.0], "seconds": [0.1]},
        "notes": {"seq": [5], "kind": ["plan"],
                  "data": [{"name": "n", "total_steps": 9, "validate_every": 3, "validate_at_end": True,
                            "checkpoint_every": "never", "validation_batches": 4, "target_loss": 0.5,
                            "target_of": "val", "lr_schedule": [[0, 0.1], [9, 0.0]], "like": "o",
                            "replaces": "p"}]},
    },
}  # fmt: skip

PLAN: list[Spoilt] = [
    ("", []), ("", None), ("/total_steps", 0), ("/total_steps", -1), ("/total_steps", 1.5),
    ("/total_steps", "10"), ("/total_steps", 10**13), ("/validate_every", 0), ("/validate_every", "often"),
    ("/validate_every", "Never"), ("/validate_every", 2.5), ("/validate_at_end", 1),
    ("/validate_at_end", "true"), ("/checkpoint_every", -5), ("/checkpoint_every", True),
    ("/validation_batches", 0), ("/epochs", 3),
]  # fmt: skip
LEVELS: list[Spoilt] = [
    ("/quantiles", []), ("/quantiles", 0.5), ("/quantiles", {}), ("/quantiles/0", 0), ("/quantiles/1", 1),
    ("/quantiles/1", 1.5), ("/quantiles/0", "0.5"), ("/quantiles/0", None), ("/quantiles/0", True),
    ("/quantiles/0", math.nan), ("/quantiles", [0.5] * 100), ("/mood", 1),
]  # fmt: skip


def at(place: str, spoilt: list[Spoilt]) -> list[Spoilt]:
    """Move places into an object of the body."""
    return [(place + where, value, *(place + named for named in other)) for where, value, *other in spoilt]


def durations(place: str) -> list[Spoilt]:
    """Spoil a duration in every way."""
    wrong = [
        -1,
        "45",
        True,
        [1],
        [1, 2, 3],
        [2, 1],
        [1, "2"],
        {"low": 1},
        math.nan,
        1e10,
        [[1, 2], 3],
        [-1, 1],
    ]
    return [(place, value) for value in wrong]


def timings(place: str) -> list[Spoilt]:
    """Spoil the durations of a phase in every way."""
    return at(place, [
        ("", []), ("", "x"), ("/seconds", GONE), ("/step", GONE), ("/seconds", []), ("/step", None),
        ("/seconds/0", -1), ("/seconds/0", "1"), ("/seconds/0", True), ("/seconds/0", math.nan),
        ("/step/0", 1.5), ("/step/0", -1), ("/step/0", True), ("/step/0", None), ("/steps", [1]),
    ])  # fmt: skip


FORECAST = at("/curves/0", [
    ("", 1), ("", None), ("", []), ("/id", GONE), ("/id", ""), ("/id", 1), ("/id", None), ("/id", "x" * 201),
    ("/kind", "test"), ("/kind", 1), ("/kind", ["train"]), ("/steps", GONE), ("/steps", "x"), ("/steps", {}),
    ("/steps", None), ("/steps/3", True), ("/steps/3", "4"), ("/steps/3", None), ("/steps/3", -1),
    ("/steps/3", 2**53 + 1), ("/steps/3", 1e308), ("/steps/3", math.inf), ("/steps/3", math.nan),
    ("/steps", [1, 2], "/losses"), ("/losses", GONE), ("/losses", None), ("/losses", [1.0]),
    ("/losses/0", "nan"), ("/losses/0", "1.0"), ("/losses/0", True), ("/losses/0", [1]), ("/losses/0", {}),
    ("/losses/0", math.nan), ("/losses/0", -math.inf), ("/lr", [0.1]), ("/lr", "cosine"), ("/lr/0", -0.1),
    ("/lr/0", "0.1"), ("/lr/0", True), ("/lr/0", math.inf), ("/lr_schedule", "cosine"), ("/lr_schedule", {}),
    ("/lr_schedule", [0, 1], "/lr_schedule/0"), ("/lr_schedule/0", [0]), ("/lr_schedule/0", [0, 1, 2]),
    ("/lr_schedule/0", [0, -0.1]), ("/lr_schedule/0", [0, "0.1"]), ("/lr_schedule/0", [0, None]),
    ("/lr_schedule/0", [True, 0.1]), ("/lr_schedule/0", [-1, 0.1]), ("/lr_schedule/0", [0, math.nan]),
    ("/lr_schedule/1/0", 0), ("/lr_schedule", [[9, 0.1], [3, 0.1]], "/lr_schedule/1/0"),
    ("/companion", "a"), ("/companion", "nobody"), ("/companion", 1), ("/like", "a"), ("/like", "nobody"),
    ("/like", ["a"]), ("/total_steps", 0), ("/total_steps", -1), ("/total_steps", 1.5),
    ("/total_steps", "40"), ("/total_steps", True), ("/total_steps", 2**60), ("/total_steps", 1e300),
    ("/at", 40), ("/at/0", -1), ("/at/0", "40"), ("/at/0", True), ("/at/0", None), ("/at/0", math.nan),
    ("/at", [1] * 10_001), ("/targets", 0.3), ("/targets/0", "0.3"), ("/targets/0", None),
    ("/targets/0", [0.3]), ("/targets/0", math.inf), ("/colour", "red"), ("/Steps", [1]),
]) + LEVELS + [
    ("/curves", GONE), ("/curves", None), ("/curves", {}), ("/curves", "x"),
    ("/curves", [CURVE, CURVE], "/curves/1/id"), ("/curves", [CURVE] * 2001),
]  # fmt: skip
ETA = at("/runs/0", [
    ("", 1), ("", None), ("/id", GONE), ("/id", ""), ("/id", 7), ("/at_step", GONE), ("/at_step", -1),
    ("/at_step", 1.5), ("/at_step", "5"), ("/at_step", True), ("/at_step", None), ("/at_step", 11),
    ("/at_step", 10**13), ("/plan", GONE), ("/startup_seconds", -1), ("/startup_seconds", "9"),
    ("/startup_seconds", True), ("/startup_seconds", math.nan), ("/startup_seconds", 1e10),
    ("/resumed_at_step", 6), ("/resumed_at_step", -1), ("/resumed_at_step", "0"), ("/elapsed_seconds", -1),
    ("/elapsed_seconds", "x"), ("/elapsed_seconds", math.inf), ("/time_limit_seconds", -1),
    ("/time_limit_seconds", "1-00:00:00"), ("/time_limit_seconds", [1]),
    ("/in_progress", {}, "/in_progress/phase"),
    ("/in_progress", "validation"), ("/in_progress/phase", ""), ("/in_progress/phase", 1),
    ("/in_progress/phase", "dancing"), ("/time_limit_seconds", 0),
    ("/in_progress/elapsed_seconds", GONE), ("/in_progress/elapsed_seconds", -1), ("/in_progress/done", 9),
    ("/in_progress/done", -1), ("/in_progress/of", 0), ("/in_progress/of", 2.5), ("/in_progress/eta", 1),
    ("/mood", 1), *at("/plan", PLAN), *timings("/steps"), *timings("/validations"),
]) + LEVELS + [
    ("/runs", GONE), ("/runs", None), ("/runs", RUN), ("/runs", [RUN, RUN], "/runs/1/id"),
]  # fmt: skip
COMPARE = [
    ("/job", 13503904), ("/job", ""), ("/job", "1; id"), ("/job", "-u root"), ("/job", "1\n"),
    ("/elapsed_seconds", -1), ("/elapsed_seconds", "x"), ("/elapsed_seconds", 1e12), ("/at_step", GONE),
    ("/at_step", -1), ("/at_step", 312), ("/at_step", None), ("/at_step", 4.5), ("/plan", GONE),
    ("/pace", GONE),
    ("/pace", None), ("/pace", []), ("/pace/speed", 1), *durations("/pace/step_seconds"),
    *at("/plan", PLAN), ("/target", 0.34), ("/target", {}, "/target/loss"), ("/target/loss", "x"),
    ("/target/loss", True), ("/target/loss", math.nan), ("/target/of", "test"), ("/target/of", GONE),
    ("/scenarios", GONE), ("/scenarios", None), ("/scenarios", {}), ("/scenarios", []),
    ("/scenarios/0", 1), ("/scenarios/0", "continue"), ("/scenarios/0", {}, "/scenarios/0/action"),
    ("/scenarios/0/name", GONE), ("/scenarios/0/name", ""), ("/scenarios/0/name", 1),
    ("/scenarios/0/name", "fix", "/scenarios/1/name"), ("/scenarios/0/action", "pause"),
    ("/scenarios/0/action", None), ("/scenarios/0/action", ["stop"]), ("/scenarios/0/edit_seconds", 1),
    ("/scenarios/0/validations_left", -1), ("/scenarios/0/validations_left", 1.5),
    ("/scenarios/0/plan", {"total_steps": 40}, "/scenarios/0/plan/total_steps"),
    ("/scenarios/0/curve/points/losses", [1.0]), ("/scenarios/0/curve/points/losses/0", "x"),
    ("/scenarios/0/curve/points/steps", GONE), ("/scenarios/0/curve/points/z", 1),
    ("/scenarios/2/plan", {}), *durations("/scenarios/1/edit_seconds"), ("/scenarios/1/edit_seconds", GONE),
    ("/scenarios/1/test_seconds", None), ("/scenarios/1/queue_seconds", GONE),
    *at("/scenarios/1", [
        ("/validations_left", 3), ("/resume_step", -1), ("/resume_step", "newest"), ("/resume_step", 1.5),
        ("/resume_step", 151), ("/resume_step", True), ("/cancel", "later"), ("/cancel", None),
        ("/success_probability", 0), ("/success_probability", -1), ("/success_probability", 1.1),
        ("/success_probability", "1"), ("/success_probability", True), ("/mood", 1), ("/curve", {}),
        ("/curve", "x"), ("/curve", [1]), ("/curve", {"run": "nobody"}, "/curve/run"),
        ("/curve", {"run": 1}, "/curve/run"), ("/curve", {"run": "../x"}, "/curve/run"),
        ("/curve/run", "r", "/curve"), ("/curve/from_step", 1), ("/curve/milestones", []),
        ("/curve/milestones/0", [1]), ("/curve/milestones/0", [1, 2, 3, 4]),
        ("/curve/milestones/0", [1, 3, 2]),
        ("/curve/milestones/0", ["1", 1, 2]), ("/curve/milestones/0", [1, 1, None]),
        ("/curve/milestones/0", [-1, 1, 2]), ("/curve/milestones/1/0", 50),
    ]),
    ("/economics", {}, "/economics/gpus"), ("/economics", []), ("/economics/gpus", -1),
    ("/economics/gpus", "8"), ("/economics/gpu_hour_price", -1), ("/economics/currency", 1),
    ("/economics/currency", "x" * 30), ("/economics/euros", 1), ("/objective/time", -1),
    ("/objective", {"time": 0, "cost": 0}), ("/objective", 1), ("/attention_seconds", -1),
    ("/experiments", 0), ("/experiments", 1.5), ("/experiments", "10"), ("/criteria", {}),
    ("/criteria", [{}], "/criteria/0/name"), ("/criteria/0/weight", -1), ("/criteria/0/scores", []),
    ("/criteria/0/scores/on", "x"), ("/criteria/0/scores/nobody", 1, "/criteria/0/scores"),
    ("/criteria", [GOOD["compare"]["criteria"][0]] * 2, "/criteria/1/name"), *LEVELS, ("/seed", -1),
    ("/seed", 1.5), ("/seed", "x"), ("/seed", 2**70),
]  # fmt: skip
WRONG_COUNTS = [-1, "1", True, 1.5, None, 2**53, 2**53 + 1, 2**63, 10**30, 1e300, math.nan, [1], {}]
RECORDS = [
    ("/v", GONE), ("/v", 2), ("/v", "1"), ("/v", True), ("/v", None), ("/attempt", GONE), ("/attempt", ""),
    ("/attempt", 1), ("/attempt", None), ("/attempt", "x" * 201), ("/attempt_started", GONE),
    ("/attempt_started", -1), ("/attempt_started", "now"), ("/attempt_started", 1.7e12),
    ("/attempt_started", True), ("/attempt_started", math.nan), ("/job", 1), ("/job", "12"),
    ("/job/cluster", GONE), ("/job/cluster", ""), ("/job/id", GONE), ("/job/id", -1), ("/job/id", 1.5),
    ("/job/id", True), ("/job/id", ""), ("/steps", []), ("/steps", None), ("/steps", "x"),
    ("/steps/seq", None),
    *(("/steps/seq/0", value) for value in WRONG_COUNTS),
    *(("/steps/step/0", value) for value in WRONG_COUNTS),
    ("/steps/step", [1, 2]), ("/steps/seq", [], "/steps/step"), ("/steps/step", GONE),
    ("/steps/ended/0", "x"),
    ("/steps/ended/0", 1.7e12), ("/steps/seconds/0", -1), ("/steps/seconds/0", "1"),
    ("/steps/seconds/0", math.inf), ("/steps/loss/0", "NaN"), ("/steps/loss/0", "Infinity"),
    ("/steps/loss/0", "1.0"), ("/steps/loss/0", True), ("/steps/loss/0", math.nan), ("/steps/loss/0", {}),
    ("/steps/lr/0", "nan"), ("/steps/lr/0", math.inf), ("/steps/lr", "x"), ("/validations/started", GONE),
    ("/validations/started/0", None), ("/validations/loss/0", [1]), ("/validations/metrics/0", []),
    ("/validations/metrics/0", "x"), ("/validations/metrics/0", {"n": 2**70}), ("/checkpoints/path/0", 1),
    ("/checkpoints/path/0", "x" * 5000), ("/checkpoints/step/0", -1), ("/spans/phase/0", 1),
    ("/spans/phase/0", "x" * 201), ("/spans/seconds/0", None), ("/spans/started", []), ("/notes/kind/0", 1),
    ("/notes/data", GONE), ("/notes/data/0", 1), ("/notes/data/0", None), ("/notes/data/0/name", 1),
    ("/notes/data/0/name", "x" * 201), ("/notes/data/0/total_steps", 0), ("/notes/data/0/total_steps", "9"),
    ("/notes/data/0/total_steps", 1.5), ("/notes/data/0/validate_every", 0),
    ("/notes/data/0/validate_every", "often"), ("/notes/data/0/validate_at_end", 1),
    ("/notes/data/0/checkpoint_every", True), ("/notes/data/0/validation_batches", -3),
    ("/notes/data/0/target_loss", "low"), ("/notes/data/0/target_of", "test"),
    ("/notes/data/0/lr_schedule", "cosine"), ("/notes/data/0/lr_schedule/0", [0, "x"]),
    ("/notes/data/0/lr_schedule/0", [0]), ("/notes/data/0/lr_schedule/1", [None, 1]),
    ("/notes/data/0/like", 5), ("/notes/data/0/replaces", []),
]  # fmt: skip
SPOILT: dict[str, list[Any]] = {
    "forecast": FORECAST,
    "eta": ETA,
    "compare": COMPARE,
    "runs/r/records": RECORDS,
}

RAW: dict[str, bytes] = {
    "nothing": b"", "a space": b" ", "half an object": b"{", "a word": b"nonsense", "null": b"null",
    "true": b"true", "a number": b"1", "a text": b'"x"', "an array": b"[]", "an array of objects": b"[{}]",
    "two documents": b"{} {}", "a comma too many": b'{"v": 1,}', "single quotes": b"{'v': 1}",
    "no UTF-8": b"\xff\xfe", "no UTF-8 inside": b'{"v": "\xff"}', "half a character": b'{"v": "\\ud800"}',
    "a number that breaks off": b'{"v": 1e}', "a number of 5,000 digits": b'{"v": ' + b"9" * 5000 + b"}",
    "arrays too deep": b"[" * 100_000 + b"]" * 100_000,
    "objects too deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "too deep inside": b'{"v": 1, "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a body of another kind": b"v=1&attempt=a",
}  # fmt: skip


def spoil(body: dict[str, Any], place: str, value: object) -> bytes:
    """Return a body with something else at a place."""
    spoilt: Any = copy.deepcopy(body)
    *way, last = [int(part) if part.isdigit() else part for part in place.split("/")[1:]]
    inside = spoilt
    for part in way:
        inside = inside[part]
    if value is GONE:
        del inside[last]
    else:
        inside[last] = value
    return json.dumps(spoilt).encode()
