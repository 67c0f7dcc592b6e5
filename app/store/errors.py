"""What the store raises."""


class StoreError(Exception):
    """The store could not do what was asked."""


class ForeignRunError(StoreError):
    """The run belongs to somebody else.

    Args:
        run: id of the run.
        user: who tried to write to it.
    """

    def __init__(self, run: str, user: str) -> None:
        super().__init__(f"run {run!r} belongs to another user than {user!r}")
        self.run = run
        self.user = user


class StoreClosedError(StoreError):
    """The store has been closed."""


class NewerSchemaError(StoreError):
    """The store was written by a newer version of the service."""
