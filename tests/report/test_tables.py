"""The tables say what the metrics files say, beside what the papers print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hand_made import Maker

from pipeline.artifacts import InputError
from pipeline.report import columns, metrics, published, tables
from pipeline.report.columns import COLUMNS
from pipeline.report.published import ACTION_COLUMNS
from pipeline.report.render import NONE, NOT_RUN, Row, Table, text

PUBLISHED = ("parameters_paper", "p1_paper", "p2_paper", "repository")


def build(maker: Maker) -> dict[str, Table]:
    return {table.name: table for table in tables.build(maker.run, metrics.read(maker.run))}


def cells(table: Table, label: str) -> dict[str, str]:
    """A row as people read it: heading -> cell."""
    (row,) = [row for row in table.rows if row.label == label and row.variant]
    return read(table, row)


def read(table: Table, row: Row) -> dict[str, str]:
    return {column.heading: text(cell, column) for column, cell in zip(table.columns, row.cells, strict=True)}


def test_a_row_by_hand(make: Callable[..., Maker]) -> None:
    """P1 50 and 54: mean 52, sd sqrt(8) = 2.83. P2 is 0.75 of it, the frame average 1.1 times; best on test 40, 41."""
    maker = make()
    maker.point("semgcn", 50.0, 54.0, parameters=434703, epochs=4)
    assert cells(build(maker)["semgcn_table1"], "SemGCN") == {
        "Parameters, M": "0.43",
        "Parameters, M, paper": "0.43",
        "P1, mm": "52.0 ± 2.8",
        "P1, paper": "43.8",
        "P2, mm": "39.0 ± 2.1",
        "P1 / P2, authors' repository": "40.78 / 31.46",
        "P1 / P2, frame average": "57.2 / 42.9",
        "P1 / P2, best epoch on test": "40.5 / 30.5",
        "Epochs, here / stated": "4 / 30",
        "Seeds": "2",
    }


def test_a_single_seed_has_no_spread_and_a_closed_form_no_epochs(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("resgcn", 90.0)
    maker.point("mean_pose", 200.0, 200.0)
    table = build(maker)["semgcn_table1"]
    assert cells(table, "ResGCN")["P1, mm"] == "90.0"
    mean_pose = cells(table, "Mean pose")
    assert mean_pose["P1, mm"] == "200.0"
    assert {mean_pose[name] for name in mean_pose if name.startswith(("Epochs", "Seeds", "Param"))} == {NONE}
    assert mean_pose["P1 / P2, best epoch on test"] == NONE


def test_a_variant_that_was_not_run_says_so_in_every_measured_cell(make: Callable[..., Maker]) -> None:
    built = build(make())
    definitions = tables.definitions()
    for name, definition in definitions.items():
        measured = [index for index, column in enumerate(definition.columns) if column not in PUBLISHED]
        assert measured
        for row in built[name].rows:
            assert {value for index in measured for value in row.cells[index]} == {NOT_RUN}, f"{name}: {row.label}"
    assert "43.8" in cells(built["semgcn_table1"], "SemGCN")["P1, paper"]  # what the paper prints stays


def test_paper_numbers_stand_in_their_own_columns_only(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 58.0)
    row = cells(build(maker)["graphmdn_table1"], "GraphMDN (Mean)")
    assert (row["P1, mm"], row["P1, paper"], row["P2, mm"], row["P2, paper"]) == ("58.0", "38.7", "43.5", "30.0")
    assert cells(build(maker)["graphmdn_table1"], "GraphMDN (Highest)")["P1, paper"] == NONE


def test_the_oracle_has_two_p2(make: Callable[..., Maker]) -> None:
    """80 % and 81 % of the mean's 50 mm, times 0.75."""
    maker = make()
    maker.mixture("graphmdn", 50.0)
    table = build(maker)["graphmdn_table1"]
    oracle, closest = cells(table, "GraphMDN (Oracle)"), cells(table, "GraphMDN (Oracle) ‡")
    assert (oracle["P1, mm"], oracle["P2, mm"]) == ("40.0", "30.0")
    assert (closest["P1, mm"], closest["P2, mm"]) == (NONE, "30.4")
    assert any(note.startswith("‡ P2 of the oracle has two definitions") for note in table.notes)


def test_a_collapsed_mixture_is_flagged_wherever_kernels_are_counted(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0)
    maker.mixture("graphmdn_wide", 50.0, 51.0, weights=(0.96, 0.02, 0.02, 0.0, 0.0))
    built = build(maker)
    for name in ("graphmdn_table1", "graphmdn_table1_p1", "graphmdn_table1_p2"):
        assert cells(built[name], "GraphMDN (Mean)")["Kernels used"] == "4.0 of 5"
        assert cells(built[name], "GraphMDN (Mean, Wide)")["Kernels used"] == "1.0 of 5, collapsed (2 of 2 seeds)"
    assert cells(built["graphmdn_mixtures"], "GraphMDN (Wide)")["Kernels used"].startswith("1.0 of 5, collapsed")


def test_the_mixtures_by_hand(make: Callable[..., Maker]) -> None:
    """Calibration: 12, 46, 90 % where 10, 50, 90 % were due: (2 + 4 + 0) / 3 = 2."""
    maker = make()
    maker.mixture("graphmdn", 50.0)
    maker.mixture("graphmdn_wide", 50.0, mixture={"depth_ratio": None, "nll": None, "calibration": None})
    table = build(maker)["graphmdn_mixtures"]
    row = cells(table, "GraphMDN")
    assert row["Effective kernels"] == "3.25"
    assert row["Largest weight, %"] == "40.0"
    assert row["Calibration error, %"] == "2.0"
    assert row["Spread x / y / depth, mm"] == "14.0 / 18.0 / 57.0"
    assert row["Ambiguous poses, %"] == "25.0"
    assert row["Reprojection / depth spread, px"] == "3.0 / 20.0"
    wide = cells(table, "GraphMDN (Wide)")
    assert {wide[name] for name in ("Variance, depth / across", "NLL, nats", "Calibration error, %")} == {NONE}


def test_by_action(make: Callable[..., Maker]) -> None:
    """The made actions lie at -2, 0 and +2 mm of the average."""
    maker = make(["Walking", "Sitting", "Photo"])
    maker.mixture("graphmdn", 50.0, 52.0)
    table = build(maker)["graphmdn_table1_p1"]
    here, paper = (read(table, row) for row in table.rows if row.label == "GraphMDN (Mean)")
    assert here == {
        "From": "here",
        "Walking": "49.0",
        "Sitting": "51.0",
        "Photo": "53.0",
        "Average": "51.0 ± 1.4",
        "Kernels used": "4.0 of 5",
    }
    assert paper == {
        "From": "paper",
        "Walking": "30.0",
        "Sitting": "44.0",
        "Photo": "48.5",
        "Average": "38.7",
        "Kernels used": NONE,
    }
    assert not any(row.label.endswith("‡") for row in table.rows)  # which differs in P2 only


def test_actions_whose_printed_order_is_wrong_are_left_out(make: Callable[..., Maker]) -> None:
    """errata.md, D-9."""
    maker = make(["Walking"])
    maker.point("semgcn", 50.0)
    table = build(maker)["graphmdn_table1_p1"]
    (row,) = [row for row in table.rows if row.label.startswith("SemGCN, its authors'") and row.variant is None]
    assert (read(table, row)["Walking"], read(table, row)["Average"]) == (NONE, "43.8")


def test_published_actions_stand_only_beside_actions_of_human36m(make: Callable[..., Maker]) -> None:
    maker = make(["Walking", "Climb"])
    maker.mixture("graphmdn", 50.0)
    table = build(maker)["graphmdn_table1_p1"]
    paper = [read(table, row) for row in table.rows if row.variant is None]
    assert {row["Climb"] for row in paper} == {NONE}
    assert "30.0" in {row["Walking"] for row in paper}
    assert any("Human3.6M has too: Walking" in note for note in table.notes)


def test_without_an_action_of_human36m_no_published_number_is_shown(make: Callable[..., Maker]) -> None:
    maker = make(["Climb", "Walk"])
    maker.mixture("graphmdn", 50.0)
    for protocol in ("p1", "p2"):
        table = build(maker)[f"graphmdn_table1_{protocol}"]
        assert [column.heading for column in table.columns[1:3]] == ["Climb", "Walk"]
        assert all(row.variant for row in table.rows)
        assert any(note.startswith("None of these actions") for note in table.notes)


def test_the_caption_names_preset_data_steps_and_date(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("mean_pose", 200.0, epochs=1)
    maker.point("semgcn", 50.0, epochs=4)
    maker.point("resgcn", 50.0, epochs=2)
    assert build(maker)["semgcn_table1"].caption == (
        "Preset `demo`: synthetic motion, made in code; 12,345 training and 6,789 test poses at 5 frames a second, "
        "ground-truth 2D. Trained on 2026-01-02 for 2 to 4 epochs, 200 to 400 steps. Not the papers' data, fewer "
        "epochs than stated: compare the order of the rows with the paper's, not their millimetres."
    )
    assert build(maker)["graphmdn_mixtures"].caption.endswith("Nothing of this was run.")


def test_every_definition_names_variants_and_published_rows_that_exist(make: Callable[..., Maker]) -> None:
    maker = make(list(ACTION_COLUMNS))
    assert len(build(maker)) == len(tables.definitions()) + 2
    for definition in tables.definitions().values():
        assert len(columns.legend(definition.columns)) > 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("t:\n  title: T\n  columns:\n    - p3\n  rows:\n    - label: A\n      variant: b\n", "t: no column 'p3'"),
        ("t:\n  title: T\n  columns:\n    - p1\n  rows:\n    - label: A\n", "t.rows.0.variant: field required"),
    ],
)
def test_a_bad_definition_is_refused(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "tables.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=rf"tables\.yaml: {words}"):
        tables.definitions(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"variant": "semgnc"}, "did you mean 'semgcn'"), ({"paper": "Ours (SemGNC)"}, "no row 'Ours (SemGNC)'")],
)
def test_a_row_that_names_nothing_is_refused(
    make: Callable[..., Maker], monkeypatch: pytest.MonkeyPatch, change: dict[str, str], words: str
) -> None:
    definition = tables.definitions()["semgcn_table1"]
    broken = definition.model_copy(update={"rows": (definition.rows[-1].model_copy(update=change),)})
    monkeypatch.setattr(tables, "definitions", lambda: {"semgcn_table1": broken})
    with pytest.raises(InputError) as caught:
        build(make())
    assert words in str(caught.value)


def test_every_column_has_as_many_values_as_fields_whether_run_or_not(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0)
    results, numbers = metrics.read(maker.run), published.read(maker.run.root)
    for name in COLUMNS:
        for variant in ("graphmdn", "semgcn"):
            source = columns.Source(results, numbers, variant)
            assert len(columns.cell(name, source)) == len(columns.heading(name).fields), name
