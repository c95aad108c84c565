"""The tables say what the metrics files say, beside what the papers print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import made_parts
import pytest
from hand_made import Maker
from reading import TABLES, read
from reading import cells as cells_of

from pipeline.artifacts import InputError
from pipeline.report import build as building
from pipeline.report.actions import HUMAN36M
from pipeline.report.columns_lifting import INPUT
from pipeline.report.quantities_lifting import P1, P2
from pipeline.report.render import NONE, NOT_RUN, Table

# Those on HDM05 are built for presets that test on it (tests/report/test_another_data_set.py).
LIFTING = {
    name: table
    for name, table in TABLES.items()
    if not name.startswith(("mdn_offset", "mixture_dense")) and (table.tested_on is None or None in table.tested_on)
}


def build(maker: Maker) -> dict[str, Table]:
    built = building.tables(maker.evidence, LIFTING.values())
    return {table.name: table for table in built}


def cells(table: Table, label: str) -> dict[str, str]:
    """A row as people read it: heading -> cell."""
    return cells_of(table, label, variant=True)


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
        "P1 / P2, running statistics": "60.5 / 45.5",
        "P1 / P2, frame average": "57.2 / 42.9",
        "P1 / P2, best epoch on test": "40.5 / 30.5",
        "Non-local layers, dead / all": "0.5 / 5",
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
    for without in ("P1 / P2, best epoch on test", "P1 / P2, running statistics", "Non-local layers, dead / all"):
        assert mean_pose[without] == NONE


def test_a_variant_that_was_not_run_says_so_in_every_measured_cell(make: Callable[..., Maker]) -> None:
    built = build(make())
    for name in LIFTING:
        stated = ("2D input", "lambda_M", "Channels", "P1 / P2, authors' repository")
        columns = enumerate(built[name].columns)
        measured = [n for n, column in columns if column.heading not in stated and not column.heading.endswith("paper")]
        assert measured
        for row in built[name].rows:
            said = NOT_RUN if row.variant else NONE
            assert {value for index in measured for value in row.cells[index]} == {said}, f"{name}: {row.label}"
    assert "43.8" in cells(built["semgcn_table1"], "SemGCN")["P1, paper"]  # what the paper prints stays


def test_paper_numbers_are_in_their_own_columns_only(make: Callable[..., Maker]) -> None:
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


def test_actions_printed_out_of_order_are_corrected_and_marked(make: Callable[..., Maker]) -> None:
    """errata.md, D-9: printed under Walk. is 47.3, which is WalkDog's; Walking's 40.5 stands under WalkD."""
    maker = make(["Walking", "WalkDog", "Photo"])
    maker.point("semgcn", 50.0)
    built = build(maker)
    for name, label in (("graphmdn_table1_p1", "SemGCN, its authors' schedule †"), ("semgcn_table2_p1", "SemGCN (GT)")):
        table = built[name]
        (row,) = [row for row in table.rows if row.label == label and row.variant is None]
        cells = read(table, row)
        assert cells["From"] == "paper, corrected"
        assert (cells["Walking"], cells["WalkDog"], cells["Photo"], cells["Average"]) == (
            "40.5",
            "47.3",
            "53.5",
            "43.8",
        )
        (note,) = [note for note in table.notes if "D-9" in note]
        assert "Phoning, Posing, Purchases, Sitting, SittingDown, Smoking, Photo, Waiting, Walking, WalkDog" in note
    (note,) = [note for note in built["semgcn_table2_p1"].notes if "D-9" in note]
    assert all(
        f"{row}," in note or f"{row} are" in note for row in ("Ours (HG)", "Ours (GT)", "Sun et al. [53] ICCV'17")
    )
    assert any("Yang et al. [69] CVPR'18 are printed in the order" in note for note in built["semgcn_table2_p1"].notes)


def test_a_row_in_order_is_not_called_corrected(make: Callable[..., Maker]) -> None:
    maker = make(["Walking"])
    maker.point("semgcn_one_cycle_sh", 50.0)
    table = build(maker)["graphmdn_table2_p1"]
    (row,) = [row for row in table.rows if row.label == "SemGCN" and row.variant is None]
    assert (read(table, row)["From"], read(table, row)["Walking"]) == ("paper", "53.3")


def test_a_published_row_is_marked_and_has_nothing_from_here(make: Callable[..., Maker]) -> None:
    maker = make(list(HUMAN36M))
    maker.point("semgcn", 50.0)
    maker.point("semgcn_sh", 70.0)
    built = build(maker)
    for table in built.values():
        assert all((row.variant is None) == ("(published)" in row.label) for row in table.rows if not is_spread(table))
    compact = built["semgcn_table2"]
    only = [row for row in compact.rows if row.variant is None]
    assert len(only) == 13
    for row in only:
        cells = read(compact, row)
        assert cells.pop("P1, paper") != NONE
        assert set(cells.values()) == {NONE}
    for protocol, printed in (("p1", 13), ("p2", 0)):
        table = built[f"semgcn_table2_{protocol}"]
        rows = [row for row in table.rows if row.label.endswith("(published)")]
        assert len(rows) == printed
        assert all(row.variant is None and row.cells[0][0].startswith("paper") for row in rows)
    martinez = [row for row in built["semgcn_table2_p1"].rows if row.label.startswith("Martinez")]
    (cells,) = (read(built["semgcn_table2_p1"], row) for row in martinez)
    assert (cells["Walking"], cells["WalkDog"], cells["Posing"], cells["Average"]) == ("49.5", "65.1", "55.2", "62.9")


def is_spread(table: Table) -> bool:
    return table.columns[0].heading == "From"


def test_a_paper_that_prints_no_number_by_action_has_none_there(make: Callable[..., Maker]) -> None:
    maker = make(["Walking"])
    maker.point("fully_connected", 50.0)
    built = build(maker)
    for name in ("semgcn_table3_p1", "semgcn_table3_p2", "semgcn_table2_p2"):
        assert all(row.variant for row in built[name].rows), name
        assert "The paper prints no number by action here." in built[name].notes


def test_published_actions_are_shown_only_for_actions_of_human36m(make: Callable[..., Maker]) -> None:
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


def test_the_caption_says_which_detections_and_that_no_detector_ran(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_one_cycle_sh", 50.0)
    caption = build(maker)["graphmdn_table2"].caption
    spoilt = "is noise on the true 2D joints, as detectors spoil them. Trained on 2026-01-02"
    off = f"SH (on average 9.2 px from the truth) {spoilt}"
    assert f"5 frames a second, stacked-hourglass 2D (SH). No detector ran: {off}" in caption
    assert "Not the papers' data, noise in place of a detector: compare the order" in caption


def test_noise_of_two_detectors_is_one_sentence_and_marked_in_its_rows(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_one_cycle_sh", 50.0)
    closer = made_parts.detections("cascaded_pyramid_network") | {"mean_error_px": 4.5}
    maker.point("semgcn_one_cycle_cpn", 45.0, data={"input": closer})
    table = build(maker)["graphmdn_detectors"]
    both = "SH (on average 9.2 px from the truth) and CPN (on average 4.5 px from the truth) are noise on the true 2D"
    assert f"2D (SH) and cascaded-pyramid-network 2D (CPN). No detector ran: {both} joints" in table.caption
    assert [cells(table, f"SemGCN ({name})")["2D input"] for name in ("SH", "CPN")] == ["SH (noise)", "CPN (noise)"]
    assert cells(table, "GraphMDN, mean (SH)")["2D input"] == "SH"  # not run: nobody knows
    given = "2D input: stacked-hourglass 2D (SH) and cascaded-pyramid-network 2D (CPN)"
    assert table.given == f"{given}, which is noise on the true joints here: no detector ran."
    built = build(make())
    assert built["graphmdn_detectors"].given == f"{given}."
    assert built["semgcn_table1"].given == built["semgcn_table1_p1"].given == "2D input: ground-truth 2D."


def test_the_caption_of_several_inputs_names_each_once(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn", 50.0, epochs=30)
    maker.point("semgcn_sh", 60.0, epochs=100, data={"train_poses": 12_000, "source": "human36m"})
    caption = build(maker)["semgcn_table2"].caption
    data = "12,000 to 12,345 training and 6,789 test poses at 5 frames a second"
    assert f"{data}, ground-truth 2D and stacked-hourglass 2D (SH). No detector" in caption
    assert caption.count("No detector ran") == 1
    read_from_file = made_parts.detections("stacked_hourglass") | {"source": "file", "description": None}
    maker.point("semgcn_sh", 60.0, epochs=100, data={"input": read_from_file})
    caption = build(maker)["semgcn_table2"].caption
    assert "SH is a detector's output, read from a file (on average 9.2 px from the truth). Trained" in caption
    assert "noise" not in caption


def test_the_caption_of_imported_weights(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_authors", 40.0)
    table = build(maker)["semgcn_table3"]
    assert "ground-truth 2D. Weights of the papers' authors, not trained here. Not the papers' data" in table.caption
    row = cells(table, "SemGCN, authors' weights, evaluated here")
    assert (row["P1, mm"], row["Epochs, here / stated"], row["Seeds"]) == ("40.0", NONE, NONE)
    assert row["P1 / P2, best epoch on test"] == row["P1 / P2, running statistics"] == NONE


def test_every_declared_table_is_built(make: Callable[..., Maker]) -> None:
    built = build(make(list(HUMAN36M)))
    assert len(built) == len(LIFTING) + sum(len(table.per_action) for table in LIFTING.values())
    assert all(len(table.legend) > 1 for table in built.values())


def test_tables_of_both_papers_are_spread_by_action_and_mixed_inputs_are_named(make: Callable[..., Maker]) -> None:
    run = make().run
    both = [f"{paper}_table{number}" for paper in ("semgcn", "graphmdn") for number in (1, 2, 3)]
    spread = {name: table.per_action for name, table in LIFTING.items() if table.per_action}
    assert spread == dict.fromkeys(both, (P1, P2)) | {"hgn_table5": (P1,), "hgn_table6": (P2,)}
    for name, table in LIFTING.items():
        inputs = {run.variant(row.variant).input for row in table.rows if row.variant}
        assert (INPUT in table.columns) == (len(inputs) > 1), name


def test_every_variant_has_a_row_somewhere(make: Callable[..., Maker]) -> None:
    rows = {row.variant for table in LIFTING.values() for row in table.rows}
    assert set(make().run.lifting_variants) <= rows


def test_rows_of_other_predictions_by_hand(make: Callable[..., Maker]) -> None:
    """Calibrated 0.98 of the pose's error; the best of 5 samples 0.9, of 200 0.7; a mixture's best kernel 0.8."""
    maker = make()
    maker.point("semgcn_sh", 50.0)
    maker.samples("variational_autoencoder_sh", 80.0)
    maker.mixture("mixture_without_graph_sh", 70.0)
    built = build(maker)
    calibrated = cells(built["semgcn_table3"], "SemGCN (HG), calibrated")
    assert (calibrated["P1, mm"], calibrated["P1, paper"], calibrated["2D input"]) == ("49.0", NONE, "SH (noise)")
    assert cells(built["semgcn_table3"], "SemGCN (HG)")["P1, paper"] == "61.1"
    assert cells(built["semgcn_table3"], "SemGCN")["P1, paper"] == "43.8"
    assert cells(built["semgcn_table2"], "SemGCN (HG)")["P1, paper"] == "60.8"
    table = built["graphmdn_table3"]
    rows = {number: cells(table, f"Variational auto-encoder ({number})") for number in (5, 200)}
    assert [(row["P1, mm"], row["P1, paper"], row["P2, paper"]) for row in rows.values()] == [
        ("72.0", "55.4", NONE),
        ("56.0", "46.8", "32.7"),
    ]
    mixture = cells(table, "Mixture without a graph (5)")
    assert (mixture["P1, mm"], mixture["P2, paper"], mixture["Kernels apart, mm"]) == ("56.0", "42.6", "85.0")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variant": "semgnc"}, "did you mean 'semgcn'"),
        ({"paper": "Ours (SemGNC)"}, "nothing of 'Ours (SemGNC)'"),
        ({"repository": "SemGNC|GT"}, "no row 'SemGNC|GT'"),
    ],
)
def test_a_row_that_names_nothing_is_refused(make: Callable[..., Maker], change: dict[str, Any], words: str) -> None:
    table = TABLES["semgcn_table1"]
    broken = replace(table, rows=(replace(table.rows[-1], **change),))
    with pytest.raises(InputError) as caught:
        building.tables(make().evidence, [broken])
    assert words in str(caught.value)
