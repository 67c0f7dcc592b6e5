"""Checkpoint files: read without executing them, and written under other names."""

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import cutloss
import pytest
from cutloss.checkpoint_audit import Tensor
from cutloss.checkpoints import (
    CheckpointError,
    checkpoint_tensors,
    load,
    model_tensors,
    state_dict_of,
    write_renamed,
)
from cutloss.cli import main
from cutloss.questions import Exit

if importlib.util.find_spec("torch") is None and os.environ.get("CI") != "true":
    pytest.skip("left out: checkpoints need torch: `make install`", allow_module_level=True)
import torch
from torch import nn

MODEL = """
from collections import OrderedDict
from torch import nn

def model():
    mlp = nn.Sequential(nn.Linear(4, 16), nn.GELU(), nn.Linear(16, 4))
    return nn.Sequential(OrderedDict(embed=nn.Embedding(8, 4), mlp=mlp))

def number():
    return 3
"""
STATE = {
    "embed.weight": (8, 4), "mlp.fc1.weight": (16, 4), "mlp.fc1.bias": (16,),
    "mlp.fc2.weight": (4, 16), "mlp.fc2.bias": (4,),
}  # fmt: skip


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    """Return the weights of the model under the names of the seed's checkpoint."""
    return {name: torch.full(shape, float(number)) for number, (name, shape) in enumerate(STATE.items())}


@pytest.fixture
def torch_file(state: dict[str, torch.Tensor], tmp_path: Path) -> Path:
    """Return a checkpoint as trainers write it: weights beside the optimizer and the step."""
    path = tmp_path / "last.pt"
    torch.save({"model": state, "optimizer": {"state": {}}, "step": 7}, path)
    return path


@pytest.fixture
def safetensors_file(tmp_path: Path) -> Path:
    """Return the same in the safetensors format: length, header, data."""
    entries, data = {}, b""
    for number, (name, shape) in enumerate(STATE.items()):
        values = torch.full(shape, float(number)).numpy().tobytes()
        entries[name] = {
            "dtype": "F32",
            "shape": list(shape),
            "data_offsets": [len(data), len(data) + len(values)],
        }
        data += values
    header = json.dumps({"__metadata__": {"format": "pt"}, **entries}).encode()
    path = tmp_path / "last.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return path


@pytest.fixture
def model_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a factory in a module of the working folder."""
    (tmp_path / "audited_model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "audited_model:model"


def test_both_formats_hold_the_same_tensors(torch_file: Path, safetensors_file: Path) -> None:
    """Names, shapes and dtypes are read; no number is."""
    expected = {name: Tensor(shape, "float32") for name, shape in STATE.items()}
    assert checkpoint_tensors(torch_file) == expected == checkpoint_tensors(safetensors_file)


def test_the_models_weights_are_found_in_what_trainers_write(state: dict[str, torch.Tensor]) -> None:
    """At the top, or one level below, whatever it is called."""
    assert state == state_dict_of(state)
    assert state is state_dict_of({"epoch": 3, "state_dict": state, "ema": {"a": torch.zeros(1)}})
    with pytest.raises(CheckpointError, match="holds no tensors"):
        state_dict_of({"epoch": 3})


class Trap:
    """A pickle that would leave a file behind if it were executed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_never_executed(tmp_path: Path) -> None:
    """It is refused, and what it would have done is not done."""
    torch.save({"model": Trap(tmp_path / "trapped")}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match="no plain checkpoint"):
        load(tmp_path / "evil.pt", "cpu")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff" * 100, (2).to_bytes(8, "little") + b"[]"])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    """The message says which file, and never a traceback."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=name):
        checkpoint_tensors(tmp_path / name)
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint_tensors(tmp_path / "gone" / name)


def test_buffers_and_tied_weights_of_a_model_are_known() -> None:
    """What is no parameter is marked, and so is the second name of a tensor."""
    model = nn.ModuleDict(
        {"norm": nn.BatchNorm1d(3), "a": nn.Linear(3, 3, bias=False), "b": nn.Linear(3, 3, bias=False)}
    )
    model["b"].weight = model["a"].weight
    found = model_tensors(model)
    assert (True, False) == (found["norm.weight"].is_parameter, found["norm.running_mean"].is_parameter)
    assert (None, "a.weight") == (found["a.weight"].twin, found["b.weight"].twin)


def test_a_renamed_checkpoint_keeps_everything_else(torch_file: Path, tmp_path: Path) -> None:
    """Numbers, optimizer and step are as before."""
    write_renamed(torch_file, tmp_path / "new.pt", {"mlp.fc1.weight": "mlp.0.weight"})
    old, new = load(torch_file, "cpu"), load(tmp_path / "new.pt", "cpu")
    assert (7, {"state": {}}) == (new["step"], new["optimizer"])
    assert torch.equal(old["model"]["mlp.fc1.weight"], new["model"]["mlp.0.weight"])
    assert len(old["model"]) == len(new["model"])


def test_a_renamed_safetensors_file_keeps_its_numbers(safetensors_file: Path, tmp_path: Path) -> None:
    """Only the header changes; the data is copied, aligned to eight bytes."""
    target = tmp_path / "new.safetensors"
    write_renamed(safetensors_file, target, {"mlp.fc1.weight": "mlp.0.weight"})
    assert (16, 4) == checkpoint_tensors(target)["mlp.0.weight"].shape
    size = sum(4 * torch.Size(shape).numel() for shape in STATE.values())
    assert safetensors_file.read_bytes()[-size:] == target.read_bytes()[-size:]
    assert 0 == (len(target.read_bytes()) - size) % 8


def test_a_checkpoint_is_never_overwritten(torch_file: Path) -> None:
    """Writing it onto itself would lose the names for good."""
    with pytest.raises(CheckpointError, match="expected another file"):
        write_renamed(torch_file, torch_file, {})


def test_the_command_finds_the_seeds_bug_and_mends_it(
    torch_file: Path, model_module: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """148 of 180 parameters at random; with the proposed names, none."""
    mended = tmp_path / "mended.pt"
    audit = ["audit", str(torch_file), "--model", model_module, "--write", str(mended)]
    assert Exit.PROBLEM == main(audit)
    text = capsys.readouterr().out
    assert "148 of 180 parameters (82%) start from random\n- mlp starts from random\n" in text
    assert "rename mlp.fc1.weight -> mlp.0.weight\n" in text
    assert Exit.ANSWERED == main(["audit", str(mended), "--model", model_module, "--json"])
    assert 0 == json.loads(capsys.readouterr().out)["random_parameters"]


@pytest.mark.parametrize(
    "model", ["nowhere:model", "audited_model:nothing", "audited_model:number", "audited_model"]
)
@pytest.mark.usefixtures("model_module")
def test_a_model_that_cannot_be_made_is_wrong_usage(
    torch_file: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason says what was expected."""
    assert Exit.USAGE == main(["audit", str(torch_file), "--model", model])
    assert f"cutloss: {model} makes " in capsys.readouterr().err


def test_a_loss_with_its_gradient_is_read_silently(spooled: Any) -> None:
    """Torch warns of a scalar that requires a gradient; here warnings are errors, so it must not."""
    run = cutloss.init("gradient")
    run.step(1, torch.ones(3, requires_grad=True).sum())
    run.finish()
    assert ([3.0], 0) == ([record["loss"] for record in spooled("step")], run.counters.errors)


def test_a_training_reports_its_audit(torch_file: Path, spooled: Any) -> None:
    """The findings travel as a note, and come back to the training."""
    run = cutloss.init("audited")
    model = nn.ModuleDict(
        {"embed": nn.Embedding(8, 4), "mlp": nn.Sequential(nn.Linear(4, 16), nn.GELU(), nn.Linear(16, 4))}
    )
    audit = run.audit(model, torch_file)
    assert audit is not None
    assert run.audit(model, "gone.pt") is None
    run.finish()
    (note,) = [record["data"] for record in spooled("note") if record["kind"] == "audit"]
    assert (148, 148, ["mlp"]) == (audit.random_parameters, note["random_parameters"], note["modules"])
    assert "mlp.0.weight" == note["renames"]["mlp.fc1.weight"]
    assert 1 == run.counters.errors
