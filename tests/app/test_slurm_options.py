"""Nothing from outside becomes an option, a second job or a variable of SLURM's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.slurm.environment import build_environment
from app.slurm.options import ALLOWED, as_argv, check_job_id, is_job_id
from app.slurm.scheduler import SchedulerError


def test_options_are_joined_to_their_values() -> None:
    """A value that begins with a dash cannot become an option; a flag stands alone."""
    given_options = {"job-name": "--uid=0", "time": "1-02:03:04", "requeue": "", "gres": "gpu:h100:4"}
    assert ["--job-name=--uid=0", "--time=1-02:03:04", "--requeue", "--gres=gpu:h100:4"] == as_argv(
        given_options
    )


@pytest.mark.parametrize(
    "name",
    ["uid", "gid", "wrap", "export", "array", "clusters", "wait", "chdir", "dependency", "comment", "", "-p"],
)
def test_an_option_off_the_list_is_refused(name: str) -> None:
    """Some are refused because they are set by the submission itself."""
    with pytest.raises(SchedulerError, match="not among"):
        as_argv({name: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partition", "gpu cpu"),
        ("partition", "$(id)"),
        ("time", "1:00 --uid=0"),
        ("nodes", "-1"),
        ("nodes", "٣"),
        ("mem", "4G;id"),
        ("job-name", "a\nb"),
        ("output", "/x\x00y"),
        ("requeue", "x"),
        ("nice", "-5"),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, value: str) -> None:
    """Each option has its own form; control characters are in none."""
    with pytest.raises(SchedulerError, match=name):
        as_argv({name: value})


@given(st.sampled_from(sorted(ALLOWED)), st.text())
def test_every_accepted_value_stays_one_argument(name: str, value: str) -> None:
    """Whatever is accepted is one argument without control characters, of that very option."""
    try:
        argv = as_argv({name: value})
    except SchedulerError:
        return
    assert [f"--{name}={value}" if value else f"--{name}"] == argv
    assert value.isprintable() or not any(ord(letter) < 32 or ord(letter) == 127 for letter in value)


@pytest.mark.parametrize("job_id", ["1", "12_3", "12+1", "4294967295"])
def test_job_ids(job_id: str) -> None:
    """Digits, with the suffix of an array task or of a het component."""
    assert job_id == check_job_id(job_id)


@given(st.text())
def test_no_other_text_is_a_job_id(text: str) -> None:
    """What is accepted holds nothing but ASCII digits, _ and +."""
    if is_job_id(text):
        assert set(text) <= set("0123456789_+")


def test_the_environment_is_built_not_inherited() -> None:
    """SLURM's and SBATCH's variables do not leak; secrets do not travel."""
    source = {
        "PATH": "/bin",
        "HOME": "/home/alice",
        "SLURM_CONF": "/etc/slurm.conf",
        "SLURM_CPU_BIND": "none",
        "SBATCH_PARTITION": "x",
        "SCANCEL_USER": "root",
        "AWS_SECRET_ACCESS_KEY": "x",
        "CUTLOSS_RUN": "old",
    }
    built = build_environment(source, {"CUTLOSS_REPLACES": "r"})
    expected = {
        "PATH": "/bin",
        "HOME": "/home/alice",
        "SLURM_CONF": "/etc/slurm.conf",
        "CUTLOSS_REPLACES": "r",
    }
    assert expected == built


@pytest.mark.parametrize("name", ["SLURM_CONF", "SBATCH_X", "A B", "1A", "", "A=B", "É"])
def test_variables_of_slurms_own_are_refused(name: str) -> None:
    """So are names that are none."""
    with pytest.raises(SchedulerError, match="may not be set"):
        build_environment({}, {name: "x"})
