"""What was learned from 93 training logs of 28 public repositories. Version 1.

The weights below ``MODES`` come from

    .venv/bin/python tests/bench/backtest_forecast_learn.py --curves ../shared/curves

and what stands above was chosen by the score on repositories left out of the learning.
"""

TEMPERATURES = {"train": 0.13, "val": 1.4}
"""Power of the evidence: how sharply models are told apart. Structure that does not last makes it small."""

WINDOWS = {"train": (0.28, 0.72), "val": (0.35, 0.65)}
"""Share of the fit to nearly the whole curve, and of the fit to its recent part."""

CALIBRATION = {
    "train": {"last": 0.0, "plain law": 0.0, "spread": 1.1, "noise": 0.8},
    "val": {"last": 0.05, "plain law": 0.05, "spread": 0.8, "noise": 0.8},
}
"""Pull towards the last level and the plain law, factor of the spread, share of the records' noise."""

LOOKS = 1.3
"""How many independent looks at the end of a curve its lowest point is worth."""

AWAITED = {"rate 2.5": 0.25, "area rate 2.5": 0.03}
"""Weights of a large effect of a decay that is planned and has not begun; set by hand."""

MODES = {"raw": 0.1448, "log": 0.8552}
KERNELS = {
    "smooth 0.25 calm": 0.3612,
    "smooth 0.25": 0.2032,
    "smooth 0.7": 0.1398,
    "smooth 0.08": 0.1296,
    "rough 0.7": 0.0673,
    "rough 0.08": 0.0115,
    "walk 0.2": 0.0874,
}
LAWS = {
    "power 0.25": 0.2082,
    "power 0.5": 0.0611,
    "power 0.75": 0.0538,
    "power 1": 0.02,
    "shifted power 0.5": 0.1201,
    "shifted power 1": 0.1059,
    "shifted power 2": 0.0303,
    "logarithm": 0.2549,
    "square root": 0.0871,
    "line": 0.0351,
    "fast exponential": 0.009,
    "slow exponential": 0.0085,
}
OPTIONS = {
    "hypothesised": {
        "none": 0.0367,
        "cosine 0.15": 0.0566,
        "cosine 0.4": 0.0906,
        "cosine 1": 0.0723,
        "linear 0.15": 0.0494,
        "linear 0.4": 0.0871,
        "linear 1": 0.0909,
        "last quarter 0.15": 0.0293,
        "last quarter 0.4": 0.0452,
        "last quarter 1": 0.0112,
        "last half 0.15": 0.0436,
        "last half 0.4": 0.0372,
        "last half 1": 0.0148,
        "level rise": 0.0339,
        "rise": 0.0122,
        "area cosine": 0.148,
        "area linear": 0.1411,
    },
    "known": {
        "none": 0.0507,
        "rate 0.15": 0.0909,
        "rate 0.4": 0.1806,
        "rate 1": 0.0883,
        "area": 0.0168,
        "area rate 0.15": 0.0462,
        "area rate 0.4": 0.0686,
        "area rate 1": 0.1083,
        "level rise": 0.0572,
        "rise": 0.0145,
        "root": 0.2227,
        "area root": 0.0553,
    },
    "endless": {"none": 0.6, "level rise": 0.3, "rise": 0.1},
}
OPTIONS["awaited"] = {**OPTIONS["known"], **AWAITED}
