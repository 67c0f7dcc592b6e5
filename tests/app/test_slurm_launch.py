"""Whom a signal must go to follows from how the batch script starts its training."""

import pytest

from app.slurm.launch import signal_target

HEAD = "#!/bin/bash\n#SBATCH --signal=USR1@60\n# trap 'kill' USR1; exec srun python\n"


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ("python train.py\n", None),
        ("exec python train.py\n", "batch"),
        ("module load x\n  exec /opt/python/bin/python train.py\n", "batch"),
        ("srun python train.py\n", "step"),
        ("exec srun python train.py\n", "step"),
        ("/usr/bin/srun --gres=gpu:2 python train.py &\nwait\n", "step"),
        ("trap 'kill -USR1 $child' USR1\npython train.py & child=$!\nwait $child\n", "batch"),
        ("trap 'kill -USR1 $child' SIGUSR1\nsrun python train.py & child=$!\nwait\n", "batch"),
        ("trap : USR1 TERM\npython train.py\n", "full"),
        ("trap : USR2\npython train.py\n", None),
        ("exec > log 2>&1\npython train.py\n", None),
        ("exec 2>&1\npython train.py\n", None),
        ("", None),
    ],
)
def test_the_target_of_a_signal(body: str, target: str | None) -> None:
    """Nobody is signalled who would die of it; comments start nothing."""
    assert target == signal_target(HEAD + body, "USR1")
    assert target == signal_target(HEAD + body, "SIGUSR1")
