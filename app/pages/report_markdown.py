"""A report as Markdown."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from app.pages.report_blocks import Command, Paragraph, Points

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from app.pages.report_blocks import Block, Report, Table

TAGS = {"<b>": "**", "</b>": "**"}
SPECIAL = re.compile(r"([\\\\`*_\[\]|<>#~])")


def markdown(report: Report) -> str:
    """Return a report as Markdown, ending with a line break."""
    lines = [f"# {_inline(report.title)}", "", f"**{_plain(report.lead)}**", ""]
    for section in report.sections:
        lines += [f"## {_inline(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines).rstrip() + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _inline(block.text)
    elif isinstance(block, Command):
        yield from ("```bash", block.text.replace("```", ""), "```")
    elif isinstance(block, Points):
        if block.title is not None:
            yield from (f"**{_plain(block.title)}**", "")
        yield from (f"- {_inline(item)}" for item in block.items)
    else:
        yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    if table.title is not None:
        yield from (f"**{_plain(table.title)}**", "")
    yield _row(table.columns)
    yield "|" + "|".join(["---", *["---:"] * (len(table.columns) - 1)]) + "|"
    yield from (_row(row) for row in table.rows)


def _row(cells: Sequence[Markup]) -> str:
    return "| " + " | ".join(_inline(cell) for cell in cells) + " |"


def _inline(text: Markup) -> str:
    parts = re.split(r"(</?b>)", str(text))
    return "".join(TAGS.get(part) or _escaped(part) for part in parts)


def _plain(text: Markup) -> str:
    return _escaped(re.sub(r"</?b>", "", str(text)))


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", " ".join(html.unescape(text).splitlines()))
