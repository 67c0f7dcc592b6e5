"""The scheduler is chosen by what the machine has, never by what happens to answer at the moment."""

from pathlib import Path

import pytest

from app.slurm import detect
from app.slurm.detect import choose_scheduler
from app.slurm.scheduler import SchedulerUnreachableError


@pytest.fixture(name="programs")
def make_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put SLURM's programs on a path of their own; none of them answers."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sbatch", "squeue", "scontrol", "scancel"):
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    monkeypatch.setattr(detect, "_CONFIGURATIONS", ())
    return folder


def test_a_configuration_file_is_enough(tmp_path: Path, programs: Path) -> None:
    """With the controller away it is still SLURM: local jobs would start in the wrong place."""
    configuration = tmp_path / "slurm.conf"
    configuration.write_text("# x\nclustername=jean-zay  # the big one\n")
    source = {"PATH": str(programs), "SLURM_CONF": str(configuration)}
    chosen = choose_scheduler("auto", source=source, local_folder=tmp_path / "queue")
    assert chosen is not None
    assert ("slurm", "jean-zay") == (chosen.name, chosen.cluster)


def test_without_a_file_the_controller_is_asked(tmp_path: Path, programs: Path) -> None:
    """A site may have no file; its controller tells the name."""
    (programs / "scontrol").write_text("#!/bin/sh\necho 'ClusterName             = box'\n")
    chosen = choose_scheduler("auto", source={"PATH": str(programs)}, local_folder=tmp_path / "queue")
    assert chosen is not None
    assert "box" == chosen.cluster


def test_programs_alone_are_no_cluster(tmp_path: Path, programs: Path) -> None:
    """Installed packages without a configuration: the local runner; SLURM asked for: a refusal."""
    source = {"PATH": str(programs)}
    chosen = choose_scheduler("auto", source=source, local_folder=tmp_path / "queue")
    assert chosen is not None
    assert ("local", "local") == (chosen.name, chosen.cluster)
    chosen.close()
    with pytest.raises(SchedulerUnreachableError, match=r"slurm\.conf"):
        choose_scheduler("slurm", source=source, local_folder=tmp_path / "queue")


def test_slurmrestd_is_asked_for_by_its_address(tmp_path: Path, programs: Path) -> None:
    """With the cluster's name from its file; without an address it is refused."""
    configuration = tmp_path / "slurm.conf"
    configuration.write_text("ClusterName=box\n")
    source = {"PATH": str(programs), "SLURM_CONF": str(configuration)}
    rest = detect.Rest("http://127.0.0.1:1")
    chosen = choose_scheduler("rest", source=source, local_folder=tmp_path / "queue", rest=rest)
    assert chosen is not None
    assert ("rest", "box") == (chosen.name, chosen.cluster)
    with pytest.raises(SchedulerUnreachableError, match="slurmrestd_url"):
        choose_scheduler("rest", source=source, local_folder=tmp_path / "queue")


def test_the_local_runner_can_be_asked_for(tmp_path: Path, programs: Path) -> None:
    """Whatever the machine has; and none at all."""
    configuration = tmp_path / "slurm.conf"
    configuration.write_text("ClusterName=box\n")
    source = {"PATH": str(programs), "SLURM_CONF": str(configuration)}
    chosen = choose_scheduler("local", source=source, local_folder=tmp_path / "queue")
    assert chosen is not None
    assert "local" == chosen.name
    chosen.close()
    assert choose_scheduler("none", source=source, local_folder=tmp_path / "queue") is None
