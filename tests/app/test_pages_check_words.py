"""What is checked of a relaunch is told in the reader's language."""

import re
from pathlib import Path

import pytest

from app.pages.check_words import NAMES, check_finding, check_name
from app.replace_keep import checks as keep_checks
from app.slurm.scheduler import Check, JobFacts, Submission
from app.slurm.script import lint
from app.supervision import Supervised
from app.words import Words

ENGLISH, FRENCH = Words("en"), Words("fr")
APP = Path(__file__).resolve().parents[2] / "app"


def test_every_check_has_a_name_of_its_own() -> None:
    """Whatever part of the service makes it."""
    made = {
        name for file in APP.rglob("*.py") for name in re.findall(r'Check\(\s*"([^"]+)"', file.read_text())
    }
    assert made <= set(NAMES)
    assert len(made) > 10
    for name in made:
        assert name == str(check_name(Check(name, passed=True, finding=""), ENGLISH))


def test_names_are_translated() -> None:
    """In French, too; an unknown one stays, escaped."""
    told = [str(check_name(Check(name, passed=True, finding=""), FRENCH)) for name in ("line ends", "<b>")]
    assert ["fins de ligne", "&lt;b&gt;"] == told


@pytest.mark.parametrize(
    "script", ["#!/bin/bash\nexec sleep 1\n", "#!/usr/bin/python3\npass\n", "sleep 1\r\n", "", "#!/bin/sh\n"]
)
@pytest.mark.parametrize("folder", ["/", "tmp", "/no/such"])
def test_what_the_script_itself_tells_is_translated(script: str, folder: str) -> None:
    """No finding of the service's own is shown in English to a reader of French; in English it stays."""
    for check in lint(Submission(script, "t", folder)):
        if check.finding != folder:
            assert str(check_finding(check, FRENCH)) != str(check_finding(check, ENGLISH)), check
        english = str(check_finding(check, ENGLISH)).replace("&#39;", "'").replace(",", "")
        assert check.finding.replace("none", "none given").replace(",", "") == english


@pytest.mark.parametrize("line", ["srun python train.py", "srun", "", "a\nb"])
@pytest.mark.parametrize("supervised", [Supervised(("x",), 1.0), None])
@pytest.mark.parametrize("facts", [JobFacts("7", "box", "RUNNING"), None])
def test_what_a_kept_job_tells_is_translated(
    line: str, supervised: Supervised | None, facts: JobFacts | None
) -> None:
    """The same for a corrected command in a running job."""
    for check in keep_checks(line, facts, supervised):
        assert str(check_finding(check, FRENCH)) != str(check_finding(check, ENGLISH)), check


def test_slurms_own_words_are_shown_as_they_are() -> None:
    """Nobody translates them, and they reach no page unescaped."""
    check = Check("trial", passed=False, finding="sbatch: error: <Invalid> partition")
    assert "sbatch: error: &lt;Invalid&gt; partition" == str(check_finding(check, FRENCH))
