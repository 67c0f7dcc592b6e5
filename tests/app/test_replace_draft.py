"""A corrected job keeps what the running one was given, unless the correction says otherwise."""

from typing import Any

import pytest

from app.replace_draft import Wish, arguments_of, corrected, draft_of, inherited
from app.slurm.scheduler import JobFacts
from app.slurm.script import read_submit_line
from planner.errors import InvalidInputError

OLD = "#!/bin/bash\n#SBATCH --time=10 --mem=4G\npython train.py\n"


def facts(**parts: object) -> JobFacts:
    """Return a running job's facts."""
    return JobFacts("5", "box", "RUNNING", **parts)


@pytest.mark.parametrize(
    ("line", "options", "behind"),
    [
        ("sbatch train.sh a b", {}, ("a", "b")),
        ("sbatch -p debug --gres gpu:2 --mem=4G -c8 train.sh --lr 3", None, ("--lr", "3")),
        ("sbatch --requeue --parsable train.sh", {"requeue": "", "parsable": ""}, ()),
        ("sbatch --exclusive train.sh x", {"exclusive": ""}, ("x",)),
        ("sbatch --wrap sleep 60", {"wrap": "sleep"}, ()),
        ("sbatch -p", {"partition": ""}, ()),
        ("", {}, ()),
    ],
)
def test_a_command_line_is_read_as_sbatch_does(
    line: str, options: dict[str, str] | None, behind: tuple[str, ...]
) -> None:
    """Options up to the script's name, arguments behind it."""
    expected = {"partition": "debug", "gres": "gpu:2", "mem": "4G", "cpus-per-task": "8"}
    assert (expected if options is None else options, behind) == read_submit_line(line)


def test_what_came_on_the_command_line_is_kept() -> None:
    """Memory and CPUs are in no fact of the queue: without them the corrected job would run out of memory."""
    line = "sbatch --mem=64G --cpus-per-task=8 --array=0-3 --wrap=x --time=20 train.sh a"
    assert {"mem": "64G", "cpus-per-task": "8", "time": "20"} == inherited(facts(submit_line=line), OLD, OLD)


def test_a_corrected_directive_counts_over_the_command_line() -> None:
    """An unchanged one does not: sbatch had the command line win."""
    line = "sbatch --time=20 --mem=64G train.sh"
    new = OLD.replace("--time=10", "--time=30")
    assert {"mem": "64G"} == inherited(facts(submit_line=line), OLD, new)


def test_without_a_command_line_the_jobs_facts_count() -> None:
    """Partition, limit, name and GPUs, where the script does not say them."""
    known = facts(name="topo", partition="gpu", time_limit_seconds=90.0, gpus=8, node_count=2)
    assert {"job-name": "topo", "partition": "gpu", "gres": "gpu:4", "nodes": "2"} == inherited(
        known, OLD, OLD
    )
    said = "#!/bin/bash\n#SBATCH -p debug --gpus=8 --job-name=x -N 2\n"
    assert {"time": "2"} == inherited(known, said, said)


def test_odd_names_are_not_handed_on() -> None:
    """A name with a newline is no option's value."""
    assert {} == inherited(facts(name="a\nb", partition="a b"), OLD, OLD)


def test_arguments() -> None:
    """From the command line, else from the command as the queue shows it; a wrapped command has none."""
    assert ("a", "b") == arguments_of(facts(submit_line="sbatch -p x train.sh a b", command="/h/train.sh c"))
    assert ("c",) == arguments_of(facts(command="/h/train.sh c"))
    assert () == arguments_of(facts(submit_line="sbatch --wrap=sleep 60", command="(null)"))


def test_a_draft_has_it_all() -> None:
    """The job, its script, its options and its arguments."""
    draft = draft_of(facts(submit_line="sbatch --mem=64G train.sh a"), OLD)
    assert (OLD, {"mem": "64G"}, ("a",)) == (draft.script, draft.options, draft.script_args)


def test_the_fingerprint_covers_all_that_would_run() -> None:
    """Way and environment too: what is preloaded is not what was confirmed. The order of names is none."""
    wish: Wish = {"script": OLD, "options": {}, "script_args": (), "environment": {"A": "1", "B": "2"}}
    wishes: list[Wish] = [
        wish,
        {**wish, "script": OLD + "#"},
        {**wish, "options": {"mem": "1G"}},
        {**wish, "script_args": ("a",)},
        {**wish, "work_dir": "/x"},
        {**wish, "order": "overlap"},
        {**wish, "environment": {}},
        {**wish, "environment": {"A": "1", "B": "3"}},
        {"script": OLD, "order": "keep"},
    ]
    assert len(wishes) == len({corrected(facts(), OLD, one).sha256 for one in wishes})
    turned: Wish = {**wish, "environment": {"B": "2", "A": "1"}, "order": "handover"}
    assert corrected(facts(), OLD, wish).sha256 == corrected(facts(), OLD, turned).sha256


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("options", {"mem": "1G"}), ("script_args", ("a",)), ("work_dir", "/x"),
        ("environment", {"LD_PRELOAD": "x.so"}),
    ],
)  # fmt: skip
def test_with_the_nodes_kept_the_job_settles_the_rest(name: str, asked: object) -> None:
    """What would be passed over is refused, by name; what is empty asks for nothing."""
    wish: Any = {"script": "srun x", "order": "keep"}
    with pytest.raises(InvalidInputError) as refused:
        corrected(facts(), OLD, {**wish, name: asked})
    assert (f"/{name}", asked) == (refused.value.pointer, refused.value.value)
    assert "srun x" == corrected(facts(), OLD, {**wish, name: type(asked)()}).script
