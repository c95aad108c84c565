"""Hand-made results as the report reads them: quantities, tables as people see them, verdicts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hand_made import Maker

from pipeline.config import Run
from pipeline.report import build as building
from pipeline.report import claims, loading
from pipeline.report.checks import Part
from pipeline.report.claims import Verdict
from pipeline.report.evidence import BySeed, Evidence, Expression
from pipeline.report.papers import PAPERS
from pipeline.report.quantities import QUANTITIES
from pipeline.report.render import Row, Table, text

TABLES = {table.name: table for paper in PAPERS for table in paper.tables}


def expression(label: str) -> Expression:
    """An expression from its label: `P1(graphmdn, oracle)`."""
    name, variant, argument = re.fullmatch(r"(\w+)\((\w+)(?:, (.+))?\)", label).groups()  # type: ignore[union-attr]
    return QUANTITIES[name](variant, argument)


def value(maker: Maker, label: str) -> BySeed:
    return maker.evidence.by_seed(expression(label))


def check(kind: str, *labels: str, others: Sequence[str] = (), **more) -> Part:
    return Part(kind, tuple(map(expression, labels)), tuple(map(expression, others)), **more)  # type: ignore[arg-type]


def build(run: Run) -> dict[str, Table]:
    return {table.name: table for table in building.every(loading.evidence(run))}


def cells(table: Table, label: str, variant: bool | None = None) -> dict[str, str]:
    """A row as people read it, {heading: cell}: one with or without a variant, where both have this label."""
    (row,) = [row for row in table.rows if row.label == label and variant in (None, row.variant is not None)]
    return read(table, row)


def read(table: Table, row: Row) -> dict[str, str]:
    return {column.heading: text(cell, column) for column, cell in zip(table.columns, row.cells, strict=True)}


def judge(found: Evidence, *papers: str) -> dict[str, Verdict]:
    """By claim; of these papers alone, if any are given."""
    chosen = {paper.key: paper.claims for paper in PAPERS if paper.key in papers or not papers}
    return {verdict.claim.id: verdict for verdict in claims.judge(found, chosen)}
