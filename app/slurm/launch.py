"""How a batch script starts its training, and so whom a signal must go to so that nothing dies of it."""

import re
from typing import Literal

Target = Literal["batch", "step", "full"]

_STEP = re.compile(r"^\s*(?:exec\s+)?(?:\S*/)?(?:srun|mpirun|mpiexec)\b", re.MULTILINE)
_EXEC = re.compile(r"^\s*exec\s+(?!\d*[<>])", re.MULTILINE)


def signal_target(script: str, signal: str) -> Target | None:
    """Return whom ``scancel --signal`` is to signal in a job of this batch script.

    As measured: the steps alone where ``srun`` starts it, for the batch shell would die; the batch shell
    where it has a trap that passes the signal on, or has made way (``exec``); all where it has a trap and
    passes nothing on.

    Args:
        script: the job's batch script.
        signal: a name such as ``USR1``.

    Returns:
        ``None`` where the batch shell would die of the signal and take the training with it.
    """
    body = "\n".join(line for line in script.split("\n") if not line.lstrip().startswith("#"))
    name = re.escape(signal.removeprefix("SIG"))
    trap = re.search(rf"^\s*trap\s.*\b(?:SIG)?{name}\b", body, re.MULTILINE)
    if trap:
        return "batch" if re.search(r"\bkill\b", body) else "full"
    if _STEP.search(body):
        return "step"
    return "batch" if _EXEC.search(body) else None
