"""Which names may be which: told by shapes and order, or not at all."""

from cutloss.renames import propose_renames

FC1, FC2, BIAS1, BIAS2 = (64, 16), (16, 64), (64,), (16,)


def block(prefix: str, first: str, second: str) -> dict[str, tuple[int, ...]]:
    """Return the tensors of a feed-forward block."""
    return {
        f"{prefix}.{first}.weight": FC1, f"{prefix}.{first}.bias": BIAS1,
        f"{prefix}.{second}.weight": FC2, f"{prefix}.{second}.bias": BIAS2,
    }  # fmt: skip


def test_the_seeds_blocks_are_matched_below_their_parents() -> None:
    """mlp.fc1 is mlp.0, in each block its own."""
    ours = block("b.0.mlp", "0", "2") | block("b.1.mlp", "0", "2")
    theirs = block("b.0.mlp", "fc1", "fc2") | block("b.1.mlp", "fc1", "fc2")
    found = propose_renames(ours, theirs)
    assert len(theirs) == len(found)
    assert ("b.0.mlp.0.weight", "b.1.mlp.2.bias") == (found["b.0.mlp.fc1.weight"], found["b.1.mlp.fc2.bias"])


def test_modules_elsewhere_are_matched_in_order() -> None:
    """encoder.layer.N is h.N where nothing else looks like them."""
    ours = {f"h.{n}.weight": (4, 4) for n in range(3)}
    theirs = {f"encoder.layer.{n}.weight": (4, 4) for n in range(3)}
    assert {f"encoder.layer.{n}.weight": f"h.{n}.weight" for n in range(3)} == propose_renames(ours, theirs)


def test_nothing_is_guessed_where_the_numbers_differ() -> None:
    """Two that look alike for one place: order does not tell which."""
    ours = {"a.weight": (4, 4)}
    theirs = {"x.weight": (4, 4), "y.weight": (4, 4)}
    assert {} == propose_renames(ours, theirs)


def test_another_shape_is_another_module() -> None:
    """A tensor that cannot be loaded is not proposed."""
    assert {} == propose_renames({"a.weight": (4, 4)}, {"b.weight": (4, 5)})
    assert {} == propose_renames({"a.weight": (4, 4), "a.bias": (4,)}, {"b.weight": (4, 4)})


def test_a_wrappers_prefix_is_seen_first() -> None:
    """Data parallelism puts module. before every name; so may either side."""
    plain, wrapped = {"a.weight": (4, 4)}, {"module.a.weight": (4, 4)}
    assert {"module.a.weight": "a.weight"} == propose_renames(plain, wrapped)
    assert {"a.weight": "module.a.weight"} == propose_renames(wrapped, plain)
