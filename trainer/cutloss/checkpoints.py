"""Checkpoint files: their tensors' names and shapes, and the same tensors under other names."""

import importlib
import json
import pickle
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cutloss.checkpoint_audit import Tensor

LONGEST_HEADER = 256 << 20
HEADER_LENGTH_BYTES = 8
SAFETENSORS_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8",
    "BOOL": "bool",
}  # fmt: skip
UNREADABLE = (RuntimeError, ValueError, EOFError, KeyError, TypeError, AttributeError, pickle.UnpicklingError)
"""What ``torch.load`` raises on a file that is none, or that would have to be executed."""


class CheckpointError(Exception):
    """A checkpoint or a model that cannot be read; the message says what was expected."""


def checkpoint_tensors(source: Any) -> dict[str, Tensor]:  # noqa: ANN401 - a path, or what a checkpoint held
    """Return the tensors of a checkpoint: a file, or what was loaded from one.

    Raises:
        CheckpointError: it cannot be read, or holds no tensors.
    """
    if isinstance(source, Mapping):
        return {name: _tensor(tensor) for name, tensor in state_dict_of(source).items() if _is_tensor(tensor)}
    path = Path(source)
    if path.suffix == ".safetensors":
        return {
            name: _from_header(entry) for name, entry in _header(path)[0].items() if name != "__metadata__"
        }
    return checkpoint_tensors(load(path, "meta"))


def model_tensors(model: Any) -> dict[str, Tensor]:  # noqa: ANN401 - a torch module; torch is not imported for it
    """Return the tensors of a torch module."""
    trained = {id(parameter) for parameter in model.parameters()}
    first: dict[int, str] = {}
    tensors = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if _is_tensor(tensor):
            original = first.setdefault(id(tensor), name)
            twin = None if original == name else original
            tensors[name] = _tensor(tensor)._replace(is_parameter=id(tensor) in trained, twin=twin)
    return tensors


def build_model(name: str) -> Any:  # noqa: ANN401 - a torch module
    """Return the model that ``module:factory`` makes, on torch's ``meta`` device: no memory, no numbers.

    Raises:
        CheckpointError: there is no such module or factory, or it makes no module.
    """
    module, _, factory = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        import torch  # noqa: PLC0415 - same

        with torch.device("meta"):
            model = getattr(importlib.import_module(module), factory)()
    except (ImportError, AttributeError, ValueError) as error:
        raise CheckpointError(f"{name} makes no model: {error}; expected MODULE:FACTORY") from error
    if not hasattr(model, "state_dict"):
        raise CheckpointError(f"{name} makes a {type(model).__name__}; expected a torch module")
    return model


def load(path: Path, device: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what a torch file holds; a pickle in it is never executed.

    Raises:
        CheckpointError: the file is not there, or holds more than tensors and plain values.
    """
    try:
        import torch  # noqa: PLC0415 - safetensors are read without it
    except ImportError as error:
        raise CheckpointError(f"{path} needs torch to be read; expected it to be installed") from error
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    except UNREADABLE as error:
        raise CheckpointError(f"{path} is no plain checkpoint: {str(error).partition('.')[0]}") from error


def state_dict_of(content: Any) -> Mapping[str, Any]:  # noqa: ANN401 - whatever a checkpoint holds
    """Return the mapping in a checkpoint that holds the most tensors by name: the model's.

    Raises:
        CheckpointError: there is none.
    """
    found = max(_mappings(content), key=_count, default={})
    if not _count(found):
        raise CheckpointError(
            "the checkpoint holds no tensors by name; expected them at the top or one level below"
        )
    return found


def write_renamed(source: Path, target: Path, renames: Mapping[str, str]) -> None:
    """Write a checkpoint again with some names changed; all else stays as it is.

    Raises:
        CheckpointError: the source cannot be read, or the target is the source.
    """
    if target.resolve() == source.resolve():
        raise CheckpointError(f"{target} is the checkpoint itself; expected another file")
    if source.suffix == ".safetensors":
        _write_safetensors(source, target, renames)
        return
    import torch  # noqa: PLC0415 - same

    content = load(source, "cpu")
    state = state_dict_of(content)
    renamed = {renames.get(name, name): value for name, value in state.items()}
    whole = renamed if state is content else {
        key: renamed if value is state else value for key, value in content.items()
    }  # fmt: skip
    torch.save(whole, target)


def _mappings(content: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - same
    if isinstance(content, Mapping):
        yield content
        yield from (value for value in content.values() if isinstance(value, Mapping))


def _count(mapping: Mapping[str, Any]) -> int:
    return sum(isinstance(name, str) and _is_tensor(value) for name, value in mapping.items())


def _is_tensor(value: object) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _tensor(tensor: Any) -> Tensor:  # noqa: ANN401 - a torch tensor
    return Tensor(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


def _from_header(entry: Mapping[str, Any]) -> Tensor:
    return Tensor(tuple(entry["shape"]), SAFETENSORS_DTYPES.get(entry["dtype"], str(entry["dtype"])))


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return a safetensors file's header, and where its data begins.

    The format: eight bytes of length, little-endian, then JSON of name to dtype, shape and offsets.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(HEADER_LENGTH_BYTES), "little")
            if not 0 < length <= LONGEST_HEADER:
                raise CheckpointError(f"{path} has a header of {length} bytes; expected safetensors")
            header = json.loads(file.read(length))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CheckpointError(f"{path} has no JSON header; expected safetensors") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} has no object in its header; expected safetensors")
    return header, HEADER_LENGTH_BYTES + length


def _write_safetensors(source: Path, target: Path, renames: Mapping[str, str]) -> None:
    header, data = _header(source)
    renamed = json.dumps({renames.get(name, name): entry for name, entry in header.items()}).encode()
    # The format wants the data aligned to eight bytes, padded with spaces.
    renamed += b" " * (-len(renamed) % 8)
    with source.open("rb") as old, target.open("wb") as new:
        new.write(len(renamed).to_bytes(HEADER_LENGTH_BYTES, "little") + renamed)
        old.seek(data)
        shutil.copyfileobj(old, new)
