"""What the table of another data set says: PCK, AUC and MPJPE scene by scene, or that nothing was measured on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hand_made import Maker
from made_parts import elsewhere
from reading import build as built

from pipeline.data.motion import mpi_inf_3dhp
from pipeline.report import render
from pipeline.report.readers_lifting import ACTORS, KINDS, SCENES
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


def test_hdm05_has_tables_of_its_own(make: Callable[..., Maker]) -> None:
    """By kind and by actor, and in Table 7 beside what the paper prints; MPI-INF-3DHP's tables go."""
    maker = make()
    found = elsewhere(60.0, *KINDS) | {"data": "hdm05", "subjects": elsewhere(70.0, *ACTORS)["scenes"]}
    for variant in ("linear_least_squares", "hgn"):
        maker.point(variant, 50.0, generalization=[found])
    tables = built(maker.with_preset(generalization="hdm05"))
    assert not {"generalization", "hgn_table7"} & set(tables)
    assert not {"generalization_kinds", "generalization_actors", "hgn_hdm05"} & set(built(maker.run))
    kinds, actors, table_7 = (tables[name] for name in ("generalization_kinds", "generalization_actors", "hgn_hdm05"))
    headings = [column.heading for column in kinds.columns]
    by_kind = dict(zip(headings, row(kinds, "Linear least squares"), strict=True))
    assert by_kind["All: PCK / AUC / MPJPE"] == "60.0 / 30.0 / 140.0"
    assert by_kind["Deposit: PCK / AUC / MPJPE"] == "61.0 / 30.5 / 139.0"
    assert by_kind["Throw: PCK / AUC / MPJPE"] == "71.0 / 35.5 / 129.0"
    by_actor = dict(zip([column.heading for column in actors.columns], row(actors, "HGN"), strict=True))
    assert by_actor["Actor mm: PCK / AUC / MPJPE"] == "74.0 / 37.0 / 126.0"
    assert row(table_7, "HGN")[:2] == ["60.0 / 30.0 / 140.0", "85.2 / 52.1"]
    assert row(table_7, "GraphSH, 64 channels")[0] == "not run"
    assert any("Müller" in note for note in table_7.notes)


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
