"""What each preset reads from a few lines written in its manner."""

from pathlib import Path
from typing import Any

import pytest
from cutloss.logs.guess import PRESETS, Guess
from cutloss.logs.readings import Reading

SAMPLES_FOLDER = Path(__file__).parent / "log_samples"
BAR = "█████     "
NAN, INF = float("nan"), float("inf")
Fact = tuple[Any, ...]
EXPECTED: dict[str, tuple[str, int | None, list[Fact]]] = {
    "nanogpt": (
        "nanogpt",
        None,
        [
            ("val", 0, 11.3),
            ("train", 0, 11.1),
            ("train", 10, 9.5),
            ("checkpoint", 10, None),
            ("val", 20, 9.1),
        ],
    ),
    "modded-nanogpt": (
        "modded-nanogpt",
        1750,
        [
            ("val", 0, 10.8),
            ("train", 1, None),
            ("train", 2, 10.1),
        ],
    ),
    "llm.c": (
        "llm.c",
        300,
        [
            ("val", 0, 11.0),
            ("train", 1, 10.9, 8.57e-07, 4.1),
            ("train", 2, 10.8, 1.7e-06, 4.0),
        ],
    ),
    "transformers-printed": (
        "transformers",
        300,
        [
            ("train", 10, 0.9, 4.8e-05),
            ("train", 100, 0.5, 3e-05),
            ("val", 100, 0.4, None, 12.5),
        ],
    ),
    "transformers-state": (
        "transformers",
        40,
        [
            ("train", 10, 0.75, 1e-05),
            ("val", 10, 0.5, None, 3.5),
        ],
    ),
    "lightning-bar": (
        "lightning",
        None,
        [
            ("train", 50, 0.7, None, 0.1),
            ("train", 100, 0.6),
            ("val", 100, 0.65),
            ("train", 110, 0.5),
        ],
    ),
    "lightning-table": (
        "lightning",
        None,
        [
            ("train", 49, 3.0, 1e-05),
            ("val", 49, 2.5),
            ("train", 99, 2.0, 2e-05),
        ],
    ),
    "tqdm": (
        "tqdm",
        1000,
        [
            ("train", 10, 2.5, None, 2.0),
            ("train", 20, 2.25, None, 2.0),
        ],
    ),
    "detectron2-text": (
        "detectron2",
        None,
        [
            ("train", 19, 2.1, 1.6e-05, 0.3567),
            ("train", 39, 1.8, 3.2e-05, 0.3218),
        ],
    ),
    "mmdet-text": (
        "mmdet",
        1200,
        [
            ("train", 50, 2.5, 0.001, 0.5),
            ("val", 100, None),
            ("train", 150, 2.0, 0.001, 0.5),
        ],
    ),
    "mmengine-text": (
        "mmengine",
        400,
        [
            ("train", 50, 1.5, 0.01, 0.5),
            ("train", 100, 1.0, 0.01, 0.4),
        ],
    ),
    "mmdet-json": (
        "mmdet",
        None,
        [
            ("train", 50, 3.0, 0.1, 2.0),
            ("val", 60, None),
            ("train", 110, 2.0, 0.1, 1.5),
        ],
    ),
    "mlperf": (
        "mlperf",
        None,
        [
            ("train", 10, 2.0, 0.1),
            ("train", 20, 1.0, 0.1, 0.2),
            ("val", 20, 1.5, None, 3.0),
        ],
    ),
    "timm": (
        "timm",
        None,
        [
            ("train", 0, 6.9, 1e-05),
            ("train", 99, 6.8, 1e-05, 0.2),
            ("val", 99, 3.0),
            ("train", 100, 5.9, 2e-05),
        ],
    ),
    "lightning-bar-of-steps": (
        "lightning",
        None,
        [
            ("train", 50, 2.0, None, 0.1),
            ("train", 100, 1.0),
            ("train", 150, 0.5),
        ],
    ),
    "yolo-console": (
        "yolo",
        100,
        [
            ("train", 25, 5.0, None, 0.2),
            ("train", 50, 4.75),
            ("val", 50, None, None, 2.0),
            ("train", 75, 4.5),
            ("train", 100, 4.25),
            ("val", 100, None),
        ],
    ),
    "yolo-from-epoch-0": (
        "yolo",
        100,
        [
            ("train", 50, 4.0, None, 0.2),
            ("val", 50, None, None, 2.5),
            ("train", 100, 3.0),
            ("val", 100, None, None, 2.5),
        ],
    ),
    "yolo": (
        "yolo",
        None,
        [
            ("train", 1, 5.0, 0.01),
            ("val", 1, 3.0),
            ("train", 2, 3.5, 0.02),
            ("val", 2, NAN),
        ],
    ),
    "maskrcnn-benchmark": (
        "maskrcnn-benchmark",
        None,
        [
            ("train", 4200, 1.5, 0.12, 1.48),
            ("train", 4400, 1.25, 0.12, 1.5),
        ],
    ),
    "detr": (
        "detr",
        None,
        [
            ("train", 0, 3.5, 0.1),
            ("val", 0, 3.0),
            ("train", 1, 2.5, 0.1),
            ("val", 1, 2.0),
        ],
    ),
    "caffe": (
        "caffe",
        2000,
        [
            ("train", 0, 9.5, 0.1),
            ("train", 500, 8.5, 0.09),
        ],
    ),
    "keras": (
        "keras",
        1000,
        [
            ("train", 100, 0.7, None, 0.05),
            ("val", 100, 0.65),
            ("train", 200, 0.6, None, 0.04),
            ("val", 200, 0.55),
        ],
    ),
    "megatron": (
        "megatron",
        5000,
        [
            ("train", 100, 10.0, 1e-05, 1.2),
            ("val", 100, 9.5),
        ],
    ),
    "fairseq": (
        "fairseq",
        None,
        [
            ("train", 100, 12.5, 1e-05),
            ("val", 5000, 5.5),
        ],
    ),
    "imagenet": (
        "imagenet",
        None,
        [
            ("train", 0, 7.5, None, None),
            ("train", 510, 7.0, None, 0.5),
        ],
    ),
    "generic": (
        "generic",
        20000,
        [
            ("train", 1000, 2.5, 0.0001),
            ("train", 2000, NAN, 0.0001),
            ("val", 2000, 2.25),
            ("train", 3000, INF),
        ],
    ),
    "generic-the-loss-first": (
        "generic",
        None,
        [
            ("train", 10, 2.5, 0.1),
            ("train", 20, 2.0, 0.1),
            ("train", 30, 1.5, 0.1),
        ],
    ),
    "generic-batches-begin-anew": (
        "generic",
        None,
        [
            ("train", 100, 2.0),
            ("train", 200, 1.9),
            ("val", 200, 1.8),
            ("train", 300, 1.7),
        ],
    ),
    "generic-batches-of-a-known-number": (
        "generic",
        3000,
        [
            ("train", 100, 2.5),
            ("train", 700, 1.5),
        ],
    ),
    "generic-only-epochs": (
        "generic",
        50,
        [
            ("train", 1, 0.9),
            ("val", 1, 0.8),
            ("train", 2, 0.8),
            ("val", 2, 0.7),
        ],
    ),
    "jsonl": (
        "jsonl",
        None,
        [
            ("train", 10, 2.5, 0.1),
            ("train", 20, 2.0, 0.1),
            ("val", 20, 2.25),
        ],
    ),
    "csv": (
        "csv",
        None,
        [
            ("train", 10, 2.5),
            ("train", 20, 2.0),
            ("val", 20, 2.25),
        ],
    ),
}
"""Preset, total steps, and each reading's kind, step and loss, with rate and seconds where they are asked."""


def read(text: str, preset: str | None = None) -> tuple[Guess, list[Reading]]:
    """Return what is read of a log's text."""
    guess = Guess(preset)
    readings = [reading for line in text.replace("\r", "\n").split("\n") for reading in guess.read(line)]
    return guess, [*readings, *guess.flush(at_end=True)]


def sample(name: str) -> str:
    """Return a sample, its carriage returns as they are."""
    return (SAMPLES_FOLDER / f"{name}.log").read_bytes().decode()


@pytest.mark.parametrize("name", EXPECTED)
def test_each_manner_is_recognised_and_read(name: str) -> None:
    """Preset, steps, losses, rates, seconds and the total are those in the text."""
    preset, total_steps, expected = EXPECTED[name]
    guess, readings = read(sample(name))
    assert guess.chosen is not None
    assert (preset, total_steps) == (guess.chosen.name, guess.chosen.total_steps)
    found = [(item.kind, item.step, item.loss, item.lr, item.seconds) for item in readings]
    assert len(expected) == len(found)
    # By their text: a nan is not equal to itself.
    asked = [fact[: len(wanted)] for fact, wanted in zip(found, expected, strict=True)]
    assert repr(expected) == repr(asked)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_asked_for(preset: str) -> None:
    """A preset that is named reads its sample as the guess does."""
    names = [name for name, (of, *_) in EXPECTED.items() if of == preset]
    assert names
    for name in names:
        assert repr(read(sample(name))[1]) == repr(read(sample(name), preset)[1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello\nworld 12\n",
        "import torch\nval_loss = 0.0\nloss = 0.5\nstep = 3\n",
        "{\n",
        "a,b\n1,2\n",
        "max_steps: 100\nlearning_rate: 0.1\nval_loss_every: 10\n",
    ],
)
def test_what_is_no_training_is_not_read_as_one(text: str) -> None:
    """Nothing is made up of a text without steps and losses."""
    assert [] == read(text)[1]


def test_a_bar_gives_way_to_what_is_printed_between() -> None:
    """A better format takes over from a bar that was there first."""
    text = "".join(f"{n}%|{BAR}| {n}/100 [00:0{n}<00:10, 1.0it/s]\r" for n in range(1, 9))
    guess, readings = read(text + "{'loss': 0.5, 'epoch': 0.1}\n{'loss': 0.4, 'epoch': 0.2}\n")
    assert guess.chosen is not None
    assert "transformers" == guess.chosen.name
    assert [0.5, 0.4] == [reading.loss for reading in readings if reading.loss is not None]
