"""Which names of a checkpoint may be which of a model, told by shapes and order."""

from collections.abc import Callable, Mapping

Shapes = Mapping[str, tuple[int, ...]]
Module = Mapping[str, tuple[int, ...]]
"""A module's own tensors: leaf name to shape."""

WRAPPER_PREFIXES = ("module.", "_orig_mod.", "model.", "_forward_module.")
"""What data parallelism, compilation and trainers put before every name."""


def propose_renames(missing: Shapes, unexpected: Shapes) -> dict[str, str]:
    """Return proposed names, from the checkpoint's to the model's.

    Names that differ by a wrapper's prefix come first. Then modules are matched, not tensors: the same
    leaves in the same shapes, below the same parent, then anywhere; in order, and only where both sides
    have equally many, so that nothing is proposed that order does not tell.

    Args:
        missing: names and shapes the model has and the checkpoint has not, in the model's order.
        unexpected: names and shapes the checkpoint has and the model has not, in its order.
    """
    renames = _without_wrapper(missing, unexpected)
    ours = _modules({name: shape for name, shape in missing.items() if name not in renames.values()})
    theirs = _modules({name: shape for name, shape in unexpected.items() if name not in renames})
    for place in (_parent, _anywhere):
        for old, new in _pairs(ours, theirs, place):
            renames |= {_join(old, leaf): _join(new, leaf) for leaf in ours[new]}
            del ours[new], theirs[old]
    return renames


def _without_wrapper(missing: Shapes, unexpected: Shapes) -> dict[str, str]:
    renames: dict[str, str] = {}
    for prefix in WRAPPER_PREFIXES:
        for old, shape in unexpected.items():
            for new in (old.removeprefix(prefix), prefix + old):
                if missing.get(new) == shape:
                    renames.setdefault(old, new)
    return renames


def _modules(shapes: Shapes) -> dict[str, Module]:
    modules: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        module, _, leaf = name.rpartition(".")
        modules.setdefault(module, {})[leaf] = shape
    return dict(modules)


def _pairs(
    ours: Mapping[str, Module], theirs: Mapping[str, Module], place: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Return modules of the checkpoint with those of the model that look alike at the same place."""
    wanted, offered = _groups(ours, place), _groups(theirs, place)
    matching = [
        (offered[key], wanted[key]) for key in wanted if len(offered.get(key, ())) == len(wanted[key])
    ]
    return [pair for old, new in matching for pair in zip(old, new, strict=True)]


def _groups(modules: Mapping[str, Module], place: Callable[[str], str]) -> dict[object, list[str]]:
    groups: dict[object, list[str]] = {}
    for name, leaves in modules.items():
        groups.setdefault((place(name), tuple(sorted(leaves.items()))), []).append(name)
    return groups


def _parent(module: str) -> str:
    return module.rpartition(".")[0]


def _anywhere(_module: str) -> str:
    return ""


def _join(module: str, leaf: str) -> str:
    return f"{module}.{leaf}" if module else leaf
