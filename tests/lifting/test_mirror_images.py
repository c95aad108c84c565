"""lifting.mirror: a mirror image is what a camera sees of the mirrored person; averaging with it is symmetric."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pipeline.config import LiftingVariant
from pipeline.geometry.camera import normalize_screen, project
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.lifting.mirror import MirrorTested, mirrored
from pipeline.lifting.models import build_model
from pipeline.lifting.outputs import PoseAndMeshes

SKELETONS = pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17], ids=lambda skeleton: skeleton.name)


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@SKELETONS
@pytest.mark.parametrize("axes", [2, 3])
def test_twice_gives_the_joints_back(skeleton: Skeleton, axes: int) -> None:
    joints = draw(5, 2, skeleton.joint_count, axes)
    once = mirrored(joints, skeleton)
    assert torch.equal(mirrored(once, skeleton), joints)
    assert not torch.equal(once, joints)


@SKELETONS
def test_left_and_right_change_places_by_name(skeleton: Skeleton) -> None:
    """Joint j of the pose lies at (1 + j, 100 + j, 200 + j)."""
    number = torch.arange(float(skeleton.joint_count))
    pose = torch.stack((1 + number, 100 + number, 200 + number), dim=-1)
    found = mirrored(pose, skeleton)
    other = {"L": "R", "R": "L"}
    for joint, name in enumerate(skeleton.names):
        has_side = name[0] in other and name[1].isupper()
        source = skeleton.names.index(other[name[0]] + name[1:] if has_side else name)
        assert found[joint].tolist() == [-1 - source, 100 + source, 200 + source], name
    sides = [name for name in skeleton.names if name[0] in other and name[1].isupper()]
    assert len(sides) == 12
    assert torch.equal(mirrored(pose[:, :2], skeleton), found[:, :2])


def test_the_mirrored_pose_is_seen_at_the_mirrored_keypoints() -> None:
    """A camera whose centre is the picture's: the mirror stands upright through its axis."""
    poses = draw(20, 16, 3) + torch.tensor([0.3, 0.1, 5.0])
    focal_length, center = torch.tensor([1145.0, 1143.0]), torch.tensor([500.0, 490.0])
    person, image = (
        normalize_screen(project(joints, focal_length, center), 1000, 1002)
        for joints in (poses, mirrored(poses, HUMAN36M_16))
    )
    torch.testing.assert_close(image, mirrored(person, HUMAN36M_16), atol=1e-5, rtol=1e-5)
    # Relative to the root, as targets are: the root of the image is the image of the root.
    relative = mirrored(poses, HUMAN36M_16)
    torch.testing.assert_close(relative - relative[:, :1], mirrored(poses - poses[:, :1], HUMAN36M_16))


class Any3d(nn.Module):
    """Some function of the keypoints that knows left from right."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(draw(32, 48))

    def forward(self, keypoints_2d: Tensor) -> Tensor:
        return (keypoints_2d.flatten(1) @ self.weights).tanh().unflatten(1, (16, 3))


class Symmetric(nn.Module):
    """Every joint by its own keypoint, x odd and the rest even in x: blind to the sides."""

    def forward(self, keypoints_2d: Tensor) -> Tensor:
        x, y = keypoints_2d.unbind(dim=-1)
        return torch.stack((x * y, x.square() - y, x.abs()), dim=-1)


def test_the_prediction_by_hand() -> None:
    keypoints_2d, model = draw(7, 16, 2), Any3d()
    found = MirrorTested(model, HUMAN36M_16).eval()(keypoints_2d)
    image = keypoints_2d.clone()
    image[..., 0] *= -1
    names = HUMAN36M_16.names
    order = [names.index({"L": "R", "R": "L"}[n[0]] + n[1:]) if n[1].isupper() else names.index(n) for n in names]
    there = model(image[:, order])
    back = there[:, order] * torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(found, (model(keypoints_2d) + back) / 2)
    assert (found - model(keypoints_2d)).abs().max() > 0.1


def test_a_symmetric_model_is_left_as_it_is() -> None:
    keypoints_2d, model = draw(7, 16, 2), Symmetric()
    torch.testing.assert_close(MirrorTested(model, HUMAN36M_16).eval()(keypoints_2d), model(keypoints_2d))


def test_any_model_becomes_symmetric() -> None:
    keypoints_2d, model = draw(7, 16, 2), MirrorTested(Any3d(), HUMAN36M_16).eval()
    image = mirrored(keypoints_2d, HUMAN36M_16)
    torch.testing.assert_close(model(image), mirrored(model(keypoints_2d), HUMAN36M_16))
    plain = model.model
    assert (plain(image) - mirrored(plain(keypoints_2d), HUMAN36M_16)).abs().max() > 0.1


def test_in_training_it_is_as_it_is() -> None:
    keypoints_2d, model = draw(7, 16, 2), Any3d()
    assert torch.equal(MirrorTested(model, HUMAN36M_16).train()(keypoints_2d), model(keypoints_2d))


def test_a_variant_is_tested_with_mirror_images_if_it_says_so() -> None:
    def build(testing: bool) -> nn.Module:
        settings = {"model": {"channels": 8, "blocks": 1}, "flip": {"testing": testing}}
        torch.manual_seed(0)
        return build_model(LiftingVariant.model_validate({"paper": "sanity", "title": "a", **settings})).eval()

    plain, tested = build(False), build(True)
    assert isinstance(tested, MirrorTested) and not isinstance(plain, MirrorTested)
    keypoints_2d = draw(3, 16, 2)
    expected = (plain(keypoints_2d) + mirrored(plain(mirrored(keypoints_2d, HUMAN36M_16)), HUMAN36M_16)) / 2
    torch.testing.assert_close(tested(keypoints_2d), expected)


def test_meshes_stay_as_they_are_and_the_pose_is_averaged() -> None:
    class Hierarchical(nn.Module):
        def forward(self, keypoints_2d: Tensor) -> PoseAndMeshes:
            pose = torch.cat([keypoints_2d, keypoints_2d[..., :1]], dim=-1)
            return PoseAndMeshes(pose, pose[:, :4], pose[:, :8])

    keypoints_2d = draw(3, 17, 2)
    plain, tested = Hierarchical(), MirrorTested(Hierarchical(), HUMAN36M_17).eval()
    once, image = plain(keypoints_2d), plain(mirrored(keypoints_2d, HUMAN36M_17))
    found = tested(keypoints_2d)
    torch.testing.assert_close(found.pose, (once.pose + mirrored(image.pose, HUMAN36M_17)) / 2)
    assert torch.equal(found.coarse, once.coarse) and torch.equal(found.fine, once.fine)
