"""What rank 0 knows, told to all ranks where they must act together."""

import sys
from typing import Any

ASK_EVERY = 20
"""Steps between two exchanges: one costs a collective."""


def agreed(*flags: bool, step: int) -> tuple[bool, ...]:
    """Return rank 0's flags on every rank; all false at steps where nobody is asked."""
    distributed = _distributed()
    if distributed is None:
        return flags
    if step % ASK_EVERY:
        return tuple(False for _ in flags)
    told = [flags]
    distributed.broadcast_object_list(told, src=0)
    return told[0]


def _distributed() -> Any:  # noqa: ANN401 - torch's module, typed only where torch is
    """Return torch's module where several ranks train together."""
    module = sys.modules.get("torch.distributed")
    if module is None or not module.is_available() or not module.is_initialized():
        return None
    return module if module.get_world_size() > 1 else None
