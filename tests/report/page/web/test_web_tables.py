"""pipeline/report/page/web/tables.py: differences, marks of one seed, and what the committed run has instead."""

from __future__ import annotations

import pytest

from pipeline.report.metrics import Statistic
from pipeline.report.page.web import tables
from pipeline.report.page.web.committed import Committed
from pipeline.report.page.web.tables import Cell, Part
from pipeline.report.render import NONE, NOT_RUN, Column, Row, Table

P1 = Column("P1, mm", ("P1",), better="lower")
AP = Column("AP / AR", ("AP", "AR"), better="higher")
SHARE = Column("Share, %", ("share",))
SEEDS = Column("Seeds", ("n",))


def printed(column: Column) -> Column:
    return Column(f"{column.heading}, paper", tuple(f"{name} paper" for name in column.fields), source="paper")


def one_row(*cells: tuple[Column, tuple[Statistic | int | str, ...]], variant: str | None = "a") -> Table:
    columns, values = tuple(column for column, _ in cells), tuple(value for _, value in cells)
    return Table("made", "Made", "", columns, (Row("A", variant, values),))


def cells(table: Table) -> tuple[Cell, ...]:
    return tables.show(table, Committed()).lines[0].cells


@pytest.mark.parametrize(
    ("column", "here", "paper", "parts"),
    [
        (P1, (Statistic(54.5, 0.7, 2),), ("43.8",), (Part("+10.7", good=False),)),
        (P1, (Statistic(40.0, None, 1),), ("43.8",), (Part("−3.8", good=True),)),
        (P1, (Statistic(43.84, None, 1),), ("43.8",), (Part("±0.0", good=None),)),
        (
            AP,
            (Statistic(50.0, None, 1), Statistic(40.0, None, 1)),
            ("48.5", "41"),
            (Part("+1.5", True), Part("−1.0", False)),
        ),
        (SHARE, (Statistic(60.0, None, 1),), ("70",), (Part("−10.0", good=None),)),
    ],
)
def test_a_difference_is_signed_and_says_in_whose_favour_it_is(
    column: Column, here: tuple[Statistic, ...], paper: tuple[str, ...], parts: tuple[Part, ...]
) -> None:
    _, beside, difference = cells(one_row((column, here), (printed(column), paper)))
    assert (beside.kind, difference.kind) == ("paper", "difference")
    assert difference.parts == parts


@pytest.mark.parametrize(("here", "paper"), [(NOT_RUN, "43.8"), (Statistic(54.5, None, 1), NONE)])
def test_a_column_of_differences_without_any_is_left_out(here: Statistic | str, paper: str) -> None:
    shown = tables.show(one_row((P1, (here,)), (printed(P1), (paper,))), Committed())
    assert [group.kinds for group in shown.groups] == [("here", "paper")]
    assert [cell.kind for cell in shown.lines[0].cells] == ["here", "paper"]


def test_a_number_of_one_seed_is_marked_where_a_seed_plays_a_part() -> None:
    one, three = Statistic(54.5, None, 1), Statistic(54.5, 0.7, 3)
    assert cells(one_row((P1, (one,)), (SEEDS, (1,))))[0].one_seed
    assert not cells(one_row((P1, (three,)), (SEEDS, (3,))))[0].one_seed
    assert not cells(one_row((P1, (one,)), (SEEDS, (NONE,))))[0].one_seed  # a closed form


def test_a_number_leads_to_its_variant_and_what_was_not_run_does_not() -> None:
    assert cells(one_row((P1, (Statistic(54.5, None, 1),))))[0].variant == "a"
    assert cells(one_row((P1, (NOT_RUN,))))[0].variant is None
    assert cells(one_row((P1, ("43.8",)), variant=None))[0].variant is None


def test_the_committed_run_is_shown_where_its_number_is_another() -> None:
    def committed(value: str) -> Committed:
        return Committed(tables={"made": {("A", "a"): {"P1": value}}})

    table = one_row((P1, (Statistic(54.5, None, 1),)))
    same, other = tables.show(table, committed("54.500")), tables.show(table, committed("57.000"))
    assert same.lines[0].cells[0].committed == ""
    assert same.compared == "Every number measured here is that of the reference run."
    assert other.lines[0].cells[0].committed == "57.0"
    assert other.compared.startswith("1 of 1 numbers differ from the reference run's")
    assert tables.show(table, committed(NOT_RUN)).lines[0].cells[0].committed == NOT_RUN
    assert tables.show(one_row((P1, (NOT_RUN,))), committed("57.000")).lines[0].cells[0].committed == "57.0"
    assert tables.show(table, Committed()).compared == ""
