"""`python -m pipeline readme`: README.md's result tables, written from the committed runs and from nothing else.

A table stands between two comments, `<!-- results: NAME -->` and `<!-- end -->`, and what is between them is replaced.
readme_tables.py says what stands in each; `runs` lists the committed runs themselves.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.report import published
from pipeline.tools import readme_cells
from pipeline.tools.readme_tables import TABLES, LiftingTable

RUNS = "runs"
BLOCK = re.compile(r"<!-- results: ([^>]*?) -->\n(.*?)<!-- end -->", re.DOTALL)
MARK = re.compile(r"<!-- (?:results: [^>]*?|end) -->")

DESCRIPTION = """\
Write the result tables of README.md from the committed runs (results/reference) and the papers' numbers
(results/published). What stands outside the comments `<!-- results: NAME -->` and `<!-- end -->` is left as it is.

  python -m pipeline readme             # after `python -m pipeline reference`
  python -m pipeline readme --check     # writes nothing; exit code 1 if README.md says anything else"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    command.description = DESCRIPTION
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("--check", action="store_true", help="compare only")


def run(root: Path, check: bool = False) -> int:
    """Write README.md's tables, or compare them. Raises InputError; the exit code is 1 for a difference found."""
    path = root / "README.md"
    try:
        before = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); restore it from the repository") from None
    tables = texts(root)
    _require_every_block(path, before, tables)
    different = [name for name, text in BLOCK.findall(before) if text != tables[name]]
    if check and different:
        print(f"{path}: `{different[0]}` is not what results/reference says; run `python -m pipeline readme`")
        return 1
    if different:
        written = BLOCK.sub(lambda block: f"<!-- results: {block[1]} -->\n{tables[block[1]]}<!-- end -->", before)
        artifacts.write_text(path, written)
    print(f"{path}: {', '.join(different) if different else 'nothing'} changed" if not check else f"{path}: as it is")
    return 0


def texts(root: Path) -> dict[str, str]:
    """What belongs between the comments, by name. A blank line on both sides makes Markdown of it."""
    numbers = published.read(root)
    found = {
        name: readme_cells.lifting_table(root, table, numbers)
        if isinstance(table, LiftingTable)
        else readme_cells.detection_table(root, table)
        for name, table in TABLES.items()
    }
    return {name: f"\n{text}\n\n" for name, text in (found | {RUNS: readme_cells.runs_table(root)}).items()}


def _require_every_block(path: Path, text: str, tables: dict[str, str]) -> None:
    """Raise InputError unless every table has its two comments once, and no comment is left over."""
    names = [name for name, _ in BLOCK.findall(text)]
    for name in tables:
        if names.count(name) != 1:
            raise InputError(
                f"{path}: `<!-- results: {name} -->` ... `<!-- end -->` stands there {names.count(name)} times; "
                "write it once, each comment in a line of its own"
            )
    unknown = [name for name in names if name not in tables]
    if unknown:
        raise InputError(f"{path}: `<!-- results: {unknown[0]} -->`: no such table; the names are {', '.join(tables)}")
    if len(MARK.findall(text)) != 2 * len(names):
        raise InputError(f"{path}: a comment `<!-- results: NAME -->` or `<!-- end -->` has no partner; write it, too")
