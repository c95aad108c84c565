"""What the page says of bodies and fits, from files as their stages leave them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hand_made import Maker

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.report import bodies

QUALITY = "split,subject,action,frames,mean_mm,left_out\ntrain,S1,Walking,1200,7.25,3\ntest,S9,Sitting,800,9.5,0\n"


def built(maker: Maker) -> None:
    artifacts.write_json(maker.run.layout.body_file("status.json"), {"status": "run", "reason": None})
    summary = {
        "source": "open",
        "vertices": 6890,
        "joint_error_mm": 1.51234,
        "real_nodes": {"coarse": 45, "fine": 83},
        "levels": [48, 96],
        "posedirs": False,
    }
    artifacts.write_json(maker.run.layout.body_file("summary.json"), summary)


def fitted(maker: Maker) -> None:
    artifacts.write_json(maker.run.layout.targets_status("meshes"), {"status": "run", "reason": None})
    folder = maker.run.layout.targets("meshes")
    artifacts.write_json(folder / "summary.json", {"schema": 1, "frames": 2000, "mean_residual_mm": 8.15})
    artifacts.write_text(folder / "quality.csv", QUALITY)


def test_a_preset_without_a_body_says_why(make: Callable[..., Maker]) -> None:
    maker = make()
    assert bodies.section(maker.run).startswith("No body in this run: build_body was not run.")
    status = {"status": "not run", "reason": "the preset has no body"}
    artifacts.write_json(maker.run.layout.body_file("status.json"), status)
    said = bodies.section(maker.run)
    assert said.startswith("No body in this run: the preset has no body. Without one there are no coarse meshes")
    assert "<details>" not in said


def test_a_body_that_was_not_fitted(make: Callable[..., Maker]) -> None:
    maker = make()
    built(maker)
    said = bodies.section(maker.run)
    assert "- source: open\n- vertices: 6,890\n- joint error mm: 1.512\n" in said
    assert "- real nodes: coarse 45; fine 83\n- levels: 48, 96\n- posedirs: no" in said
    assert said.endswith("It was fitted to no pose: fit_body was not run.")


def test_fits_with_their_quality_folded_away(make: Callable[..., Maker]) -> None:
    maker = make()
    built(maker)
    fitted(maker)
    said = bodies.section(maker.run)
    assert "- frames: 2,000\n- mean residual mm: 8.15" in said
    assert "schema" not in said
    head, table = said.split("<details>")
    assert "Walking" not in head
    assert (
        "| split | subject | action | frames | mean mm | left out |\n| --- | --- | --- | ---: | ---: | ---: |" in table
    )
    assert "| train | S1 | Walking | 1200 | 7.25 | 3 |" in table
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
        bodies.section(maker.run)
