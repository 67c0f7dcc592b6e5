"""Does a checkpoint fit a model? Names, shapes, dtypes, and what would start from random."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cutloss.renames import propose_renames


class Tensor(NamedTuple):
    """What is compared of a tensor.

    Attributes:
        shape: its shape.
        dtype: its dtype by name, ``float32``.
        is_parameter: whether the optimizer trains it; a buffer is no parameter.
        twin: name of an earlier tensor of the model that is the same one (tied weights).
    """

    shape: tuple[int, ...]
    dtype: str
    is_parameter: bool = True
    twin: str | None = None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Audit:
    """How a checkpoint fits a model.

    Attributes:
        parameters: parameters of the model.
        random_parameters: those that the checkpoint would not fill.
        missing: names the model has and the checkpoint has not.
        unexpected: names the checkpoint has and the model has not.
        mismatched: names both have, in different shapes.
        recast: names both have, in different dtypes.
        modules: modules of the model with a parameter that would start from random.
        renames: proposed names, from the checkpoint's to the model's, by shape and order.
    """

    parameters: int
    random_parameters: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]
    recast: tuple[str, ...]
    modules: tuple[str, ...]
    renames: Mapping[str, str]

    @property
    def fits(self) -> bool:
        """Whether every parameter of the model would be loaded."""
        return self.random_parameters == 0


def compare(model: Tensors, checkpoint: Tensors) -> Audit:
    """Return how a checkpoint fits a model, by names and shapes alone."""
    missing = [name for name in model if name not in checkpoint]
    unexpected = [name for name in checkpoint if name not in model]
    common = [name for name in model if name in checkpoint]
    loaded = {name for name in common if model[name].shape == checkpoint[name].shape}
    own = {name: tensor for name, tensor in model.items() if tensor.is_parameter and not tensor.twin}
    at_random = [name for name in own if not loaded & _names_of(name, model)]
    return Audit(
        parameters=sum(tensor.size for tensor in own.values()),
        random_parameters=sum(own[name].size for name in at_random),
        missing=tuple(missing),
        unexpected=tuple(unexpected),
        mismatched=tuple(name for name in common if name not in loaded),
        recast=tuple(name for name in common if model[name].dtype != checkpoint[name].dtype),
        modules=tuple(dict.fromkeys(_whole_module(name, at_random, own) for name in at_random)),
        renames=propose_renames(
            {name: model[name].shape for name in missing},
            {name: checkpoint[name].shape for name in unexpected},
        ),
    )


def _names_of(name: str, model: Tensors) -> set[str]:
    """Return all names of one tensor: tied weights are filled by any of them."""
    return {name, *(other for other, tensor in model.items() if tensor.twin == name)}


def _whole_module(name: str, at_random: list[str], own: Tensors) -> str:
    """Return the largest module around a tensor that starts from random as a whole."""
    module = name.rpartition(".")[0]
    parent = module.rpartition(".")[0]
    while parent and all(other in at_random for other in own if other.startswith(f"{parent}.")):
        module, parent = parent, parent.rpartition(".")[0]
    return module
