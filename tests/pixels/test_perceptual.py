"""SemGCN with perceptual features: where features are read, what the gradients reach, Eq. 7."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.geometry.camera import normalize_screen
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.pixels.losses import integral_loss, joint_and_bone_loss
from pipeline.pixels.models import Crops, PerceptualSemGCN, build, roi_align
from pipeline.pixels.models.perceptual import pooled

JOINTS, SIDE = HUMAN36M_16.joint_count, 64


def small(pooling: bool = True) -> PerceptualSemGCN:
    torch.manual_seed(0)
    return build(HUMAN36M_16, (1, 1, 1, 1), 4, 8, channels=8, graph_blocks=1, pooling=pooling)


def crops(count: int) -> Crops:
    return Crops(torch.full((count,), 0.01), torch.full((count, 2), -0.3))


def joints_in(count: int, seed: int = 0) -> Tensor:
    """Joints [count, J, 2] px near the middle of images of 64 px."""
    return 20 + 24 * torch.rand(count, JOINTS, 2, generator=torch.Generator().manual_seed(seed))


def test_features_that_are_places_are_read_as_the_joints_places() -> None:
    """A map whose cells have their own x or y in px is a ramp, so its mean over a box is the box's middle."""
    maps = []
    for stride in (2, 4, 8, 16):
        centres = stride * (torch.arange(256 // stride) + 0.5)
        maps.append(torch.stack(torch.meshgrid(centres, centres, indexing="xy")).expand(2, -1, -1, -1))
    joints = 96 + joints_in(2)
    torch.testing.assert_close(pooled(maps, joints, HUMAN36M_16), joints.repeat(1, 1, 4))


def test_every_box_of_a_pose_is_as_wide_as_its_bones_are_long_on_average() -> None:
    joints = joints_in(2)
    joints[1] *= 0.5
    side = [
        np.mean([np.linalg.norm(pose[child] - pose[parent]) for parent, child in HUMAN36M_16.edges])
        for pose in joints.numpy()
    ]
    half = torch.tensor(side, dtype=torch.float32)[:, None, None] / 2
    features = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = roi_align(features, torch.cat((joints - half, joints + half), dim=-1), 1, 1 / 2, samples=4)
    torch.testing.assert_close(pooled([features], joints, HUMAN36M_16), expected.flatten(2))


def test_no_gradient_goes_through_the_boxes() -> None:
    features, joints = torch.randn(1, 2, 32, 32, requires_grad=True), joints_in(1).requires_grad_()
    pooled([features], joints, HUMAN36M_16).sum().backward()
    assert features.grad is not None and features.grad.abs().sum() > 0
    assert joints.grad is None


def test_the_papers_network_pools_1856_features_per_joint() -> None:
    """64 of conv1, 256, 512 and 1024 of the next three stages, besides the two coordinates."""
    with torch.device("meta"):
        network = build(HUMAN36M_16).to("meta")  # the skeleton's graph too
        found = network(torch.empty(1, 3, 256, 256), Crops(torch.empty(1), torch.empty(1, 2)))
    assert network.graph[0].convolution.weight.shape == (2, 2 + 64 + 256 + 512 + 1024, 128)
    assert network.graph[0].convolution.edge_scores.shape == (128, 46)  # Eq. 3: each channel has its own
    assert found.keypoints_2d.shape == (1, 16, 2) and found.joints_3d.shape == (1, 16, 3)


def test_a_crops_places_are_the_screens() -> None:
    corner, width, height = torch.tensor([[310.0, 120.0]]), 1000, 1002
    enlarged = 400 / SIDE  # px of the picture per px of the crop
    places = Crops(torch.tensor([2 * enlarged / width]), (2 * corner - torch.tensor([width, height])) / width)
    joints = joints_in(1)
    torch.testing.assert_close(places.on_screen(joints), normalize_screen(corner + enlarged * joints, width, height))


@pytest.mark.parametrize("pooling", [True, False])
def test_the_3d_loss_reaches_heatmaps_and_features(pooling: bool) -> None:
    """The heatmaps through the coordinates, the first stages through the features as well."""
    network = small(pooling)
    images = torch.randn(4, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        seen = network.detector(images)
    joint_and_bone_loss(network(images, crops(4)).joints_3d, torch.randn(4, JOINTS, 3), HUMAN36M_16).backward()
    for parameter in (network.detector.heatmaps.weight, network.detector.backbone.conv1.weight):
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0
    other = [torch.randn_like(one) for one in seen.maps]
    same = torch.equal(
        network.lift(seen.keypoints_2d, seen.maps, crops(4)), network.lift(seen.keypoints_2d, other, crops(4))
    )
    assert same != pooling


def test_learns_a_batch_by_heart() -> None:
    """Images that show nothing of the pose but which one it is: only a network that sees them can learn them."""
    network, count = small(), 8
    random = torch.Generator().manual_seed(0)
    images = torch.randn(count, 3, SIDE, SIDE, generator=random)
    places = joints_in(1).expand(count, -1, -1)
    poses = 0.3 * torch.randn(count, JOINTS, 3, generator=random)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        found = network(images, crops(count))
        loss = joint_and_bone_loss(found.joints_3d, poses, HUMAN36M_16)
        losses.append(loss.item())
        optimizer.zero_grad()
        (loss + integral_loss(found.keypoints_2d, places, SIDE)).backward()
        optimizer.step()
    assert losses[-1] < 0.2 * losses[0]


def test_eq_7_counts_every_joint_and_every_bone() -> None:
    random = torch.Generator().manual_seed(0)
    found, truth = torch.randn(2, 3, JOINTS, 3, generator=random)
    expected = 0.0
    for one, true in zip(found.numpy(), truth.numpy(), strict=True):
        expected += sum(((one[joint] - true[joint]) ** 2).sum() for joint in range(JOINTS)) / 3
        for joint, parent in enumerate(HUMAN36M_16.parents):
            if parent >= 0:
                expected += (((one[parent] - one[joint]) - (true[parent] - true[joint])) ** 2).sum() / 3
    assert joint_and_bone_loss(found, truth, HUMAN36M_16).item() == pytest.approx(expected, rel=1e-5)


def test_a_pose_that_is_moved_has_no_error_of_bones() -> None:
    truth = torch.randn(2, JOINTS, 3)
    moved = truth + torch.tensor([0.1, 0.0, 0.0])
    assert joint_and_bone_loss(moved, truth, HUMAN36M_16).item() == pytest.approx(JOINTS * 0.01, rel=1e-4)
