"""Metrics files of detection variants are read whole; a bad one is named with its field."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import detection_made
import pytest
from hand_made import Maker

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.report import loading
from pipeline.report.metrics import Statistic


def test_every_detection_variant_is_read_and_its_figures_are_over_seeds(make: Callable[..., Maker]) -> None:
    """20, 22, 27: mean 23, squares 9 + 1 + 16 = 26, over n - 1 = 2: 13."""
    maker = make()
    detection_made.run(maker, "pose_l_base", 20.0, 22.0, 27.0)
    results = loading.detection(maker.run)
    assert list(results.variants) == list(maker.run.detection_variants)
    assert results.by_seed("pose_l_base", lambda seed: seed.modes["plain"].ap) == {0: 20.0, 1: 22.0, 2: 27.0}
    found = results.over_seeds("pose_l_base", lambda seed: seed.modes["plain"].ap)
    assert found == Statistic(23.0, pytest.approx(math.sqrt(13.0)), 3)
    assert results.over_seeds("pose_l_base", lambda seed: None) is None
    assert results.over_seeds("pose_l_mdn_1", lambda seed: seed.modes["plain"].ap) is None  # not run
    assert results["pose_l_base"].speeds["flip"] == 47.0
    assert results["pose_l_mdn_1"].speeds == {}


def test_imported_weights_need_no_training(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base_authors", 55.0, training=None)
    assert loading.detection(maker.run)["pose_l_base_authors"].ran


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda content: content.pop("preset"), "preset: is missing"),
        (
            lambda content: content["seeds"][0]["modes"]["plain"].update(ap="much"),
            "seeds.0.modes.plain.ap: input should be a valid number",
        ),
        (lambda content: content.update(seeds=[]), "seeds: list should have at least 1 item"),
        (lambda content: content.update(training=None), "training: is missing though the variant was run"),
        (lambda content: content.update(preset="mini"), "is of variant pose_l_base, preset mini"),
    ],
)
def test_a_bad_file_is_one_line_with_file_field_and_remedy(
    make: Callable[..., Maker], edit: Callable[[Any], Any], words: str
) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base", 20.0)
    path = maker.run.layout.metrics("pose_l_base")
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        loading.detection(maker.run)
    message = str(caught.value)
    assert words in message
    assert "metrics/pose_l_base.json: " in message
    assert message.endswith("run `python -m pipeline evaluate_detection --variant pose_l_base` again")
    assert "\n" not in message


@pytest.mark.parametrize(("speeds", "words"), [([], "expected speeds"), ({"flip": "fast"}, "flip: expected images")])
def test_a_bad_speed_is_named(make: Callable[..., Maker], speeds: Any, words: str) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base", 20.0)
    artifacts.write_json(maker.run.layout.detection_speed("pose_l_base"), speeds)
    with pytest.raises(InputError, match=rf"pose_l_base/speed\.json: {words}"):
        loading.detection(maker.run)
