"""Run every benchmark and print what was asked beside what was measured.

Run it with ``make bench``; ``make bench`` judges nothing: read the two columns.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
BENCHMARKS = (
    "step.py",
    "ingest.py",
    "page_cost.py",
    "browser.py",
    "tab_growth.py",
    "verdict_calibration.py",
    "verdict_steadiness.py",
    "what_if.py",
    "refit.py",
    "peers.py",
)
ON_SLURM = ("slurm.py",)


def here() -> str:
    """Return the machine in words, for who reads the figures later."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> int:
    """Run the benchmarks one after the other; return how many ended in an error."""
    print(f"machine: {here()}, load {os.getloadavg()[0]:.1f}\n", flush=True)
    has_slurm = shutil.which("slurmctld", path="/usr/sbin:/usr/bin") is not None and os.geteuid() == 0
    failed = 0
    for name in BENCHMARKS + (ON_SLURM if has_slurm else ()):
        print(f"== {name}", flush=True)
        failed += subprocess.run([sys.executable, FOLDER / name], check=False).returncode != 0
        print(flush=True)
    if not has_slurm:
        print(f"left out: {', '.join(ON_SLURM)} (needs SLURM's Debian packages and root)")
    return failed


if __name__ == "__main__":
    sys.exit(main())
