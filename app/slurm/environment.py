"""The environment of SLURM's programs and of jobs: built from a short list, never inherited."""

import re
from collections.abc import Mapping

from app.slurm.options import check_text
from app.slurm.scheduler import SchedulerError

KEPT = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SLURM_CONF",
    "MODULEPATH", "CUTLOSS_CREDENTIALS", "CUTLOSS_SPOOL",
)  # fmt: skip

# SLURM's programs and steps take these as options: a leaked one changes other jobs.
_SLURM_PREFIXES = (
    "SLURM",
    "SBATCH",
    "SCANCEL",
    "SQUEUE",
    "SACCT",
    "SINFO",
    "SCONTROL",
    "SRUN",
    "SALLOC",
    "PMI",
)


def build_environment(source: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the kept variables of an environment and those a submission adds.

    Raises:
        SchedulerError: an added name is no variable's, belongs to SLURM, or its value has control characters.
    """
    built = {name: source[name] for name in KEPT if source.get(name)}
    built.setdefault("PATH", "/usr/local/bin:/usr/bin:/bin")
    for name, value in (extra or {}).items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name.startswith(_SLURM_PREFIXES):
            raise SchedulerError(f"variable {name!r} may not be set; expected a name that is not SLURM's own")
        built[name] = check_text(f"variable {name}", value)
    return built
