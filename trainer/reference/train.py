"""A small transformer that learns to write Python, byte by byte, from Python's own standard library.

One file, read from top to bottom; the lines with ``run`` in them are all that reporting takes.

    python train.py --out runs/base
    python train.py --out runs/broken --init-from runs/base/last.pt --steps 2000 --lr 4e-4 --mlp sequential
    python train.py --out runs/fixed --init-from runs/base/last.pt --steps 2000 --lr 4e-4
    python train.py --out runs/fixed --resume runs/fixed/last.pt --steps 2000 --lr 4e-4

The second command re-enacts a bug that cost a real job its time: the checkpoint calls the feed-forward
block ``mlp.fc1`` and ``mlp.fc2``, the job builds it as ``nn.Sequential`` (``mlp.0``, ``mlp.2``), and with
``strict=False`` those weights silently start from random.
"""

import argparse
import math
import sysconfig
import time
from pathlib import Path
from typing import Any

import cutloss
import torch
from torch import Tensor, nn
from torch.nn import functional

BYTES = 256
MIXED_BYTES = 4
FILES_PER_VALIDATION_FILE = 10


def arguments() -> argparse.Namespace:
    """Read the command line; the defaults suit one core of a laptop."""
    parser = argparse.ArgumentParser(
        description="Train a byte-level transformer on Python's standard library."
    )
    parser.add_argument("--name", default="pystdlib", help="what the run is called")
    parser.add_argument("--out", type=Path, default=Path("runs/base"), help="folder of the checkpoints")
    parser.add_argument("--init-from", type=Path, help="checkpoint whose weights to start from, at step 0")
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from: weights, optimizer and step")
    parser.add_argument(
        "--mlp", choices=("named", "sequential"), default="named", help="how the block is built"
    )
    parser.add_argument("--steps", type=int, default=400, help="optimizer steps over the whole run")
    parser.add_argument("--lr", type=float, default=1e-2, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=40, help="steps until the peak")
    parser.add_argument("--batch", type=int, default=32, help="sequences in a batch")
    parser.add_argument("--context", type=int, default=64, help="bytes in a sequence")
    parser.add_argument("--width", type=int, default=64, help="size of the residual stream")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--validate-every", type=int, default=25, help="steps between validations")
    parser.add_argument("--validation-batches", type=int, default=16)
    parser.add_argument("--checkpoint-every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--target-loss", type=float, help="validation loss that the run is for")
    parser.add_argument(
        "--stop-at-target", action="store_true", help="end once a validation is at the target"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of one operation")
    args = parser.parse_args()
    if args.stop_at_target and args.target_loss is None:
        parser.error("--stop-at-target needs --target-loss")
    return args


# Data: every tenth file of the standard library, in the order of their names, is for validation only.
def read_text() -> tuple[Tensor, Tensor]:
    """Return the bytes of the training files and of the validation files."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    parts: tuple[list[bytes], list[bytes]] = ([], [])
    for number, file in enumerate(files):
        parts[number % FILES_PER_VALIDATION_FILE == 0].append(file.read_bytes())
    train, val = (torch.frombuffer(bytearray(b"\n".join(part)), dtype=torch.uint8) for part in parts)
    return train, val


def windows(text: Tensor, starts: Tensor, context: int, device: str) -> tuple[Tensor, Tensor]:
    """Return inputs and the bytes that follow them, each of shape (len(starts), context)."""
    picked = text[starts[:, None] + torch.arange(context + 1)].long().to(device)
    return picked[:, :-1], picked[:, 1:]


def training_batch(text: Tensor, step: int, args: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Return the batch of a step: it depends on seed and step only, so a resumed run sees the same data."""
    generator = torch.Generator().manual_seed(args.seed * 1_000_003 + step)
    starts = torch.randint(len(text) - args.context - 1, (args.batch,), generator=generator)
    return windows(text, starts, args.context, args.device)


def validation_batches(text: Tensor, args: argparse.Namespace) -> list[tuple[Tensor, Tensor]]:
    """Return the same batches each time, spread evenly over the validation text."""
    count = args.validation_batches * args.batch
    starts = torch.linspace(0, len(text) - args.context - 2, count).long()
    return [windows(text, part, args.context, args.device) for part in starts.split(args.batch)]


# Model: a plain pre-norm transformer.
class Mlp(nn.Module):
    """The feed-forward block as the checkpoint names it: ``fc1`` and ``fc2``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, context, width) to the same shape."""
        return self.fc2(functional.gelu(self.fc1(x)))


def sequential_mlp(width: int) -> nn.Sequential:
    """Return the same block, whose weights are called ``0`` and ``2``."""
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class Block(nn.Module):
    """Causal attention and the feed-forward block."""

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__()
        self.heads = args.heads
        self.norm1 = nn.LayerNorm(args.width)
        self.qkv = nn.Linear(args.width, 3 * args.width, bias=False)
        self.proj = nn.Linear(args.width, args.width, bias=False)
        self.norm2 = nn.LayerNorm(args.width)
        self.mlp = Mlp(args.width) if args.mlp == "named" else sequential_mlp(args.width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, context, width) to the same shape."""
        x = x + self.proj(self.attention(self.qkv(self.norm1(x))))
        return x + self.mlp(self.norm2(x))

    def attention(self, qkv: Tensor) -> Tensor:
        """Let each byte look at those before it."""
        batch, context, _ = qkv.shape
        query, key, value = qkv.view(batch, context, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return mixed.transpose(1, 2).reshape(batch, context, -1)


class Model(nn.Module):
    """Bytes in, scores of the next byte out."""

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__()
        self.bytes = nn.Embedding(BYTES, args.width)
        self.places = nn.Embedding(args.context, args.width)
        # Mixes in the few bytes before: attention takes long to find them, and a demo has seconds.
        self.mix = nn.Conv1d(args.width, args.width, MIXED_BYTES)
        self.blocks = nn.Sequential(*(Block(args) for _ in range(args.layers)))
        self.norm = nn.LayerNorm(args.width)
        self.head = nn.Linear(args.width, BYTES, bias=False)
        for table in (self.bytes, self.places, self.head):
            nn.init.normal_(table.weight, std=0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Map bytes of shape (batch, context) to scores of shape (batch, context, 256)."""
        places = torch.arange(x.shape[1], device=x.device)
        embedded = self.bytes(x)
        mixed = self.mix(functional.pad(embedded.transpose(1, 2), (MIXED_BYTES - 1, 0))).transpose(1, 2)
        return self.head(self.norm(self.blocks(embedded + mixed + self.places(places))))


def loss_of(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Return the mean cross-entropy in nats a byte."""
    inputs, following = batch
    return functional.cross_entropy(model(inputs).flatten(0, 1), following.flatten())


# Checkpoints: written beside and moved into place, so that a killed job leaves no half of one.
def save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write a checkpoint."""
    draft = path.with_suffix(".tmp")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, draft)
    draft.replace(path)


def load_weights(model: nn.Module, path: Path, run: cutloss.Run) -> None:
    """Load what fits by name: with ``strict=False`` the rest stays random, and only the audit says so."""
    state = torch.load(path, map_location="cpu", weights_only=True)["model"]
    if audit := run.audit(model, state):
        print(f"{audit.random_parameters:,} of {audit.parameters:,} parameters start from random", flush=True)
    model.load_state_dict(state, strict=False)


def resume(model: nn.Module, optimizer: torch.optim.Optimizer, path: Path, device: str) -> int:
    """Go on from a checkpoint; return the steps it has behind it."""
    state = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


# Training.
def rate(step: int, args: argparse.Namespace) -> float:
    """Return a step's learning rate: up in a straight line, then down a cosine to a tenth."""
    if step < args.warmup:
        return args.lr * step / args.warmup
    done = (step - args.warmup) / max(1, args.steps - args.warmup)
    return args.lr * (0.55 + 0.45 * math.cos(math.pi * min(done, 1.0)))


def update(
    model: nn.Module, optimizer: torch.optim.Optimizer, batch: tuple[Tensor, Tensor], lr: float
) -> Tensor:
    """Take one optimizer step; return its loss, still on the device."""
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(model, batch)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def validation_loss(model: nn.Module, batches: list[tuple[Tensor, Tensor]], validation: Any) -> float:  # noqa: ANN401 - what run.validation gives
    """Return the mean loss over the validation batches."""
    losses = []
    for number, batch in enumerate(batches, start=1):
        losses.append(loss_of(model, batch).item())
        validation.progress(number, len(batches))
    return sum(losses) / len(losses)


def start_run(args: argparse.Namespace) -> cutloss.Run:
    """Declare the plan."""
    return cutloss.init(
        args.name,
        total_steps=args.steps,
        validate_every=args.validate_every,
        validate_at_end=True,
        checkpoint_every=args.checkpoint_every,
        validation_batches=args.validation_batches,
        target_loss=args.target_loss,
        lr_schedule=lambda step: rate(step, args),
    )


def main() -> None:
    """Train."""
    args = arguments()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    train_text, val_text = read_text()
    val_batches = validation_batches(val_text, args)
    model = Model(args).to(args.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, betas=(0.9, 0.95), weight_decay=0.1)
    first_step = resume(model, optimizer, args.resume, args.device) if args.resume else 0

    run = start_run(args)
    if args.init_from:
        load_weights(model, args.init_from, run)

    began = time.perf_counter()
    for step in range(first_step + 1, args.steps + 1):
        lr = rate(step, args)
        with run.phase("data"):
            batch = training_batch(train_text, step, args)
        loss = update(model, optimizer, batch, lr)
        run.step(step, loss=loss, lr=lr)
        is_last = step == args.steps or run.should_stop()

        if step % run.setting("validate_every", args.validate_every) == 0 or step == args.steps:
            with run.validation(step) as validation:
                validation.loss = validation_loss(model, val_batches, validation)
            print(f"step {step} train_loss {loss.item():.4f} val_loss {validation.loss:.4f} "
                  f"seconds {time.perf_counter() - began:.1f}", flush=True)  # fmt: skip
            is_last |= args.stop_at_target and validation.loss <= args.target_loss

        if is_last or step % args.checkpoint_every == 0 or run.should_checkpoint():
            with run.checkpoint(step, args.out / "last.pt"):
                save(args.out / "last.pt", model, optimizer, step)
        if is_last:
            break
    run.finish("stopped" if run.should_stop() else "finished")


if __name__ == "__main__":
    main()
