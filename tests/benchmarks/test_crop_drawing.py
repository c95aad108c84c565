"""Crops of one person: how fast they are drawn, and whether their pixels tell depth."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import bodies
import filmed_bodies
import numpy as np
import pytest
import torch
from repository import ROOT
from torch import Tensor, nn
from torch.nn import functional

from pipeline import config
from pipeline.body.fitting.rotations import logarithm
from pipeline.body.model import JOINT_NAMES
from pipeline.data.images import crops
from pipeline.data.images.settings import PersonCrops
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.pixels.data import read_crops
from pipeline.pixels.models import roi_align

FEWEST = {64: 80.0, 128: 80.0}  # images per second of one core, by px: 80 are asked of two
MOST = 30.0  # times the posing of its body that a crop may cost
SIZE, TAKES, FRAMES = 64, 600, 4
PATCH = 16  # px of what the probe sees of a wrist
APART = 100.0  # mm, that the wrists differ in depth
SIDES = ("LWrist", "RWrist")


def random_arms(takes: int, seed: int) -> list[Tensor]:
    """People who face anywhere and whose arms point anywhere, so that 2D joints tell little of the arms' depth."""
    random = np.random.default_rng(seed)
    count = takes * FRAMES

    def drawn(low: float, high: float) -> Tensor:
        return torch.from_numpy(random.uniform(low, high, size=count)).float()

    vectors = torch.zeros(count, len(JOINT_NAMES), 3)
    for side, sign in (("left", -1), ("right", 1)):
        anywhere = torch.from_numpy(random.normal(size=(count, 4))).float()
        vectors[:, JOINT_NAMES.index(f"{side}_shoulder")] = logarithm(functional.normalize(anywhere, dim=1))
        vectors[:, JOINT_NAMES.index(f"{side}_elbow"), 1] = sign * drawn(0, 1.6)
    vectors[:, 0, 0] = torch.pi / 2
    return list(filmed_bodies.turned(vectors, drawn(0, 2 * np.pi)).split(FRAMES))


@pytest.mark.benchmark
def test_crops_per_second() -> None:
    filmed = filmed_bodies.filmed(random_arms(20, seed=0))
    for size, fewest in FEWEST.items():
        spent = []
        for _ in range(3):
            begin = time.process_time()  # what else the machine does counts little
            made = crops.render(PersonCrops(size=size), "train", filmed.poses, filmed.fitted, filmed.body)
            spent.append(time.process_time() - begin)
        rate = len(made.row) / min(spent)
        print(f"\n{size} px: {rate:.0f} crops per second of a core")
        assert rate >= fewest, size


@pytest.mark.benchmark
def test_drawing_a_crop_costs_few_skinnings() -> None:
    """A ratio, which does not depend on the machine: a crop against posing its body, which every renderer needs."""
    filmed = filmed_bodies.filmed(random_arms(16, seed=0))
    rotations = bodies.matrices(torch.from_numpy(filmed.fitted["rotations"]))
    betas, place = torch.zeros(1, filmed.body.shape_count), torch.zeros(len(rotations), 3)
    taken: dict[str, list[float]] = {"skinning": [], "crop": []}
    for _ in range(5):
        begin = time.process_time()
        filmed.body.skin(betas, rotations, place)
        taken["skinning"].append((time.process_time() - begin) / len(rotations))
        begin = time.process_time()
        made = crops.render(PersonCrops(size=SIZE), "train", filmed.poses, filmed.fitted, filmed.body)
        taken["crop"].append((time.process_time() - begin) / len(made.row))
    skinning, crop = (statistics.median(values) for values in taken.values())
    print(f"\nskinning {1000 * skinning:.2f} ms, a crop {1000 * crop:.2f} ms: {crop / skinning:.1f} times")
    assert crop / skinning < MOST


class Probe(nn.Module):
    """Which wrist is nearer: from 2D joints, from a patch of pixels at each wrist, or from both."""

    def __init__(self, joints: bool, pixels: bool, numbers: int) -> None:
        super().__init__()
        self.joints, self.pixels = joints, pixels
        self.from_joints = nn.Sequential(
            nn.Linear(numbers, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1)
        )
        layers: list[nn.Module] = []
        for inputs, outputs, stride in ((3, 16, 1), (16, 32, 2), (32, 32, 2)):
            layers += [nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        flat = nn.Linear(32 * (PATCH // 4) ** 2, 1)
        self.nearness = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), flat)

    def forward(self, joints: Tensor, patches: Tensor) -> Tensor:
        """The logit [B] of the left wrist being nearer; joints [B, 2 J], patches [B, 2, 3, PATCH, PATCH]."""
        left, right = self.nearness(patches.flatten(0, 1)).view(-1, 2).unbind(dim=1)
        return self.joints * self.from_joints(joints).squeeze(1) + self.pixels * (left - right)


def seen(takes: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """What the probe sees of people whose arms point anywhere."""
    filmed = filmed_bodies.filmed(random_arms(takes, seed))
    made = crops.render(
        PersonCrops(size=SIZE, occluders=0, seed=seed), "train", filmed.poses, filmed.fitted, filmed.body
    )
    places = made.boxes.in_crop(torch.from_numpy(filmed.poses.keypoints_2d[made.row]))
    depths = torch.from_numpy(filmed.poses.joints_3d[made.row])[..., 2]
    return examples(torch.from_numpy(made.pixels), places, depths, HUMAN36M_17)


def examples(pixels: Tensor, places: Tensor, depths: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor, Tensor]:
    """Joints [B, 2 J], patches at the wrists, and whether the left one is nearer [B], where that is clear.

    For images [N, S, S, 3], joints [N, J, 2] px of them and their depths [N, J] mm.
    """
    size, wrists = pixels.shape[1], [skeleton.names.index(name) for name in SIDES]
    left, right = depths[:, wrists].unbind(dim=1)
    images = pixels.permute(0, 3, 1, 2) / 255 - 0.5
    boxes = torch.cat((places[:, wrists] - size / 8, places[:, wrists] + size / 8), dim=-1)
    apart = (left - right).abs() > APART
    joints = 4 * ((places - places[:, :1]) / size).flatten(1)
    return joints[apart], roi_align(images, boxes, PATCH)[apart], (left < right).float()[apart]


def right_answers(training: tuple[Tensor, ...], test: tuple[Tensor, ...], joints: bool, pixels: bool) -> float:
    """The share of test images whose nearer wrist a trained probe names."""
    torch.manual_seed(0)
    probe, epochs, batch = Probe(joints, pixels, training[0].shape[1]), 4 if pixels else 12, 64
    optimizer = torch.optim.AdamW(probe.parameters())
    steps = epochs * (len(training[0]) // batch)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        rows = torch.randint(len(training[0]), (batch,))
        logits = probe(training[0][rows], training[1][rows])
        optimizer.zero_grad()
        functional.binary_cross_entropy_with_logits(logits, training[2][rows]).backward()
        optimizer.step()
    probe.eval()
    with torch.no_grad():
        return ((probe(test[0], test[1]) > 0) == (test[2] > 0)).float().mean().item()


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def compared(training: tuple[Tensor, ...], test: tuple[Tensor, ...]) -> tuple[float, ...]:
    """The right answers from 2D joints, from pixels and from both."""
    shares = [right_answers(training, test, *reads) for reads in ((True, False), (False, True), (True, True))]
    print(f"\n{len(training[0])} images, {len(test[0])} for the test: ", end="")
    print("2D joints {:.1%}, pixels {:.1%}, both {:.1%}".format(*shares))
    assert 0.45 < test[2].mean() < 0.55  # guessing is right in half
    return tuple(shares)


@pytest.mark.benchmark
@pytest.mark.usefixtures("one_thread")
def test_pixels_tell_which_wrist_is_nearer_beyond_what_2d_joints_do() -> None:
    """For people of other takes, with other clothes and lamps. About a minute of a core."""
    joints, pixels, both = compared(seen(TAKES, seed=0), seen(100, seed=1))
    assert pixels > 0.65
    assert both > joints + 0.02


@pytest.mark.benchmark
@pytest.mark.usefixtures("one_thread")
def test_minis_pixels_tell_which_wrist_is_nearer() -> None:
    """On recorded motion, seen by people's own cameras; whether they add to what 2D joints tell is printed."""
    run = config.load("mini", ROOT)
    if not run.layout.crops.exists():
        pytest.skip("run `snakemake --config preset=mini --until prepare_crops` first")
    found = []
    for data in read_crops(run, "cpu").values():
        rows = slice(None)
        depths = data.targets_of(rows)[..., 2] * 1000
        found.append(examples(data.pixels[rows], data.keypoints_of(torch.arange(len(data))), depths, HUMAN36M_16))
    _, pixels, _ = compared(*found)
    assert pixels > 0.65
