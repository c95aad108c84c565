"""The tables of detection variants say what the metrics files say, beside what the papers print."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import detection_made
import pytest
from detection_made import component, mixture
from hand_made import Maker
from reading import TABLES, cells, read

from pipeline.artifacts import InputError
from pipeline.detection.results import Mixture
from pipeline.report import build as building
from pipeline.report import components, published
from pipeline.report.cells import Cells
from pipeline.report.evidence import Evidence
from pipeline.report.quantities_detection import AP_large
from pipeline.report.render import NONE, NOT_RUN, Table

DETECTION = {name: table for name, table in TABLES.items() if name.startswith(("mdn_offset", "mixture_dense"))}


def build(maker: Maker, training_images: bool = False) -> dict[str, Table]:
    detection = maker.run.preset.detection.model_copy(update={"training_images": training_images})
    run = maker.run.model_copy(update={"preset": maker.run.preset.model_copy(update={"detection": detection})})
    found = maker.evidence
    built = building.tables(Evidence(run, found.results, found.detection), DETECTION.values())
    return {table.name: table for table in built}


VIEWS = mixture(component(0, 25.0), component(1, 74.0), front=1, back=0)
THREE_VIEWS = mixture(component(0, 3.0), component(1, 26.0), component(2, 71.0), front=2, back=1)


def test_a_row_of_table_1_by_hand(make: Callable[..., Maker]) -> None:
    """LargeHG, MDN_2: without its C1 the paper loses least, so beside it stands what we lose without the rarer one."""
    maker = make()
    detection_made.run(maker, "pose_l_mdn_2", 30.0, 34.0, mixture=VIEWS)
    assert cells(build(maker)["mdn_offset_table1"], "LargeHG, MDN_2") == {
        "AP / AR": "32.0 ± 2.8 / 37.0 ± 2.8",
        "AP / AR, paper": "52.3 / 62.0",
        "AP / AR, running statistics": "29.0 / 34.0",
        "AP50": "62.0 ± 2.8",
        "Refined: AP / AR": "34.0 / 39.0",
        "Refined: AP / AR, paper": "57.7 / 66.8",
        "Without C1: AP / AR": "10.0 / 15.0",
        "Without C1: AP / AR, paper": "40.6 / 48.1",
        "Without C2: AP / AR": "11.0 / 16.0",
        "Without C2: AP / AR, paper": "12.4 / 14.4",
        **{f"Without C{k}: AP / AR{paper}": NONE for k in (3, 4, 5) for paper in ("", ", paper")},
        "Shares of components, %": "74 / 25",
        "Parameters": "1,600,000",
        "Epochs, here / stated": "2 / 50",
        "Seeds": "2",
    }


def test_components_of_table_1_have_the_rank_that_the_papers_have() -> None:
    """Of the paper's components the one without which AP is lowest must stand beside our most frequent one."""
    numbers = published.read()
    checked = 0
    for row in TABLES["mdn_offset_table1"].rows:
        ours = {f"c{k}": name for k, name in enumerate(row.c, 1)}
        lost = {
            word: numbers.cell("mdn_offset_table1", f"{row.paper}|w/o {word.upper()}", "AP")
            for word in (f"c{k}" for k in range(1, 6))
        }
        order = sorted((word for word in lost if lost[word]), key=lambda word: float(lost[word] or 0))
        assert ours == {word: f"share_{rank}" for rank, word in enumerate(order, 1)}, row.label
        checked += len(order)
    assert checked == 2 + 3 + 5 + 2 + 3 + 5 + 2 + 3


def test_table_2_is_ordered_by_view_and_says_if_views_do_not_differ(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_mdn_2", 30.0, mixture=VIEWS)
    table = build(maker)["mdn_offset_table2"]
    rows = {row.label: cells(table, row.label) for row in table.rows}
    column = "Visible face: AP / AR"
    assert [row[column] for row in rows.values()] == [
        "43.0 / 48.0",
        "23.0 / 28.0",
        "24.0 / 29.0",
        "33.0 / 38.0",
        "34.0 / 39.0",
    ]
    printed = [row[f"{column}, paper"] for row in rows.values()]
    assert printed == ["63.4 / 70.8", "4.0 / 4.3", "60.5 / 67.0", "43.9 / 55.0", "60.6 / 69.0"]
    assert not any("do not differ" in note for note in table.notes)
    detection_made.run(maker, "pose_l_mdn_2", 30.0, mixture=mixture(component(0, 74.0), component(1, 25.0)))
    table = build(maker)["mdn_offset_table2"]
    assert cells(table, "Keep C2 (front)")["All: AP / AR"] == "20.0 / 25.0"  # the more frequent one
    (note,) = [note for note in table.notes if "do not differ in the view" in note]
    assert note.startswith("LargeHG, MDN_2, seed 0: ")


def test_visibility_against_components(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_mdn_2", 30.0, mixture=VIEWS)
    built = build(maker)
    for name in ("mdn_offset_table3", "mixture_dense_table5"):
        table = built[name]
        rows = [list(cells(table, row.label).values())[:4] for row in table.rows]
        assert rows == [
            ["20.0", "12.3", NONE, NONE],
            ["80.0", "87.7", NONE, NONE],
            ["30.0", "30.3", "25.0", "22.1"],
            ["70.0", "69.7", "75.0", "77.9"],
            ["25.0", "25.5", "26.0", "27.0"],
            ["74.0", "74.5", "75.0", "70.0"],
        ]


def test_groups_and_their_gain(make: Callable[..., Maker]) -> None:
    """Wrists are the ninth group, so 8 below: 22 of the base, 32 of MDN_2, a gain of 45.45 %."""
    maker = make()
    detection_made.run(maker, "pose_l_base", 30.0)
    detection_made.run(maker, "pose_l_mdn_2", 39.0, 41.0, mixture=VIEWS)
    built = build(maker)
    for name in ("mdn_offset_table4", "mixture_dense_table6"):
        table = built[name]
        assert cells(table, "Truth displaced by 2 px")["Wrists"] == "80.0"
        assert cells(table, "Truth displaced by 2 px")["Wrists, paper"] == "86.8"
        assert cells(table, "Base")["Wrists"] == "22.0"
        assert cells(table, "MDN_2")["Wrists"] == "32.0 ± 1.4"
        assert cells(table, "Relative improvement, %")["Wrists"] == "45.5"
    assert cells(built["mdn_offset_table4"], "Relative improvement, %")["Wrists, paper"] == "31.5"
    assert cells(built["mixture_dense_table6"], "Relative improvement, %")["Wrists, paper"] == NONE
    only_one = make()
    detection_made.run(only_one, "pose_l_mdn_2", 40.0, mixture=VIEWS)
    only_one.not_run("pose_l_base")
    assert cells(build(only_one)["mdn_offset_table4"], "Relative improvement, %")["All"] == NOT_RUN


def test_nothing_of_test_dev_is_measured_here(make: Callable[..., Maker]) -> None:
    maker = make()
    for variant in maker.run.detection_variants:
        detection_made.run(maker, variant, 30.0)
    built = build(maker)
    row = cells(built["mdn_offset_table5"], "MDN_3, flip, refined")
    assert (row["AP"], row["AP, paper"], row["APL"], row["AP on validation images"]) == (
        NOT_RUN,
        "62.9",
        NOT_RUN,
        "34.0",
    )
    row = cells(built["mixture_dense_table2"], "MDN_3, HG, 3X, flip")
    assert (row["AP"], row["AP, paper"], row["Images a second"], row["Images a second, paper"]) == (
        NOT_RUN,
        "0.416",  # a fraction, as printed
        "48.00",
        "7.47",
    )
    others = cells(built["mixture_dense_table7"], "CMU-Pose [5] (published)")
    assert (others["AP"], others["AP, paper"], others["Images a second, paper"], others["Seeds"]) == (
        NONE,
        "61.8",
        "12.98",
        NONE,
    )
    for name in ("mdn_offset_table5", "mixture_dense_table2", "mixture_dense_table7"):
        assert any(note.startswith("Test-dev: only COCO's server") for note in built[name].notes)


def test_components_of_boxes_are_compared_by_the_scale_of_their_objects(make: Callable[..., Maker]) -> None:
    """The paper's MDN_2 has large objects first: errata.md, D-22."""
    maker = make()
    detection_made.run(
        maker, "boxes_l_mdn_2", 40.0, mixture=mixture(component(0, 60.0, 20.0), component(1, 40.0, 90.0))
    )
    table = build(maker)["mixture_dense_table1"]
    assert cells(table, "MDN_2, component 1 alone")["AP"] == "31.0"
    assert cells(table, "MDN_2, component 1 alone")["APS, paper"] == "8.0"
    assert cells(table, "MDN_2, component 2 alone")["APS"] == "10.0"
    assert cells(table, "MDN_2, component 2 alone")["APS, paper"] == "22.2"
    assert cells(build(maker)["mixture_dense_components"], "HG, MDN_2") == {
        "Shares of components, %": "60 / 40",
        "Median scale, by component, px": "20 / 90",
        "Correlation with scale": "0.88",
        "Correlation with category": "0.02",
        "Variance of log scale within components": "0.125",
        "Objects' scale: 5 % / median / 95 %": "16.0 / 40.0 / 80.0",
        "Epochs, here / stated": "2 / 50",
        "Seeds": "1",
    }


def test_components_of_poses_are_front_third_and_back(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_mdn_3", 40.0, mixture=THREE_VIEWS)
    built = build(maker)
    table = built["mixture_dense_table4"]
    assert [cells(table, label)["Predictions, %"] for label in ("Front", "The third", "Back")] == [
        "71.0",
        "3.0",
        "26.0",
    ]
    assert [cells(table, label)["Predictions, %, paper"] for label in ("Front", "The third", "Back")] == [
        "73.1",
        "0.3",
        "26.6",
    ]
    front = cells(table, "Front")
    assert (front["Mean sigma: x / y"], front["Sd of sigma: x / y, paper"]) == ("52.0 / 62.0", "52 / 57")
    assert front["Left parts, positive in: x / y"] == "78.0 / 51.0"
    table = built["mixture_dense_table3"]
    assert cells(table, "MDN_3, component 1 alone (front)")["AP"] == "32.0"
    assert cells(table, "MDN_3, component 3 alone (back)")["AP"] == "31.0"


def test_speed_is_shown_beside_accuracy(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "boxes_l_base", 40.0)
    table = build(maker)["mixture_dense_speed"]
    row = cells(table, "Boxes, HG, base, flip")
    assert [row[name] for name in list(row)[:4]] == ["42.0", "48.00", "8.44", "100.00"]
    assert cells(table, "Boxes, HG, base, 5 scales")["AP"] == "44.0"
    assert cells(table, "Poses, base")["Images a second"] == NOT_RUN
    assert cells(table, "Poses, base")["Images a second, paper"] == "12.79"
    maker.run.layout.detection_speed("boxes_l_base").unlink()
    row = cells(build(maker)["mixture_dense_speed"], "Boxes, HG, base, flip")
    assert (row["AP"], row["Images a second"]) == ("42.0", NOT_RUN)


def test_the_mean_of_components_is_nothing_without_components(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_mdn_2", 40.0, mixture=mixture(component(0, 99.0), component(1, 1.0)))
    detection_made.run(maker, "pose_l_base", 30.0)
    base = maker.run.layout.metrics("pose_l_base")
    content = json.loads(base.read_text())
    del content["seeds"][0]["modes"]["mean"]
    base.write_text(json.dumps(content))
    table = build(maker)["mdn_offset_options"]
    assert cells(table, "LargeHG, MDN_2")["Mean of components: AP / AR"] == "41.0 / 46.0"
    assert cells(table, "LargeHG, MDN_2")["Shares of components, %"] == "99 / 1, collapsed"
    assert cells(table, "LargeHG, Base")["Mean of components: AP / AR"] == NONE
    assert cells(table, "LargeHG, Base")["Shares of components, %"] == NONE


def test_the_overfit_check_is_made_only_of_a_preset_that_measures_it(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base", 30.0)
    assert not any("overfit" in name for name in build(maker))
    table = build(maker, training_images=True)["mdn_offset_overfit"]
    row = cells(table, "LargeHG, Base")
    assert row["Training images: AP / AP50 / AR"] == "80.0 / 110.0 / 85.0"
    assert row["Validation images: AP / AP50 / AR"] == "30.0 / 60.0 / 35.0"
    assert any(note.startswith("An overfit check") for note in table.notes)


def test_what_was_not_run_says_so_and_keeps_the_papers_numbers(make: Callable[..., Maker]) -> None:
    built = build(make(), training_images=True)
    for name, definition in DETECTION.items():
        for row, made in zip(definition.rows, built[name].rows, strict=True):
            found = read(built[name], made)
            here = {value for heading, value in found.items() if not heading.endswith("paper")}
            assert here <= ({NOT_RUN, NONE} if row.variant else {NONE}), f"{name}: {row.label}"
            assert not row.variant or found["Seeds"] == NOT_RUN
    assert cells(built["mdn_offset_table1"], "LargeHG, Base")["AP / AR, paper"] == "46.4 / 56.1"
    assert built["mdn_offset_table1"].caption.endswith("Nothing of this was run.")


def test_every_variant_has_a_row_somewhere(make: Callable[..., Maker]) -> None:
    rows = {row.variant for table in DETECTION.values() for row in table.rows}
    assert set(make().run.detection_variants) <= rows


def test_every_column_finds_a_number_in_some_row(make: Callable[..., Maker]) -> None:
    """A path that no metrics file fills would be `-` for ever."""
    maker = make()
    for variant, settings in maker.run.detection_variants.items():
        parts = [component(k, 90.0 / (k + 2), 10.0 + k) for k in range(settings.head.total_components)]
        detection_made.run(maker, variant, 30.0, mixture=mixture(*parts, front=0, back=1) if len(parts) > 1 else None)
    for table in build(maker, training_images=True).values():
        for index, column in enumerate(table.columns):
            values = {value for row in table.rows for value in row.cells[index]}
            server = (
                "test-dev" in table.title and column.heading.startswith("AP") and "validation" not in column.heading
            )
            assert values - {NONE} if server else values - {NONE, NOT_RUN}, f"{table.name}: {column.heading}"


def test_the_caption_says_where_the_numbers_are_from(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base", 30.0)
    table = build(maker)["mixture_dense_speed"]
    words = (
        "Images made in code: 12,000 training images with 12,000 people, 500 validation images with 700 people, "
        "64 px. Small networks of the papers' build. Trained on 2026-01-02 for 2 epochs (50 stated), 2,900 steps, with "
        "this preset's own recipe. Not the papers' images, smaller networks, fewer epochs than stated: compare the "
        "order of the rows with the paper's, not their AP. With one seed alone a gap of some AP may be chance."
    )
    assert table.caption.endswith(words)
    assert table.given == "Tested on 500 validation images with 700 people (64 px)."
    detection_made.run(maker, "boxes_l_base", 30.0, 31.0, data={"source": "coco", "train_images": 80, "val_images": 79})
    caption = build(maker)["mixture_dense_speed"].caption
    assert (
        "COCO 2017: 80 training images with 21,000 objects, 79 validation images with 700 objects, 128 px." in caption
    )
    assert caption.endswith("With one seed alone or fewer than 200 validation images a gap of some AP may be chance.")


def test_the_caption_of_a_full_training_warns_of_nothing(make: Callable[..., Maker]) -> None:
    maker = make()
    data = {"source": "coco", "train_images": 64115, "val_images": 5000, "small_networks": False}
    training = {"epochs": 50, "epochs_stated": 50, "steps": 267_000, "date": "2026-01-02"}
    detection_made.run(maker, "pose_l_base", 46.0, 47.0, data=data, training=training)
    caption = build(maker)["mixture_dense_speed"].caption
    assert caption.endswith(
        "Networks as the papers have them. Trained on 2026-01-02 for 50 epochs (50 stated), 267,000 steps."
    )


def test_a_component_that_no_mixture_has_is_refused() -> None:
    with pytest.raises(InputError, match="no component 'left'"):
        components.find(Mixture.model_validate(mixture(component(0, 1.0))), "left")


def test_what_the_images_lack_is_a_dash_and_what_was_not_measured_is_not_run(make: Callable[..., Maker]) -> None:
    """Of one component there is no mean to take, so that it is a dash too."""
    maker = make()
    detection_made.run(maker, "pose_l_mdn_1", 30.0, mixture=mixture(component(0, 99.0)))
    path = maker.run.layout.metrics("pose_l_mdn_1")
    content = json.loads(path.read_text())
    modes = content["seeds"][0]["modes"]
    content["seeds"][0]["modes"] = {"plain": modes["plain"] | {"ap_large": None}}
    path.write_text(json.dumps(content))
    row = cells(build(maker)["mdn_offset_options"], "LargeHG, MDN_1")
    assert (row["Mean of components: AP / AR"], row["Flip: AP / AR"]) == (NONE, NOT_RUN)
    cell = Cells(maker.evidence, published.read(), TABLES["mdn_offset_table5"])
    assert cell.value(AP_large("pose_l_mdn_1")) == NONE


def test_a_component_without_predictions_comes_last() -> None:
    parts = [component(0, 0.0) | {"scale": None, "share": None}, component(1, 60.0, 80.0), component(2, 40.0, 20.0)]
    found = Mixture.model_validate(mixture(component(0, 0.0)) | {"components": parts})
    assert components.by_scale(found) == [2, 1, 0]
    assert components.by_share(found) == [1, 2, 0]
    assert components.find(found, "share_4") is None


@pytest.mark.parametrize(
    ("change", "words"),
    [({"variant": "pose_l_bose"}, "did you mean 'pose_l_base'"), ({"paper": "Bass"}, "nothing of 'Bass'")],
)
def test_a_row_that_names_nothing_is_refused(make: Callable[..., Maker], change: dict[str, Any], words: str) -> None:
    table = TABLES["mixture_dense_table3"]
    broken = replace(table, rows=(replace(table.rows[0], **change),))
    with pytest.raises(InputError, match=words):
        building.tables(make().evidence, [broken])


def test_headings_name_every_value_once(make: Callable[..., Maker]) -> None:
    for table in build(make()).values():
        fields = [field for column in table.columns for field in column.fields]
        assert len(set(fields)) == len(fields), table.name
