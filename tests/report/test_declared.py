"""Everything that the papers print and claim is declared, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hand_made import demo
from reading import TABLES

from pipeline.report import actions, published
from pipeline.report.cells import Cells
from pipeline.report.columns import Column
from pipeline.report.evidence import Evidence
from pipeline.report.metrics import DetectionResults, Results
from pipeline.report.papers import PAPERS
from pipeline.report.tables import Table

CLAIMS = {
    "semgcn": ("SG", 23),
    "graphmdn": ("GM", 28),
    "hgn": ("HGN", 22),
    "mdn_offset": ("MO", 25),
    "mixture_dense": ("MX", 37),
}
PUBLISHED = {"semgcn": 3, "graphmdn": 3, "hgn": 7, "mdn_offset": 5, "mixture_dense": 7}
NUMBERS = published.read()
# A variant's settings, printed beside its results: the tables show them as params.yaml states them.
SETTINGS = ("lambda_P", "lambda_M", "Channels", "# Channels")


def places(table: Table) -> Iterator[tuple[str, str, str]]:
    """The published cells that a table shows: table, row, column."""
    cells = Cells(Evidence(demo(), Results("demo", {}), DetectionResults("demo", {})), NUMBERS, table)
    for column in table.columns:
        for row in table.rows if isinstance(column, Column) else ():
            place = cells.place(column, row)
            for name in cells.printed_columns(column, row) if place else ():
                if NUMBERS.cell(*place, name) is not None:
                    yield (*place, name)
            if place and column.values[0] in table.per_action and NUMBERS.cell(*place, actions.AVERAGE):
                headings = actions.headings(place[0]).values()
                yield from ((*place, name) for name in headings if NUMBERS.cell(*place, name) is not None)


def test_every_claim_is_declared_once_and_in_order() -> None:
    """SG-1 to SG-23, GM-1 to GM-28, and so on: 135."""
    assert sum(count for _, count in CLAIMS.values()) == 135
    for paper in PAPERS:
        letters, count = CLAIMS[paper.key]
        assert [claim.id for claim in paper.claims] == [f"{letters}-{number}" for number in range(1, count + 1)]


def test_there_are_25_published_tables() -> None:
    expected = {f"{paper}_table{number}" for paper, count in PUBLISHED.items() for number in range(1, count + 1)}
    assert set(published.names()) == expected
    assert len(expected) == 25


@pytest.mark.parametrize("name", published.names())
def test_every_published_cell_is_shown_once(name: str) -> None:
    own = [table for table in TABLES.values() if table.name.startswith(name)]
    shown = Counter(place for table in own for place in places(table))
    printed = {key for key in NUMBERS.cells if key[0] == name and key[2] not in SETTINGS}
    assert set(shown) == printed
    twice = {column for (_, _, column), count in shown.items() if count > 1}
    # SemGCN's Table 3 prints one number of parameters for two inputs, which are two rows here.
    assert twice == ({"# of params"} if name == "semgcn_table3" else set())
