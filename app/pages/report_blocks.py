"""What a report is made of, whatever it is written as: paragraphs, lists, tables and commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph."""

    text: Markup


@dataclass(frozen=True, slots=True)
class Points:
    """A list of points under an optional heading."""

    items: Sequence[Markup]
    title: Markup | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row names it."""

    columns: Sequence[Markup]
    rows: Sequence[Sequence[Markup]]
    title: Markup | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command to be run."""

    text: str


Block = Paragraph | Points | Table | Command


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; one without blocks is left out."""

    title: Markup
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report."""

    title: Markup
    lead: Markup
    sections: Sequence[Section]


def kind_of(block: Block) -> str:
    """Return a block's kind in lower case, as templates name it."""
    return type(block).__name__.lower()
