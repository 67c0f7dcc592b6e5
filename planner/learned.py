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
    "train": {"last": 0.0, "plain law": 0.0, "plain law a decade on": 0.25, "spread": 1.12, "noise": 1.0},
    "val": {"last": 0.05, "plain law": 0.05, "plain law a decade on": 0.2, "spread": 0.82, "noise": 0.8},
}
"""Pull towards the last level and the plain law, factor of the spread, share of the records' noise."""

LOOKS = 1.3
"""How many independent looks at the end of a curve its lowest point is worth."""

AWAITED = {"rate 2.5": 0.18, "area rate 2.5": 0.03}
"""Weights of a large effect of a decay that is planned and has not begun; set by hand."""

MODES = {"raw": 0.1697, "log": 0.8303}
KERNELS = {
    "smooth 0.25 calm": 0.1183,
    "smooth 0.25": 0.1002,
    "smooth 0.7": 0.0808,
    "smooth 0.08": 0.3146,
    "rough 0.7": 0.0767,
    "rough 0.08": 0.1082,
    "walk 0.2": 0.2012,
}
LAWS = {
    "power 0.25": 0.1185,
    "power 0.5": 0.0528,
    "power 0.75": 0.0451,
    "power 1": 0.0317,
    "shifted power 0.5": 0.1004,
    "shifted power 1": 0.0397,
    "shifted power 2": 0.028,
    "logarithm": 0.2616,
    "square root": 0.1179,
    "line": 0.0141,
    "fast exponential": 0.0296,
    "slow exponential": 0.1607,
}
OPTIONS = {
    "hypothesised": {
        "none": 0.054,
        "level rise": 0.0517,
        "rise": 0.0348,
        "cosine 0.15": 0.0594,
        "cosine 0.4": 0.0634,
        "cosine 1": 0.0801,
        "linear 0.15": 0.062,
        "linear 0.4": 0.0913,
        "linear 1": 0.0643,
        "last quarter 0.15": 0.0669,
        "last quarter 0.4": 0.0656,
        "last quarter 1": 0.0227,
        "last half 0.15": 0.0727,
        "last half 0.4": 0.0526,
        "last half 1": 0.0195,
        "area cosine": 0.0496,
        "area linear": 0.0895,
    },
    "known": {
        "none": 0.0509,
        "level rise": 0.0517,
        "rise": 0.0339,
        "rate 0.15": 0.0595,
        "rate 0.4": 0.0992,
        "rate 1": 0.1302,
        "area": 0.0414,
        "area rate 0.15": 0.0492,
        "area rate 0.4": 0.078,
        "area rate 1": 0.1405,
        "root": 0.0983,
        "area root": 0.0625,
    },
    "awaited": {
        "none": 0.0509,
        "level rise": 0.0517,
        "rise": 0.0339,
        "rate 0.15": 0.0595,
        "rate 0.4": 0.0992,
        "rate 1": 0.1302,
        "area": 0.0414,
        "area rate 0.15": 0.0492,
        "area rate 0.4": 0.078,
        "area rate 1": 0.1405,
        "root": 0.0983,
        "area root": 0.0625,
        "rate 2.5": 0.18,
        "area rate 2.5": 0.03,
    },
    "endless": {"none": 0.6, "level rise": 0.3, "rise": 0.1},
}
