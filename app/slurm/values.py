"""SLURM's scalars, in every shape that releases 21.08 to 26.05 give them; ``None`` stands for unknown."""

import re
from collections.abc import Mapping, Sequence

from app.slurm.scheduler import ACTIVE_STATES

# Unset and infinite leak as plain numbers in 21.08 and 22.05: NO_VAL, INFINITE and their 64-bit forms.
_SENTINELS = frozenset({4294967294, 4294967295, 18446744073709551614, 18446744073709551615})
_LARGEST = 1e300
_NUMBER = re.compile(r"\s*-?\d+(?:\.\d+)?\s*", re.ASCII)
_NOTHING = frozenset({"", "(null)", "n/a", "none", "unknown", "none assigned", "not_set", "invalid", "null"})
_NO_LIMIT = frozenset({"unlimited", "infinite", "partition_limit"})

STATE_CODES = {
    "BF": "BOOT_FAIL", "CA": "CANCELLED", "CD": "COMPLETED", "CF": "CONFIGURING", "CG": "COMPLETING",
    "DL": "DEADLINE", "F": "FAILED", "NF": "NODE_FAIL", "OOM": "OUT_OF_MEMORY", "PD": "PENDING",
    "PR": "PREEMPTED", "R": "RUNNING", "RD": "RESV_DEL_HOLD", "RF": "REQUEUE_FED", "RH": "REQUEUE_HOLD",
    "RQ": "REQUEUED", "RS": "RESIZING", "RV": "REVOKED", "S": "SUSPENDED", "SE": "SPECIAL_EXIT",
    "SI": "SIGNALING", "SO": "STAGE_OUT", "ST": "STOPPED", "TO": "TIMEOUT",
}  # fmt: skip
STATE_WORDS = frozenset(STATE_CODES.values()) | ACTIVE_STATES

# A job in one of these has ended by its base state but still holds its nodes, or is about to wait again.
_OVERRIDING = (
    "COMPLETING",
    "REQUEUE_HOLD",
    "REQUEUE_FED",
    "REQUEUED",
    "CONFIGURING",
    "STAGE_OUT",
    "SIGNALING",
)


def number(value: object) -> float | None:
    """Read a number given as int, float, text, null or ``{set, infinite, number}``."""
    if isinstance(value, str):
        return _number_from_text(value)
    if isinstance(value, int | float):
        return _plain(value)
    if isinstance(value, Mapping):
        # An infinite value says ``set: false`` as well: ask for infinity first.
        if value.get("infinite") or not value.get("set", True):
            return None
        return number(value.get("number"))
    return None


def _plain(value: float) -> float | None:
    # The comparison also leaves out NaN, infinity and integers beyond any float.
    unset = isinstance(value, bool) or value in _SENTINELS or not -_LARGEST < value < _LARGEST
    return None if unset else float(value)


def _number_from_text(text: str) -> float | None:
    return _plain(float(text)) if _NUMBER.fullmatch(text) else None


def count(value: object) -> int | None:
    """Read a whole number of things."""
    read = number(value)
    return None if read is None else int(read)


def epoch(value: object) -> float | None:
    """Read a clock time; SLURM writes 0 where there is none."""
    read = number(value)
    return read if read is not None and read > 0 else None


def word(value: object) -> str | None:
    """Read a text; SLURM's ways of writing nothing become ``None``."""
    if isinstance(value, str):
        stripped = value.strip()
        return None if stripped.lower() in _NOTHING else stripped
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return word(",".join(str(part) for part in value))
    return None


def state(value: object) -> str | None:
    """Read a job state: a word, a code, a truncated word, ``CANCELLED by 123`` or a list of words."""
    if isinstance(value, str):
        return _state_from_text(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        words = [read for read in map(state, value) if read is not None]
        flags = [flag for flag in _OVERRIDING if flag in words]
        return next(iter(flags or words), None)
    return None


def _state_from_text(text: str) -> str | None:
    words = text.upper().split(maxsplit=1)
    if not words:
        return None
    if words[0].endswith("+"):
        return next((known for known in sorted(STATE_WORDS) if known.startswith(words[0][:-1])), None)
    return STATE_CODES.get(words[0], words[0])


def seconds(text: object) -> float | None:
    """Read a duration written ``M``, ``M:S``, ``H:M:S``, ``D-H``, ``D-H:M`` or ``D-H:M:S``.

    No limit and nothing said both read as ``None``: there is no number to hold against a forecast.
    """
    if not isinstance(text, str) or text.strip().lower() in _NOTHING | _NO_LIMIT:
        return None
    days, dash, clock = text.strip().rpartition("-")
    match = re.fullmatch(r"(\d+)(?::(\d+))?(?::(\d+))?(?:\.\d+)?", clock, re.ASCII)
    if not match or (dash and not days.isdecimal()):
        return None
    parts = [float(part) for part in match.groups() if part is not None]
    if dash:
        return float(days) * 86400 + sum(
            part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False)
        )
    # Without days the last part is seconds, except that a number alone is minutes.
    units = {1: (60,), 2: (60, 1), 3: (3600, 60, 1)}[len(parts)]
    return sum(part * unit for part, unit in zip(parts, units, strict=True))


def gpus(tres: object) -> int | None:
    """Count GPUs in a resource list such as ``cpu=8,mem=100M,gres/gpu=4,gres/gpu:h100=4``."""
    text = word(tres)
    if text is None:
        return None
    plain = re.search(r"(?:^|,)gres/gpu=(\d+)", text, re.ASCII)
    if plain:
        return int(plain[1])
    typed = re.findall(r"(?:^|,)gres/gpu:[^=,]+=(\d+)", text, re.ASCII)
    return sum(map(int, typed))


def exit_code(value: object) -> str | None:
    """Read an exit code as ``code:signal`` from that text, a raw wait status or a JSON object."""
    if isinstance(value, str) and re.fullmatch(r"\d+:\d+", value, re.ASCII):
        return value
    if isinstance(value, Mapping) and "return_code" in value:
        signal = value.get("signal")
        signal_id = signal.get("id", signal.get("signal_id")) if isinstance(signal, Mapping) else None
        return f"{count(value['return_code']) or 0}:{count(signal_id) or 0}"
    status = count(value)
    return None if status is None else f"{status >> 8}:{status & 0x7F}"
