"""What the planner raises."""


class InvalidInputError(ValueError):
    """A question that cannot be asked: it names the field, the value and what was expected.

    Args:
        pointer: JSON pointer of the field, relative to the item (``/plan/total_steps``).
        value: the value found there.
        expected: what would have been accepted, in words.
    """

    def __init__(self, pointer: str, value: object, expected: str) -> None:
        super().__init__(f"{pointer} is {value!r}; expected {expected}")
        self.pointer = pointer
        self.value = value
        self.expected = expected
