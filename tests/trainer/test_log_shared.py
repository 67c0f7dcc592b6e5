"""Real logs of other people's trainings, against the points that were read from them before."""

import csv
import gzip
import math
from pathlib import Path
from typing import Any

import pytest
from cutloss.logs.guess import Guess
from cutloss.logs.readings import Reading
from cutloss.logs.tail import Tail

SHARED = Path(__file__).parents[3] / "shared"
NAMES = {
    "caffe_log": "caffe",
    "detectron2": "detectron2",
    "detr_jsonl": "detr",
    "hf_trainer_state": "transformers",
    "lightning_csv": "lightning",
    "llmc_main": "llm.c",
    "llmc_stdout": "llm.c",
    "mlperf": "mlperf",
    "maskrcnn_benchmark": "maskrcnn-benchmark",
    "mmdet": "mmdet",
    "mmdet_text": "mmdet",
    "nanogpt_seis": "nanogpt",
    "nanogpt_speedrun": "modded-nanogpt",
    "pct_text": "generic",
    "swav_log": "imagenet",
    "yolo_csv": "yolo",
}
PLACED_OTHERWISE = {
    "mlperf": "the points count samples up to the last whole batch",
    "mmdet": "the points guess the length of an epoch, which the validation lines tell",
    "pct_text": "the points go on counting where the training began anew",
    "swav_log": "the points guess the length of an epoch from the whole log",
}
UNPLACED_VALIDATIONS = {"mmdet": "the points leave out validations without a loss"}


def catalog(name: str) -> list[dict[str, str]]:
    """Return the rows of a catalog, none where the folder is absent."""
    path = SHARED / name / "catalog.csv"
    return list(csv.DictReader(path.read_text().splitlines())) if path.is_file() else []


def points(row: dict[str, str], kind: str) -> list[tuple[int, float]]:
    """Return step and loss of the points that belong to a log."""
    origin = (row["repo"], row["path"])
    runs = [run["run"] for run in catalog("curves") if (run["repo"], run["path"]) == origin]
    with gzip.open(SHARED / "curves" / "points" / f"{runs[0]}.csv.gz", "rt") as file:
        found = [item for item in csv.DictReader(file) if item["kind"] == kind]
    return [(int(item["step"]), float(item["loss"] or "nan")) for item in found]


def read(path: Path) -> tuple[Guess, list[Reading]]:
    """Return what is read of a log."""
    guess, tail, readings = Guess(), Tail(path), []
    while lines := tail.lines():
        readings += [reading for line in lines for reading in guess.read(line)]
    readings += [reading for line in tail.rest() for reading in guess.read(line)]
    tail.close()
    return guess, [*readings, *guess.flush(at_end=True)]


def same(one: float | None, other: float) -> bool:
    """Tell whether two losses are the same but for the digits kept."""
    one = math.nan if one is None else one
    return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-8) or (math.isnan(one) and math.isnan(other))


@pytest.mark.parametrize("row", catalog("logs") or [{}], ids=lambda row: row.get("file", "none")[:60])
def test_a_real_log_is_read_as_its_points(shared: Path, row: dict[str, Any]) -> None:
    """The preset is guessed; every loss, and every step but for the reasons above, is the points'."""
    guess, readings = read(shared / "logs" / row["file"])
    assert guess.chosen is not None
    assert NAMES[row["format"]] == guess.chosen.name
    for kind in ("train", "val"):
        if kind == "val" and row["format"] in UNPLACED_VALIDATIONS:
            continue
        expected = points(row, kind)
        found = [
            item for item in readings if item.kind == kind and not (kind == "train" and item.loss is None)
        ]
        assert len(expected) == len(found)
        assert [] == [
            (wanted, item)
            for wanted, item in zip(expected, found, strict=True)
            if not same(item.loss, wanted[1])
        ]
        if row["format"] not in PLACED_OTHERWISE:
            assert [step for step, _ in expected] == [item.step for item in found]


def test_every_format_of_the_logs_has_a_name() -> None:
    """A new log beside this checkout is not passed over in silence."""
    assert {row["format"] for row in catalog("logs")} <= set(NAMES)
