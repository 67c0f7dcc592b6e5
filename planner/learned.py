"""What was learned from 93 training logs of 28 public repositories. Version 4.

What stands below ``AWAITED`` comes from

    .venv/bin/python tests/bench/backtest_forecast_learn.py --curves ../shared/curves

``SPREADS`` is the factor of the models' spread, and the share of itself that a loss may lose by learning on
(a validation loss as far as its counter began late), for each kind of curve; ``REACHING`` turns being at a
loss into having been there; the rest are weights of the models. What stands above was chosen by the
score on repositories left out of the learning, averaged over the logs as they are and changed in the ways of
tests/bench/backtest_forecast_stress.py: what suits the one alone need not suit the next repository.
"""

TEMPERATURES = {"train": 0.18, "val": 0.9}
"""Power of the evidence: how sharply models are told apart. Structure that does not last makes it small."""

WINDOWS = {"train": (0.28, 0.72), "val": (0.35, 0.65)}
"""Share of the fit to nearly the whole curve, and of the fit to its recent part."""

PULLS = {
    "train": {"last": 0.0, "plain law": 0.0, "plain law a decade on": 0.25, "noise": 1.0},
    "val": {"last": 0.05, "plain law": 0.05, "plain law a decade on": 0.2, "noise": 0.8},
}
"""Pull towards the last level and the plain law, share of the records' noise."""

AWAITED = {"rate 2.5": 0.18, "area rate 2.5": 0.03}
"""Weights of a large effect of a decay that is planned and has not begun; set by hand."""

SPREADS = {"train": {"spread": 0.976, "decay": 0.04}, "val": {"spread": 0.79, "decay": 0.04}}
REACHING = {"sharpness": 0.6, "wander": 0.1}
MODES = {"raw": 0.116, "log": 0.884}
KERNELS = {
    "smooth 0.25 calm": 0.0936,
    "smooth 0.25": 0.0765,
    "smooth 0.7": 0.0582,
    "smooth 0.08": 0.4297,
    "rough 0.7": 0.0637,
    "rough 0.08": 0.1046,
    "walk 0.2": 0.1738,
}
LAWS = {
    "power 0.25": 0.2069,
    "power 0.5": 0.0405,
    "power 0.75": 0.035,
    "power 1": 0.0165,
    "shifted power 0.5": 0.1021,
    "shifted power 1": 0.0303,
    "shifted power 2": 0.0166,
    "late power 0.5": 0.1878,
    "logarithm": 0.0985,
    "square root": 0.1068,
    "line": 0.0628,
    "fast exponential": 0.0206,
    "slow exponential": 0.0756,
}
OPTIONS = {
    "hypothesised": {
        "none": 0.0469,
        "level rise": 0.0436,
        "rise": 0.0312,
        "cosine 0.15": 0.0567,
        "cosine 0.4": 0.0494,
        "cosine 1": 0.0996,
        "linear 0.15": 0.0623,
        "linear 0.4": 0.0918,
        "linear 1": 0.0535,
        "last quarter 0.15": 0.0934,
        "last quarter 0.4": 0.0431,
        "last quarter 1": 0.0204,
        "last half 0.15": 0.097,
        "last half 0.4": 0.0513,
        "last half 1": 0.0207,
        "area cosine": 0.0378,
        "area linear": 0.1015,
    },
    "known": {
        "none": 0.034,
        "level rise": 0.0338,
        "rise": 0.0195,
        "rate 0.15": 0.0426,
        "rate 0.4": 0.1405,
        "rate 1": 0.1525,
        "area": 0.0251,
        "area rate 0.15": 0.0359,
        "area rate 0.4": 0.0723,
        "area rate 1": 0.1445,
        "root": 0.1318,
        "area root": 0.0547,
    },
    "awaited": {
        "none": 0.034,
        "level rise": 0.0338,
        "rise": 0.0195,
        "rate 0.15": 0.0426,
        "rate 0.4": 0.1405,
        "rate 1": 0.1525,
        "area": 0.0251,
        "area rate 0.15": 0.0359,
        "area rate 0.4": 0.0723,
        "area rate 1": 0.1445,
        "root": 0.1318,
        "area root": 0.0547,
        "rate 2.5": 0.18,
        "area rate 2.5": 0.03,
    },
    "endless": {"none": 0.6, "level rise": 0.3, "rise": 0.1},
}
