"""The page's section on the body model and its fits, from files as their stages write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hand_made import Maker

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.body.fitting import quality
from pipeline.report.page import body

FIGURES = {"frames": 1200, "mean_mm": 7.25, "p95_mm": 10.5, "worst_mm": 26.0, "spine_rotation_rad": 0.151}
FIGURES |= {"wrong_way_hinges": 2, "frames_left_out": 3}


def built(maker: Maker) -> None:
    summary = {
        "source": "open",
        "vertices": 6890,
        "joint_error_mm": 1.51,
        "nodes": {"coarse": {"real": 45, "fake": 3}, "fine": {"real": 83, "fake": 13}},
        "level_sizes": [6912, 96, 48],
        "pose_blend_shapes": False,
    }
    artifacts.write_json(maker.run.layout.body_file("summary.json"), summary)


def fitted(maker: Maker) -> None:
    folder = maker.run.layout.targets("meshes")
    totals = {"poses": 4800, "poses_left_out": 12} | FIGURES | {"largest_beta": 1.875}
    offsets = {"Hip": [0.0, 98.1, -20.0], "Neck/Nose": [0.0, 5.5, 1.0]}
    summary = {"train": totals, "test": totals | {"poses": 1600}, "data_set_offsets_mm": offsets}
    artifacts.write_json(folder / "summary.json", summary)
    rows = [
        {"split": "train", "subject": "S1", "action": "Walking"} | FIGURES,
        {"split": "test", "subject": "S9", "action": "Sitting"} | FIGURES | {"mean_mm": 9.5},
    ]
    quality.write_table(folder / "quality.csv", rows)


def test_a_preset_without_a_body_says_why(make: Callable[..., Maker]) -> None:
    maker = make()
    assert body.section(maker.run).startswith("No body in this run: build_body was not run.")
    said = body.section(maker.with_preset(body=None))
    assert said.startswith("No body in this run: preset demo has no body. Without a body HGN has no coarse meshes")
    assert "<details>" not in said


def test_a_body_that_was_not_fitted(make: Callable[..., Maker]) -> None:
    maker = make()
    built(maker)
    said = body.section(maker.run)
    assert "- source: open\n- vertices: 6,890\n- joint error mm: 1.51\n" in said
    assert "- nodes: coarse (real 45, fake 3); fine (real 83, fake 13)\n" in said
    assert "- level sizes: 6,912, 96, 48\n- pose blend shapes: no" in said
    assert said.endswith("It was not fitted to any pose: fit_body was not run.")


def test_fits_with_their_quality_folded_away(make: Callable[..., Maker]) -> None:
    maker = make()
    built(maker)
    fitted(maker)
    said = body.section(maker.run)
    head, table = said.split("<details>")
    assert "|  | poses | poses left out | frames | mean mm | p95 mm | worst mm | spine rotation rad |" in head
    assert "| train | 4,800 | 12 | 1,200 | 7.25 | 10.5 | 26 | 0.151 | 2 | 3 | 1.875 |\n| test | 1,600 | 12 |" in head
    assert "Walking" not in head
    assert "| split | subject | action | frames | mean mm | p95 mm |" in table
    assert "| test | S9 | Sitting | 1200 | 9.5 | 10.5 | 26.0 | 0.151 | 2 | 3 |" in table
    assert "Hip (0, 98.1, -20); Neck/Nose (0, 5.5, 1)." in table
    assert table.endswith("</details>")


@pytest.mark.parametrize(("content", "words"), [(None, "missing; run"), ("", "no table; run")])
def test_a_damaged_quality_table_is_one_line(make: Callable[..., Maker], content: str | None, words: str) -> None:
    maker = make()
    built(maker)
    fitted(maker)
    path = maker.run.layout.targets("meshes") / "quality.csv"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=rf"quality\.csv: {words} `python -m pipeline fit_body` again"):
        body.section(maker.run)
