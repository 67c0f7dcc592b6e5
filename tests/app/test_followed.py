"""The book of the job logs that are followed."""

import threading
from dataclasses import replace
from pathlib import Path

from app.followed import Followed, FollowedBook

FOLLOWED = Followed("5", "c", "r", "/x", "ada", 1.0, "n")


def test_threads_write_at_the_same_time(tmp_path: Path) -> None:
    """No write fails, the last one is whole, and no draft is left."""
    book, failed = FollowedBook(tmp_path / "book"), []

    def write() -> None:
        for at in range(300):
            try:
                book.put(replace(FOLLOWED, asked_at=float(at)))
            except OSError as error:
                failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failed
    assert replace(FOLLOWED, asked_at=299.0) == book.one("5")
    assert ["5.json"] == [path.name for path in book.folder.iterdir()]


def test_what_was_found_does_not_overwrite_a_newer_wish(tmp_path: Path) -> None:
    """Asked for anew, left, or forgotten in between, it stays so."""
    book = FollowedBook(tmp_path / "book")
    ended = replace(FOLLOWED, state="ended", words="done")
    book.put_if_unasked(ended)
    assert None is book.one("5")
    for newer in (replace(FOLLOWED, asked_at=2.0), replace(FOLLOWED, state="ended")):
        book.put(newer)
        book.put_if_unasked(ended)
        assert newer == book.one("5")
    book.put(FOLLOWED)
    book.put_if_unasked(ended)
    assert ended == book.one("5")
