"""Quantities that claims are about, from files written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import detection_made
import numpy as np
import pandas as pd
import pytest
from hand_made import Maker
from made_parts import depth, elsewhere, meshes
from reading import judge, value

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17
from pipeline.report import body_parts, edge_weights, histories
from pipeline.report.evidence import Expression, NotRunError
from pipeline.report.quantities_lifting import P1
from pipeline.report.readers_lifting import SCENES


def test_errors_by_prediction(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0, 60.0)
    assert value(maker, "P1(graphmdn)") == {0: 50.0, 1: 60.0}  # a mixture's own is its mean
    assert value(maker, "P1(graphmdn, oracle)") == {0: 40.0, 1: 48.0}
    assert value(maker, "P2(graphmdn, mean)") == {0: 37.5, 1: 45.0}
    with pytest.raises(InputError, match="it makes no prediction 'point'"):
        value(maker, "P1(graphmdn, point)")


def test_an_error_of_one_action(make: Callable[..., Maker]) -> None:
    maker = make(["walk", "sit"])
    maker.point("semgcn", 50.0)
    found = maker.evidence.by_seed(Expression(P1, "semgcn", action="sit"))
    assert found == {0: 52.0}


def test_figures_from_the_metrics_files(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0, parameters=440357, loss={"train": -3.0, "test": 1.5})
    assert value(maker, "parameters(graphmdn)") == {0: 440357.0}
    assert value(maker, "loss_gap(graphmdn)") == {0: 4.5}
    assert value(maker, "depth_ratio(graphmdn)") == {0: 9.0}
    assert value(maker, "reprojection_px(graphmdn)") == {0: 3.0}
    assert value(maker, "depth_spread_px(graphmdn)") == {0: 20.0}
    assert value(maker, "pairwise_distance(graphmdn)") == {0: 85.0}


def test_errors_of_samples_and_of_a_calibrated_pose(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.samples("variational_autoencoder_sh", 80.0)
    maker.point("semgcn", 50.0)
    assert value(maker, "P1(variational_autoencoder_sh)") == {0: 80.0}
    assert value(maker, "P1(variational_autoencoder_sh, oracle_200)") == {0: pytest.approx(56.0)}
    assert value(maker, "P1(semgcn, calibrated)") == {0: 49.0}


def test_an_error_of_an_action_of_joints_and_of_meshes(make: Callable[..., Maker]) -> None:
    """Made joints have 1.1 times the average; the made actions lie at -2 and +2 mm of it."""
    maker = make(["walk", "sit"])
    maker.point("hgn", 50.0, 60.0, meshes=meshes(70.0, None), depth=depth(40.0))
    assert value(maker, "P1_action(hgn, sit)") == {0: 52.0, 1: 62.0}
    assert value(maker, "P1_joints(hgn, shoulders)") == {0: pytest.approx(55.0), 1: pytest.approx(66.0)}
    assert value(maker, "MPVPE(hgn, fine)") == {0: 70.0, 1: 70.0}
    assert value(maker, "depth_occluded(hgn)") == {0: 40.0, 1: 40.0}
    path = maker.run.layout.metrics("hgn")
    content = json.loads(path.read_text())
    content["seeds"][0]["predictions"]["point"]["mpjpe"]["per_joint"] |= {"LWrist": 10.0, "RWrist": 30.0}
    path.write_text(json.dumps(content))
    assert value(maker, "P1_joints(hgn, wrists)") == {0: pytest.approx(20.0), 1: pytest.approx(66.0)}
    assert value(maker, "P1_joints(hgn, RWrist)")[0] == 30.0


def test_measures_on_another_data_set_by_scene(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("hgn", 50.0, generalization=[elsewhere(80.0, *list(SCENES.values())[:3])])
    found = {scene: value(maker, f"PCK(hgn, {scene})")[0] for scene in ("all", "green_screen", "outdoor")}
    assert found == {"all": 80.0, "green_screen": 81.0, "outdoor": 83.0}
    assert value(maker, "AUC(hgn, no_green_screen)") == {0: 41.0}


def test_groups_of_joints_are_joints_of_the_skeleton() -> None:
    for part, joints in body_parts.PARTS.items():
        assert set(joints) < set(HUMAN36M_17.names), part
        assert body_parts.joints_of(part) == joints
    sided = {name[1:] for name in HUMAN36M_17.names if name.startswith("L")}
    both = [joints for joints in body_parts.PARTS.values() if len({name[1:] for name in joints} & sided) == 1]
    assert {joints[0][1:] for joints in both if len(joints) == 2} == sided


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("P1_joints(hgn, sholders)", "no part of the body 'sholders'; did you mean 'shoulders'"),
        ("MPVPE(hgn, fin)", "no mesh 'fin'; write coarse or fine"),
        ("PCK(hgn, outdor)", "no scene 'outdor'; did you mean 'outdoor'"),
    ],
)
def test_a_misspelt_part_mesh_or_scene_names_the_right_ones(make: Callable[..., Maker], text: str, words: str) -> None:
    maker = make()
    maker.point("hgn", 50.0)
    with pytest.raises(InputError) as caught:
        value(maker, text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("P1_action(semgcn, Sleep)", "no test pose of Sleep; the actions are Walking, Sitting, Photo"),
        ("P1_joints(semgcn, neck)", "semgcn: no error of Neck/Nose recorded"),
        ("MPVPE(semgcn, fine)", "semgcn: no fine mesh recorded"),
        ("depth_occluded(semgcn)", "semgcn: no error in depth recorded"),
        ("PCK(semgcn, all)", "semgcn: not tested on another data set"),
        ("depth_ratio(graphmdn)", "no pose whose best hypothesis is much better"),
        ("P1(resgcn)", "resgcn was not run"),
        ("pairwise_distance(semgcn)", "semgcn: no distance between kernels recorded"),
        ("inference_seconds_per_pose(semgcn)", "semgcn: inference_poses_per_second not recorded"),
    ],
)
def test_what_a_run_cannot_say(make: Callable[..., Maker], text: str, words: str) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0, depth_ratio=None)
    maker.point("semgcn", 50.0)
    maker.environment("semgcn", inference_poses_per_second=None)
    with pytest.raises(NotRunError, match=words):
        value(maker, text)


def test_a_value_that_is_no_number_is_none(make: Callable[..., Maker]) -> None:
    """A loss of 0 makes the roughness of its curve infinite. The table has a word in its cell, the claim a reason."""
    maker = make()
    maker.point("semgcn", 50.0, 51.0)
    maker.history("semgcn", [4.0, 0.0, *[5.0] * 10], [50.0] * 12, seed=1)
    with pytest.raises(NotRunError, match=r"roughness\(semgcn\): of seed 1 it is inf, which is no number"):
        value(maker, "roughness(semgcn)")
    verdict = judge(maker.evidence)["SG-5"]
    assert verdict.state == "not run"


def test_a_speed_that_is_no_number_is_refused(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base", 40.0)
    path = maker.run.layout.detection_speed("pose_l_base")
    path.write_text('{"plain": NaN}')
    with pytest.raises(InputError, match=r"speed\.json: plain: expected images per second, found nan; run "):
        value(maker, "images_per_second(pose_l_base)")


def test_final_loss_and_roughness_by_hand(make: Callable[..., Maker]) -> None:
    """Twelve epochs: halved, then up by a quarter, then level. (1/2 + 1/4 + 9 * 0) / 11."""
    maker = make()
    maker.point("semgcn", 50.0)
    maker.history("semgcn", [8.0, 4.0, *[5.0] * 10], [50.0] * 12)
    assert value(maker, "final_loss(semgcn)") == {0: 5.0}
    assert value(maker, "roughness(semgcn)")[0] == pytest.approx(0.75 / 11)


def test_a_short_training_is_cut_into_tenths_of_an_epoch() -> None:
    """Two epochs of 20 rows: each point is the mean of two, and an epoch's last row belongs to it."""
    epochs = np.arange(1, 41) / 20
    losses = histories.loss_curve(pd.DataFrame({"epoch": epochs, "loss": np.arange(40.0)}))
    assert losses.index.to_numpy() == pytest.approx(np.arange(1, 21) / 10)
    assert losses.tolist() == [2 * step + 0.5 for step in range(20)]


def test_times_are_stretched_to_the_stated_epochs(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn", 50.0, epochs=3)  # of 30
    maker.environment("semgcn", seconds=12.0, poses_per_second=800.0)
    assert value(maker, "stated_seconds(semgcn)") == {0: 120.0}
    assert value(maker, "poses_per_second(semgcn)") == {0: 800.0}
    assert value(maker, "inference_seconds_per_pose(semgcn)") == {0: pytest.approx(2e-5)}
    maker.environment("semgcn", poses_per_second=None)
    with pytest.raises(NotRunError, match="poses_per_second not recorded"):
        value(maker, "poses_per_second(semgcn)")


def test_edge_weights_with_nothing_learned(make: Callable[..., Maker]) -> None:
    """A joint keeps one part in (neighbours + 1) of itself; all layers are alike."""
    maker = make()
    maker.point("semgcn", 50.0)
    maker.edge_weights("semgcn", np.zeros((8, 16, 16)))
    assert value(maker, "joint_weight(semgcn, Hip)")[0] == pytest.approx(1 / 4)
    assert value(maker, "joint_weight(semgcn, Thorax)")[0] == pytest.approx(1 / 5)
    assert value(maker, "joint_weight(semgcn, RWrist)")[0] == pytest.approx(1 / 2)
    assert value(maker, "layer_correlation(semgcn)")[0] == pytest.approx(1.0)
    assert value(maker, "hop_correlation(semgcn)")[0] == pytest.approx(0.61, abs=0.005)  # as is said of SG-19


def test_layers_that_learn_opposite_weights_do_not_correlate() -> None:
    random = np.random.default_rng(0).uniform(size=(16, 16))
    assert edge_weights.layer_correlation(np.stack([random, 1 - random])) == pytest.approx(-1.0)


def test_the_weight_of_a_joint_is_what_it_keeps_of_itself() -> None:
    matrices = np.zeros((2, 16, 16))
    head = HUMAN36M_16.names.index("Head")
    matrices[:, head, head] = 0.2, 0.6
    matrices[:, head, head - 1] = 0.8, 0.4
    assert edge_weights.joint_weight(matrices, "Head") == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "seed_0/edge_weights: missing; run"),
        ({"seed_0/edge_weights": np.zeros((8, 17, 17))}, r"expected \[layers, 16, 16\], found \[8, 17, 17\]"),
    ],
)
def test_bad_edge_weights_are_one_line(make: Callable[..., Maker], arrays: dict, words: str) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    artifacts.write_arrays(maker.run.layout.evaluation("semgcn"), arrays)
    with pytest.raises(InputError, match=rf"semgcn\.npz: .*{words}"):
        value(maker, "layer_correlation(semgcn)")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "missing; run"), ("", "not a CSV"), ("epoch,step\n1,2\n", "no column 'loss'; run")],
)
def test_a_bad_history_is_one_line(make: Callable[..., Maker], content: str | None, words: str) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    path = maker.run.layout.history("semgcn", 0)
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        value(maker, "final_loss(semgcn)")
    assert "seed_0/history.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_variant_or_joint_names_the_nearest(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    with pytest.raises(InputError, match="did you mean 'semgcn'"):
        value(maker, "P1(semgnc)")
    with pytest.raises(InputError, match="did you mean 'LWrist'"):
        value(maker, "joint_weight(semgcn, LWirst)")
