"""Metrics files become means, standard deviations and counts over seeds; a bad one is named with its field."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hand_made import Maker

from pipeline.artifacts import InputError
from pipeline.report import loading, metrics
from pipeline.report.metrics import FRAMES, Statistic


def test_statistic_by_hand() -> None:
    """2, 4, 9: mean 5, squares 9 + 1 + 16 = 26, over n - 1 = 2: 13."""
    assert Statistic.of([2.0, 4.0, 9.0]) == Statistic(5.0, pytest.approx(math.sqrt(13.0)), 3)
    assert Statistic.of([7.5]) == Statistic(7.5, None, 1)


def test_errors_over_seeds(make: Callable[..., Maker]) -> None:
    maker = make(["walk", "sit"])
    maker.point("semgcn", 50.0, 52.0, 57.0)
    results = loading.lifting(maker.run)
    assert results.error("semgcn", "point", "mpjpe") == Statistic(53.0, pytest.approx(math.sqrt(13.0)), 3)
    assert results.error("semgcn", "point", "mpjpe", FRAMES).mean == pytest.approx(1.1 * 53)
    assert results.error("semgcn", "point", "p_mpjpe", metrics.action("walk")).mean == pytest.approx(0.75 * 53 - 2)
    assert results.by_seed("semgcn", "point", "mpjpe") == {0: 50.0, 1: 52.0, 2: 57.0}
    assert results.actions == ["walk", "sit"]
    assert results.error("semgcn", "mean", "mpjpe") is None
    assert results.error("resgcn", "point", "mpjpe") is None  # not run


def test_a_closed_form_counts_once_because_no_seed_plays_a_part(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("mean_pose", 200.0, 200.0)
    assert loading.lifting(maker.run).error("mean_pose", "point", "mpjpe") == Statistic(200.0, None, 1)


def test_an_action_without_test_poses_is_left_out(make: Callable[..., Maker]) -> None:
    maker = make(["walk", "sit"])
    maker.point("semgcn", 50.0)
    change(maker, "semgcn", lambda content: content["data"]["actions"].insert(0, "swim"))
    assert loading.lifting(maker.run).actions == ["walk", "sit"]


def test_a_mixture_is_judged_by_its_mean_and_may_lack_figures(make: Callable[..., Maker]) -> None:
    maker = make()
    empty = {"depth_ratio": None, "nll": None, "reprojection_px": {"mean": None, "depth_spread_px": None}}
    maker.mixture("graphmdn", 58.0, mixture=empty)
    (seed,) = loading.lifting(maker.run)["graphmdn"].seeds
    assert seed.main_prediction == "mean"
    assert seed.mixture is not None
    assert seed.mixture.depth_ratio is None
    assert seed.mixture.reprojection_px.mean is None


def test_a_file_from_before_there_were_detections_has_ground_truth(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    change(maker, "semgcn", lambda content: content["data"].pop("input"))
    found = loading.lifting(maker.run)["semgcn"].data
    assert found is not None
    assert (found.input.name, found.input.source, found.input.mean_error_px) == ("ground_truth", "projection", None)


def test_imported_weights_need_no_training(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_authors", 40.0)
    change(maker, "semgcn_authors", lambda content: content.update(training=None))
    found = loading.lifting(maker.run)["semgcn_authors"]
    assert (found.ran, found.trained_here) == (True, False)


def change(maker: Maker, variant: str, edit: Callable[[Any], Any]) -> None:
    path = maker.run.layout.metrics(variant)
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda content: content.update(schema=2), "schema: input should be 1"),
        (lambda content: content.pop("preset"), "preset: is missing"),
        (
            lambda content: content["seeds"][0]["predictions"]["point"]["mpjpe"].update(action_average="much"),
            "seeds.0.predictions.point.mpjpe.action_average: input should be a valid number",
        ),
        (lambda content: content.update(seeds=[]), "seeds: list should have at least 1 item"),
        (
            lambda content: content["data"]["input"].update(name="stacked_hourglass"),
            "data.input: is stacked_hourglass, params.yaml says ground_truth",
        ),
        (lambda content: content.update(preset="mini"), "is of variant semgcn, preset mini"),
        (
            lambda content: content["seeds"][0]["predictions"]["point"]["mpjpe"]["per_action"].update(Photo=math.nan),
            "seeds.0.predictions.point.mpjpe.per_action.Photo: is nan, which is no number",
        ),
        (
            lambda content: content["seeds"][0]["loss"].update(test=math.inf),
            "seeds.0.loss.test: is inf, which is no number",
        ),
    ],
)
def test_a_bad_file_is_one_line_with_file_field_and_remedy(
    make: Callable[..., Maker], edit: Callable[[Any], Any], words: str
) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    change(maker, "semgcn", edit)
    with pytest.raises(InputError) as caught:
        loading.lifting(maker.run)
    message = str(caught.value)
    assert words in message
    assert "metrics/semgcn.json: " in message
    assert message.endswith("run `python -m pipeline evaluate_lifting --variant semgcn` again")
    assert "\n" not in message


def test_a_list_is_no_metrics_file(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    maker.run.layout.metrics("semgcn").write_text("[]")
    with pytest.raises(InputError, match=r"semgcn\.json: input should be a valid dictionary"):
        loading.lifting(maker.run)
