"""A stand-in for a training, as a real process with the real reporter: ``FIX=1`` learns ten times as fast."""

import os
import time
from pathlib import Path

import cutloss

STEP_SECONDS = 0.08
TOTAL_STEPS = 1_500


def main() -> None:
    """Train, so to speak."""
    pace = 10 if os.environ.get("FIX") == "1" else 1
    run = cutloss.init(
        "live",
        total_steps=TOTAL_STEPS,
        validate_every=50,
        checkpoint_every="never",
        target_loss=0.5,
        target_of="train",
    )
    for step in range(1, TOTAL_STEPS + 1):
        time.sleep(STEP_SECONDS)
        run.step(step, loss=0.2 + 4.0 * (1 + step * pace / 20) ** -0.6)
        if step % 50 == 0:
            with run.validation(step) as validation:
                time.sleep(0.2)
                validation.loss = 0.25 + 4.0 * (1 + step * pace / 20) ** -0.6
        if run.should_checkpoint():
            path = Path("last.pt")
            with run.checkpoint(step, str(path)):
                path.write_text(str(step))
    run.finish()


if __name__ == "__main__":
    main()
