"""What the table of another data set says: PCK, AUC and MPJPE scene by scene, or that nothing was measured on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hand_made import Maker
from made_parts import elsewhere
from reading import build as built

from pipeline.data.motion import mpi_inf_3dhp
from pipeline.report import render
from pipeline.report.readers_lifting import SCENES
from pipeline.report.render import Table

GREEN, NO_GREEN, OUTDOOR = list(SCENES.values())[:3]


def build(maker: Maker) -> Table:
    return built(maker.run)["generalization"]


def row(table: Table, label: str) -> list[str]:
    (found,) = [row for row in table.rows if row.label == label]
    return [render.text(cell, column) for cell, column in zip(found.cells, table.columns, strict=True)]


def test_scenes_are_called_as_their_reader_calls_them() -> None:
    assert {sequence.scene for sequence in mpi_inf_3dhp.SEQUENCES.values()} == {GREEN, NO_GREEN, OUTDOOR}


def test_a_row_by_hand(make: Callable[..., Maker]) -> None:
    """PCK 70 and 74, mean 72, and AUC half of it, MPJPE 200 less it; sd over the two sqrt(8) = 2.828."""
    maker = make()
    both = [elsewhere(pck, GREEN, NO_GREEN, OUTDOOR) for pck in (70.0, 74.0)]
    maker.point("semgcn", 50.0, 51.0, generalization=both)
    table = build(maker)
    assert [column.heading for column in table.columns[:4]] == [
        "Studio, green screen: PCK / AUC / MPJPE",
        "Studio, no green screen: PCK / AUC / MPJPE",
        "Outdoor: PCK / AUC / MPJPE",
        "All: PCK / AUC / MPJPE",
    ]
    assert row(table, "SemGCN") == [
        "73.0 / 36.5 / 127.0",
        "74.0 / 37.0 / 126.0",
        "75.0 / 37.5 / 125.0",
        "72.0 / 36.0 / 128.0",
        "2 / 30",
        "2",
    ]
    csv = render.comma_separated(table).splitlines()
    assert csv[0].startswith("row,variant,PCK green screen,PCK green screen sd,AUC green screen,")
    (line,) = [line for line in csv if line.startswith("SemGCN,semgcn,")]
    assert line.startswith("SemGCN,semgcn,73.000,2.828,36.500,1.414,127.000,2.828,74.000,")


def test_a_scene_without_a_pose_has_no_number(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0, generalization=[elsewhere(60.0, GREEN)])
    assert row(build(maker), "GraphMDN (Mean)")[:4] == ["61.0 / 30.5 / 139.0", "-", "-", "60.0 / 30.0 / 140.0"]


@pytest.mark.parametrize("ran", [True, False])
def test_without_the_data_set_every_scene_is_not_run(make: Callable[..., Maker], ran: bool) -> None:
    maker = make()
    if ran:
        maker.point("semgcn", 50.0)
    table = build(maker)
    assert row(table, "SemGCN")[:4] == ["not run"] * 4
    assert row(table, "SemGCN")[4] == ("2 / 30" if ran else "not run")
    assert any("the preset asks for no other data set" in note for note in table.notes)
    assert any(
        note.startswith("*PCK*: on another data set, share of joints less than 150 mm off") for note in table.legend
    )
