"""How a checkpoint fits a model, by names and shapes alone."""

from cutloss.checkpoint_audit import Tensor, compare


def tensors(**shapes: tuple[int, ...]) -> dict[str, Tensor]:
    """Return parameters by name, two underscores for a dot."""
    return {name.replace("__", "."): Tensor(shape, "float32") for name, shape in shapes.items()}


def test_a_checkpoint_that_fits_leaves_nothing_at_random() -> None:
    """All names, all shapes, all dtypes."""
    model = tensors(a__weight=(2, 3), a__bias=(2,))
    audit = compare(model, model)
    assert (True, 8, 0, (), {}) == (
        audit.fits,
        audit.parameters,
        audit.random_parameters,
        audit.missing,
        audit.renames,
    )


def test_what_is_missing_is_counted_and_placed() -> None:
    """The module that is missing as a whole is named once, not tensor by tensor."""
    model = tensors(
        a__weight=(2, 3), b__mlp__0__weight=(4, 4), b__mlp__2__weight=(4, 4), b__norm__weight=(4,)
    )
    audit = compare(model, tensors(a__weight=(2, 3), b__norm__weight=(4,), old__weight=(9,)))
    assert (42, 32, ("b.mlp",)) == (audit.parameters, audit.random_parameters, audit.modules)
    assert (("b.mlp.0.weight", "b.mlp.2.weight"), ("old.weight",)) == (audit.missing, audit.unexpected)


def test_another_shape_is_as_good_as_missing() -> None:
    """The name is there, the numbers cannot be used."""
    audit = compare(tensors(a__weight=(2, 3)), tensors(a__weight=(2, 4)))
    assert (6, ("a.weight",), False) == (audit.random_parameters, audit.mismatched, audit.fits)


def test_another_dtype_is_told_and_loaded() -> None:
    """It is cast on loading: worth knowing, not random."""
    audit = compare(tensors(a__weight=(2,)), {"a.weight": Tensor((2,), "bfloat16")})
    assert (True, ("a.weight",)) == (audit.fits, audit.recast)


def test_a_buffer_is_no_parameter() -> None:
    """A missing running mean is named, and counts for nothing."""
    model = tensors(a__weight=(2,)) | {"a.mean": Tensor((5,), "float32", is_parameter=False)}
    audit = compare(model, tensors(a__weight=(2,)))
    assert (2, 0, ("a.mean",), True) == (audit.parameters, audit.random_parameters, audit.missing, audit.fits)


def test_tied_weights_are_filled_by_any_of_their_names() -> None:
    """A head tied to the embedding is one tensor under two names."""
    model = tensors(embed__weight=(5, 2)) | {"head.weight": Tensor((5, 2), "float32", twin="embed.weight")}
    for name in model:
        audit = compare(model, {name: Tensor((5, 2), "float32")})
        assert (10, 0) == (audit.parameters, audit.random_parameters)
