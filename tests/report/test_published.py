"""The published numbers: all there, as printed, and nobody may name a row that is not."""

from __future__ import annotations

import pytest

from pipeline.artifacts import InputError
from pipeline.report import published
from pipeline.report.actions import HUMAN36M


def test_every_table_and_every_cell_is_there() -> None:
    names = published.names()
    assert len(names) == 25
    assert sum(len(published.table(name)) for name in names) == 1832
    assert len(published.read().cells) == 1832 + len(published.table(published.REPOSITORIES))


@pytest.mark.parametrize(
    ("table", "row", "column", "value"),
    [
        ("semgcn_table1", "Ours (SemGCN)", "MPJPE (mm)", "43.8"),
        ("graphmdn_table1", "Ours (Mean)|Protocol #2", "Avg.", "30.0"),  # its zero is kept
        ("repositories", "SemGCN|GT", "Protocol #1", "40.78"),
    ],
)
def test_cells_are_kept_as_printed(table: str, row: str, column: str, value: str) -> None:
    assert published.read().cell(table, row, column) == value


@pytest.mark.parametrize(
    ("row", "mean"),
    [("SemGCN|Protocol #1", 41.0), ("Ours (Mean)|Protocol #2", 30.0), ("Ours (Oracle, Wide)|Protocol #1", 32.13)],
)
def test_the_actions_that_tables_show_average_to_what_is_printed(row: str, mean: float) -> None:
    """All but the last row, whose printed average is 31.8 (errata.md, D-8)."""
    numbers = published.read()
    cells = [numbers.of_action("graphmdn_table1", row, action) for action in HUMAN36M]
    assert len(cells) == 15
    assert sum(float(cell) for cell in cells if cell) / 15 == pytest.approx(mean, abs=0.05)


def test_an_unknown_cell_is_none_and_an_unknown_row_is_refused() -> None:
    numbers = published.read()
    assert numbers.cell("semgcn_table1", "Ours (SemGCN)", "PCK") is None
    assert numbers.cell("semgcn_table1", None, "MPJPE (mm)") is None
    numbers.require_row("semgcn_table1", "ResGCN")
    with pytest.raises(InputError, match=r"semgcn_table1\.csv: no row 'Resgcn'; correct the definition"):
        numbers.require_row("semgcn_table1", "Resgcn")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "missing; restore it"),
        ("", "not a CSV"),
        ("row,value\nA,1\n", "expected the columns row, column, value, unit, found row, value"),
        ("row,column,value,unit\nA,B,1,mm\nA,B,2,mm\n", "'A', 'B' is there twice"),
    ],
)
def test_a_damaged_table_is_one_line_with_its_file(tmp_path, content: str | None, words: str) -> None:
    path = published.folder(tmp_path) / "broken.csv"
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError) as caught:
        published.table("broken", tmp_path)
    assert words in str(caught.value)
    assert "broken.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
