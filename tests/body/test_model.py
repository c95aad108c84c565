"""body.model: skinning by its closed forms and by its definition, and files that are whole or refused in a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bodies
import numpy as np
import pytest
import torch

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.body.model import JOINT_COUNT, JOINT_NAMES, PARENTS, BodyModel, read_body


def still(count: int) -> torch.Tensor:
    return torch.eye(3).repeat(count, JOINT_COUNT, 1, 1)


def descendants(joint: int) -> list[int]:
    found = [joint]
    for child in range(joint + 1, JOINT_COUNT):
        if PARENTS[child] in found:
            found.append(child)
    return found


@pytest.mark.parametrize("posedirs", [False, True])
def test_without_rotations_a_body_rests_where_it_is_moved_to(posedirs: bool) -> None:
    body = bodies.random_body(posedirs=posedirs)
    betas, translation = torch.randn(3, 10), torch.randn(3, 3)
    vertices, joints = body.skin(betas, still(3), translation)
    torch.testing.assert_close(vertices, body.rest_vertices(betas) + translation[:, None], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(joints, body.joints(betas) + translation[:, None], atol=1e-6, rtol=1e-5)


def test_rest_joints_are_regressed_from_rest_vertices() -> None:
    body, betas = bodies.random_body(), torch.randn(4, 10)
    torch.testing.assert_close(body.joints(betas), body.j_regressor @ body.rest_vertices(betas), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ["pelvis", "left_hip", "spine2", "right_elbow", "left_hand"])
def test_one_joint_turns_what_hangs_on_it_as_one_piece(name: str) -> None:
    """A quarter turn about z, with every vertex on one joint only."""
    soft = bodies.random_body(vertices=96)
    owner = torch.arange(96) % JOINT_COUNT
    body = BodyModel(soft.v_template, soft.shapedirs, None, soft.j_regressor, torch.eye(JOINT_COUNT)[owner], soft.faces)
    joint = JOINT_NAMES.index(name)
    rotations = still(1)
    rotations[0, joint] = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    vertices, joints = body.skin(torch.zeros(1, 10), rotations, torch.zeros(1, 3))
    centre = body.joints(torch.zeros(1, 10))[0, joint]
    for now, before, on in (
        (vertices[0], body.v_template, owner),
        (joints[0], body.joints(torch.zeros(1, 10))[0], torch.arange(JOINT_COUNT)),
    ):
        moved = torch.isin(on, torch.tensor(descendants(joint)))
        x, y, z = (before - centre).unbind(dim=1)
        turned = centre + torch.stack([-y, x, z], dim=1)
        torch.testing.assert_close(now, torch.where(moved[:, None], turned, before), atol=1e-6, rtol=1e-5)


def skinned_by_hand(body: BodyModel, betas: np.ndarray, rotations: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """The definition, vertex by vertex, with 4 x 4 matrices."""
    arrays = body.to_arrays()
    rest = arrays["v_template"] + arrays["shapedirs"] @ betas
    joints = arrays["J_regressor"] @ rest
    world: list[np.ndarray] = []
    for joint, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotations[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if joint else 0)
        world.append(local if not joint else world[parent] @ local)
    moves = []
    for joint, matrix in enumerate(world):
        back = np.eye(4)
        back[:3, 3] = -joints[joint]
        moves.append(matrix @ back)
    if "posedirs" in arrays:
        rest = rest + arrays["posedirs"] @ (rotations[1:] - np.eye(3)).reshape(-1)
    places = []
    for vertex, weights in zip(rest, arrays["weights"], strict=True):
        matrix = sum(weight * move for weight, move in zip(weights, moves, strict=True))
        places.append((matrix @ np.append(vertex, 1))[:3])
    return np.array(places) + translation


@pytest.mark.parametrize("posedirs", [False, True])
def test_skinning_is_what_its_definition_says(posedirs: bool) -> None:
    body = bodies.random_body(posedirs=posedirs)
    rotations, betas, translation = bodies.matrices(bodies.random_vectors(3)), torch.randn(3, 10), torch.randn(3, 3)
    vertices, _ = body.skin(betas, rotations, translation)
    for index in range(3):
        expected = skinned_by_hand(body, betas[index].numpy(), rotations[index].numpy(), translation[index].numpy())
        np.testing.assert_allclose(vertices[index], expected, atol=2e-6)


def test_one_shape_serves_many_poses() -> None:
    body, betas = bodies.random_body(), torch.randn(1, 10)
    rotations, translation = bodies.matrices(bodies.random_vectors(4)), torch.randn(4, 3)
    once, repeated = (body.skin(shape, rotations, translation)[0] for shape in (betas, betas.repeat(4, 1)))
    torch.testing.assert_close(once, repeated)


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("posedirs", [False, True])
def test_a_body_survives_its_file(tmp_path: Path, posedirs: bool) -> None:
    body = bodies.random_body(posedirs=posedirs)
    artifacts.write_arrays(tmp_path / "body.npz", body.to_arrays())
    again = read_body(tmp_path / "body.npz")
    for name, value in vars(body).items():
        assert (
            torch.equal(getattr(again, name), value) if isinstance(value, torch.Tensor) else value == vars(again)[name]
        )


def test_other_types_of_number_and_both_spellings_of_the_root_are_read() -> None:
    body = bodies.random_body()
    arrays = {
        key: value.astype(np.float64) if value.dtype.kind == "f" else value for key, value in body.to_arrays().items()
    }
    arrays["kintree_table"] = np.array([PARENTS, range(JOINT_COUNT)], dtype=np.int64)
    arrays["posedirs"] = np.zeros((40, 3, 207))
    again = BodyModel.from_arrays(arrays | {"bs_style": np.array("lbs")}, "body")
    assert torch.equal(again.v_template, body.v_template) and again.v_template.dtype == torch.float32
    assert again.posedirs is None  # zeros change nothing
    assert body.to_arrays()["kintree_table"][0, 0] == 4294967295


def broken(key: str, change: Callable[[np.ndarray], np.ndarray]) -> dict[str, np.ndarray]:
    arrays = bodies.random_body(posedirs=True).to_arrays()
    return arrays | {key: change(arrays[key].copy())}


def with_entry(value: float, *place: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values[place] = value
        return values

    return change


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (broken("v_template", lambda values: values[:, :2]), r"v_template: expected numbers, any x 3, got float32"),
        (broken("v_template", with_entry(np.nan, 3, 1)), r"v_template: 1 numbers are not finite"),
        (broken("v_template", lambda values: values.astype("U9")), r"v_template: expected numbers"),
        (broken("shapedirs", lambda values: values[1:]), r"shapedirs: expected numbers, 40 x 3 x any"),
        (broken("shapedirs", lambda values: values[..., :0]), r"shapedirs: expected numbers, 40 x 3 x any"),
        (broken("posedirs", lambda values: values[..., :9]), r"posedirs: expected numbers, 40 x 3 x 207"),
        (broken("J_regressor", lambda values: np.tile(values, (3, 1))), r"J_regressor: expected numbers, 24 x 40"),
        (broken("weights", lambda values: values[:, :22]), r"weights: expected numbers, 40 x 24"),
        (broken("weights", with_entry(7.0, 5, 0)), r"weights: those of vertex 5 sum to [78]\.\d+ and not 1"),
        (broken("f", with_entry(40, 2, 1)), r"f: names vertex 40 of 40"),
        (broken("f", lambda values: values.astype(np.float32)), r"f: expected triangles of integers"),
        (broken("kintree_table", lambda values: values[:, :22]), r"kintree_table: expected 2 x 24"),
        (broken("kintree_table", with_entry(9, 0, 12)), None),  # as it is
        (broken("kintree_table", with_entry(8, 0, 12)), r"kintree_table: the tree of joints is not SMPL's"),
        (broken("kintree_table", with_entry(0, 0, 0)), r"kintree_table: the tree of joints is not SMPL's"),
    ],
)
def test_a_damaged_body_is_one_line(arrays: dict[str, np.ndarray], said: str | None) -> None:
    if said is None:
        BodyModel.from_arrays(arrays, "there/body.npz")
        return
    with pytest.raises(InputError, match=rf"^there/body\.npz: {said}") as error:
        BodyModel.from_arrays(arrays, "there/body.npz")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", ["v_template", "shapedirs", "J_regressor", "weights", "kintree_table", "f"])
def test_a_missing_array_is_named(key: str) -> None:
    arrays = bodies.random_body().to_arrays()
    del arrays[key]
    with pytest.raises(InputError, match=f"^body: {key}: missing"):
        BodyModel.from_arrays(arrays, "body")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"body\.npz: missing; run the stage that writes it"):
        read_body(tmp_path / "body.npz")
