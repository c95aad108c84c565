"""`python -m pipeline readme`: write the result tables of README.md and docs/ from the committed runs.

Each table is between two comments, `<!-- results: NAME -->` and `<!-- end -->`. The command replaces what is between
them. readme_tables.py declares most tables; `runs` lists the committed runs, `claims` counts their claims by state, and
`collapse`, `batch norm` and `mixture weight` are the studies'.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.report import published
from pipeline.tools import options, readme_cells, readme_claims, readme_studies
from pipeline.tools.readme_tables import TABLES, LiftingTable

PAGES = ("README.md", "docs/results.md", "docs/studies.md")
RUNS, CLAIMS = "runs", "claims"
COLLAPSE, BATCH_NORM, MIXTURE_WEIGHT = "collapse", "batch norm", "mixture weight"
BLOCK = re.compile(r"<!-- results: ([^>]*?) -->\n(.*?)<!-- end -->", re.DOTALL)
MARK = re.compile(r"<!-- (?:results: [^>]*?|end) -->")

DESCRIPTION = """\
Write the result tables of README.md and docs/ from the committed runs (results/reference) and the papers'
numbers (results/published). Text outside the comments `<!-- results: NAME -->` and `<!-- end -->` is not changed.

  python -m pipeline readme             # after `python -m pipeline reference`
  python -m pipeline readme --check     # writes nothing; exit code 1 if a table differs from the committed runs"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    command.add_argument("--check", action="store_true", help="compare only")


def run(root: Path, check: bool = False) -> int:
    """Write the tables of all pages, or compare them. Raises InputError; the exit code is 1 if `check` finds one."""
    pages = {page: _read(root / page) for page in PAGES}
    tables = texts(root)
    _require_every_block(pages, tables)
    for page, before in pages.items():
        different = [name for name, text in BLOCK.findall(before) if text != tables[name]]
        if check and different:
            print(f"{root / page}: `{different[0]}` differs from results/reference; run `python -m pipeline readme`")
            return 1
        if different:
            after = BLOCK.sub(lambda block: f"<!-- results: {block[1]} -->\n{tables[block[1]]}<!-- end -->", before)
            artifacts.write_text(root / page, after)
        print(f"{root / page}: {', '.join(different) + ' written' if different else 'up to date'}")
    return 0


def texts(root: Path) -> dict[str, str]:
    """The text between the comments, by name. It starts and ends with a blank line, as Markdown needs it."""
    numbers = published.read(root)
    found = {
        name: readme_cells.lifting_table(root, table, numbers)
        if isinstance(table, LiftingTable)
        else readme_cells.detection_table(root, table)
        for name, table in TABLES.items()
    }
    found |= {
        RUNS: readme_cells.runs_table(root),
        CLAIMS: readme_claims.table(root),
        COLLAPSE: readme_studies.collapse_table(root),
        BATCH_NORM: readme_studies.batch_norm_table(root),
        MIXTURE_WEIGHT: readme_studies.mixture_weight_table(root),
    }
    return {name: f"\n{text}\n\n" for name, text in found.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); restore it from the repository") from None


def _require_every_block(pages: dict[str, str], tables: dict[str, str]) -> None:
    """Raise InputError unless each table is on one page, once, and every comment has its partner."""
    names = [name for text in pages.values() for name, _ in BLOCK.findall(text)]
    for name in tables:
        if names.count(name) != 1:
            raise InputError(
                f"{' and '.join(pages)}: expected `<!-- results: {name} -->` ... `<!-- end -->` once, found it "
                f"{names.count(name)} times; write each comment on its own line"
            )
    for page, text in pages.items():
        found = [name for name, _ in BLOCK.findall(text)]
        unknown = [name for name in found if name not in tables]
        if unknown:
            known = ", ".join(tables)
            raise InputError(f"{page}: `<!-- results: {unknown[0]} -->`: no such table; the names are {known}")
        if len(MARK.findall(text)) != 2 * len(found):
            raise InputError(
                f"{page}: a comment `<!-- results: NAME -->` or `<!-- end -->` has no partner; write that, too"
            )
