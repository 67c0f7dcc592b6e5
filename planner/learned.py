"""What was learned from training logs: the prior weight of each part of a model."""

TEMPERATURES = {"train": 0.15, "val": 1.0}
WINDOWS = {"train": (0.33, 0.67), "val": (0.45, 0.55)}

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

CALIBRATION = {
    "train": {"last": 0.0, "power law": 0.0, "spread": 1.1, "noise": 0.8},
    "val": {"last": 0.05, "power law": 0.05, "spread": 0.8, "noise": 0.8},
}
LOOKS = 1.3
