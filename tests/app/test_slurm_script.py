"""A batch script is read as sbatch reads it, and what would fail later is said before."""

from pathlib import Path

import pytest

from app.slurm.scheduler import Submission
from app.slurm.script import directives, lint

GOOD = """#!/bin/bash
# a comment
#SBATCH --job-name="my job" --time=10:00
#SBATCH -p debug -N2
#SBATCH --gres gpu:4  # four of them
#SBATCH --requeue
#SBATCH --time 20:00

echo start
#SBATCH --partition=late
"""


def submission(tmp_path: Path, script: str, **options: str) -> Submission:
    """Return a submission in a folder that is there."""
    return Submission(script, "t", str(tmp_path), options=options)


def failed(asked: Submission) -> dict[str, str]:
    """Return the findings that failed, by name."""
    return {check.name: check.finding for check in lint(asked) if not check.passed}


def test_directives() -> None:
    """Long and short, joined and apart, quoted; the last wins; none behind the first command counts."""
    expected = {
        "job-name": "my job", "time": "20:00", "partition": "debug", "nodes": "2", "gres": "gpu:4",
        "requeue": "",
    }  # fmt: skip
    assert expected == directives(GOOD)


@pytest.mark.parametrize(
    "script", ["", "#!/bin/sh", "#!/bin/sh\n#SBATCH\n", '#!/bin/sh\n#SBATCH --x="open\n', "\n"]
)
def test_odd_scripts_are_read(script: str) -> None:
    """Nothing breaks the reader."""
    assert isinstance(directives(script), dict)


def test_a_good_script_passes(tmp_path: Path) -> None:
    """Nothing is found wrong with it."""
    assert {} == failed(submission(tmp_path, GOOD))


@pytest.mark.parametrize(
    ("script", "name", "words"),
    [
        ("echo x\n", "shebang", "'echo x'"),
        ("", "shebang", "''"),
        ("#!bash\n", "shebang", "#!bash"),
        ("#!/bin/sh\necho a\r\n", "line ends", "line 2"),
        ("#!/bin/sh\n\x00", "line ends", "NUL"),
        ("#!/bin/bash\nif true\n", "syntax", "syntax error"),
        ("#!/bin/sh\n#SBATCH --array=1-9\n", "directives", "whole array"),
        ("#!/bin/sh\n#SBATCH -W\n", "directives", "waiting"),
        ("#!/bin/sh\n#SBATCH --uid 0\n", "directives", "somebody else"),
        ("#!/bin/sh\n#SBATCH hetjob\n", "directives", "several jobs"),
        ("#!/bin/sh\n#SBATCH -o logs/%j.txt\n", "output folder", "logs"),
        ("#!/bin/sh\n" + "#" * 4 * 1024 * 1024, "size", "4194304"),
    ],
)
def test_what_would_fail_later_is_said_before(tmp_path: Path, script: str, name: str, words: str) -> None:
    """Each fault by its name, with what was found."""
    assert words in failed(submission(tmp_path, script))[name]


def test_a_missing_folder_is_found() -> None:
    """SLURM accepts it and fails the job without any output file."""
    assert "/nowhere does not exist" == failed(Submission(GOOD, "t", "/nowhere"))["work folder"]
    assert "does not exist" in failed(Submission(GOOD, "t", f"/{'x' * 5000}"))["work folder"]
    assert "absolute" in failed(Submission(GOOD, "t", "relative"))["work folder"]


def test_an_output_option_counts_over_the_directive(tmp_path: Path) -> None:
    """As sbatch has it."""
    script = "#!/bin/sh\n#SBATCH --output=gone/x\ntrue\n"
    assert {} == failed(submission(tmp_path, script, output="here-%j"))
    assert {} == failed(submission(tmp_path, "#!/bin/sh\n#SBATCH -o %x/%j\ntrue\n"))


def test_only_shells_are_read_by_bash(tmp_path: Path) -> None:
    """A Python script is not judged as bash."""
    assert {} == failed(submission(tmp_path, "#!/usr/bin/env python3\nprint('if')\n"))
    assert "syntax" in failed(submission(tmp_path, "#!/usr/bin/env bash\nfi\n"))
