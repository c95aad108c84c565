"""Stage build_body: a body with all that later stages read, the same every time, or a line that says why not."""

from __future__ import annotations

import json
from pathlib import Path

import bodies
import numpy as np
import planned
import pytest
import torch

from pipeline import artifacts
from pipeline.body import drawings, mesh_graphs, open_body
from pipeline.body.model import JOINT_NAMES, read_body
from pipeline.geometry import coarsening
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_17

MADE = Path("data/tiny/body")
FILES = ["body.npz", "drawings.npz", "graphs.npz", "small.npz", "summary.json"]


def ask(folder: Path, body: str) -> None:
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text() + f"body: {body}\n")


def build() -> dict:
    assert planned.stage("build_body") == 0
    assert sorted(path.name for path in MADE.iterdir()) == FILES
    return json.loads((MADE / "summary.json").read_text())


@pytest.fixture(autouse=True)
def few_orders(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The mesh's own order of vertices alone, because trying the others takes seconds; in a slow test a few more.

    The second of them already leaves 24 nodes, and of more orders the best one leaves no other number.
    """
    slow = request.node.get_closest_marker("slow") is not None
    monkeypatch.setattr(coarsening, "ORDERS_TRIED", 8 if slow else 0)


@pytest.fixture
def made_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The open body that other tests have made, for it takes seconds."""
    made = bodies.made()
    monkeypatch.setattr(open_body, "build", lambda: made)


def test_a_preset_without_a_body_has_no_such_job(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned.stage("build_body") == 2
    assert capsys.readouterr().err == "error: build_body: preset tiny has no such job\n"
    assert not MADE.exists()


def test_the_open_body_with_all_that_is_read_of_it(folder: Path, made_before: None) -> None:
    ask(folder, "open")
    summary = build()
    assert (summary["source"], summary["vertices"], summary["faces"]) == ("open", 6890, 13776)
    assert summary["shape_components"] == 10 and summary["joint_error_mm"] < 2 and summary["small_vertices"] == 1300
    body, small = read_body(MADE / "body.npz"), read_body(MADE / "small.npz")
    assert torch.equal(body.v_template, bodies.made().body.v_template) and body.posedirs is None

    graphs = MeshGraphs.from_arrays(artifacts.read_arrays(MADE / "graphs.npz"))
    for scale, graph in (("coarse", graphs.coarse), ("fine", graphs.fine)):
        assert summary["nodes"][scale] == {"real": graph.real.sum(), "fake": (~graph.real).sum()}
        assert graph.average.shape == (graph.real.sum(), 6890)
        assert graph.joint is not None and ((graph.joint >= 0) == graph.real).all()
    assert summary["level_sizes"] == graphs.sizes.tolist()

    drawn = artifacts.read_arrays(MADE / "drawings.npz")
    np.testing.assert_array_equal(drawn["faces"], small.faces)
    np.testing.assert_array_equal(drawn["t_pose"], small.v_template)
    assert drawn["shapes"].shape == (3, 2, 1300, 3) and drawn["poses"].shape == (5, 1300, 3)
    betas = torch.zeros(1, 10)
    betas[0, 1] = 2.5
    np.testing.assert_allclose(drawn["shapes"][1, 1], small.rest_vertices(betas)[0], atol=1e-6)
    assert len(set(drawn["pose_names"].tolist())) == 5
    np.testing.assert_allclose(drawn["fine_rest"], graphs.fine.average @ body.v_template.numpy(), atol=1e-6)


def test_a_node_belongs_to_the_joint_that_it_lies_at(folder: Path, made_before: None) -> None:
    ask(folder, "open")
    build()
    graphs = MeshGraphs.from_arrays(artifacts.read_arrays(MADE / "graphs.npz"))
    drawn = artifacts.read_arrays(MADE / "drawings.npz")
    at = dict(zip(JOINT_NAMES, bodies.made().body.joints(torch.zeros(1, 10))[0].numpy(), strict=True))
    for graph, places in ((graphs.coarse, drawn["coarse_rest"]), (graphs.fine, drawn["fine_rest"])):
        assert graph.joint is not None
        names = np.array(HUMAN36M_17.names)[graph.joint[graph.real]]
        assert {"LWrist", "RWrist", "LAnkle", "RAnkle", "Head"} <= set(names)
        for name, (x, y, _) in zip(names, places, strict=True):
            if name[0] in "LR":
                assert x * (1 if name[0] == "L" else -1) > -0.05, name
            if name.endswith("Ankle"):
                assert y < at["left_knee"][1]
            if name == "Head":
                assert y > at["neck"][1] - 0.05
            if name.endswith("Wrist"):
                assert abs(x) > at["left_elbow"][0]


def test_every_joint_of_smpl_has_one_of_human36m() -> None:
    assert set(mesh_graphs.HUMAN36M_NAMES) == set(JOINT_NAMES)
    assert set(mesh_graphs.HUMAN36M_JOINT.tolist()) == set(range(17))


def test_the_poses_are_what_their_names_say() -> None:
    body = bodies.small()
    _, joints = body.skin(torch.zeros(1, 10), drawings.pose_rotations(), torch.zeros(5, 3))
    at = {
        pose: dict(zip(JOINT_NAMES, places.numpy(), strict=True))
        for pose, places in zip(drawings.POSES, joints, strict=True)
    }
    walking, sitting, kicking = at["walking"], at["sitting"], at["kicking"]
    assert walking["left_ankle"][2] > 0.2 > -0.2 > walking["right_ankle"][2]  # one foot in front, one behind
    assert abs(sitting["left_knee"][1] - sitting["left_hip"][1]) < 0.1 < sitting["left_knee"][2]
    assert all(at["arms up"][f"{side}_wrist"][1] > at["arms up"]["head"][1] + 0.2 for side in ("left", "right"))
    assert kicking["right_ankle"][2] > 0.6 and abs(kicking["left_ankle"][2]) < 0.1
    assert at["bowing"]["head"][2] > 0.3
    for pose in ("walking", "sitting", "bowing"):  # arms hang, and forearms bend to the front
        for side in ("left", "right"):
            assert at[pose][f"{side}_wrist"][1] < at[pose][f"{side}_shoulder"][1]
    assert sitting["left_wrist"][2] > sitting["left_elbow"][2] > sitting["left_shoulder"][2]


def write_smpl(folder: Path) -> None:
    """The small body in SMPL's format, with pose blend shapes."""
    arrays = bodies.small().to_arrays()
    arrays["posedirs"] = np.random.default_rng(0).normal(0, 0.001, (1300, 3, 207))
    (folder / "data" / "licensed" / "smpl").mkdir(parents=True)
    np.savez(folder / "data" / "licensed" / "smpl" / "SMPL_NEUTRAL.npz", **arrays)


def test_the_users_smpl(folder: Path) -> None:
    ask(folder, "smpl")
    write_smpl(folder)
    summary = build()
    assert (summary["source"], summary["vertices"], summary["pose_blend_shapes"]) == ("smpl", 1300, True)
    body = read_body(MADE / "body.npz")
    assert torch.equal(body.v_template, bodies.small().v_template) and body.posedirs is not None


def test_without_smpls_file_one_line_says_what_to_do_and_the_folder_stays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(folder, "smpl")
    artifacts.write_json(MADE / "summary.json", {"before": True})
    assert planned.stage("build_body") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "params/tiny.yaml: body: smpl: " in error and "or take body: open" in error
    assert "data/licensed/smpl/SMPL_NEUTRAL.npz" in error and "https://smpl.is.tue.mpg.de" in error
    assert json.loads((MADE / "summary.json").read_text()) == {"before": True}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_built_again_every_file_is_the_same_to_the_byte(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(folder, "open")
    made = bodies.made()
    with monkeypatch.context() as patch:
        patch.setattr(open_body, "build", lambda: made)
        summary = build()
    before = {name: (MADE / name).read_bytes() for name in FILES}
    capsys.readouterr()
    assert build() == summary
    assert {name: (MADE / name).read_bytes() for name in FILES} == before
    assert summary["level_sizes"][-3:] == [96, 48, 24]
    assert "open body" in capsys.readouterr().err  # the bar
