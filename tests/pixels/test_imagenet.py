"""A 2D network that begins with ImageNet's weights: from torchvision's file, which each user brings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from repository import ROOT

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import plan
from pipeline.config.code import Code
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.pixels.models import PerceptualSemGCN, ResNet, build
from pipeline.pixels.train import begin_with_imagenet

FILE = Path("data/licensed/imagenet/resnet50-0676ba61.pth")


@pytest.fixture(scope="module")
def network() -> PerceptualSemGCN:
    return build(HUMAN36M_16)


def test_resnet_50_takes_the_weights_of_torchvisions_file(network: PerceptualSemGCN, tmp_path: Path) -> None:
    torch.manual_seed(1)
    theirs = ResNet().state_dict()
    torch.save({**theirs, "fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}, tmp_path / FILE.name)
    head = network.detector.heatmaps.weight.clone()
    begin_with_imagenet(tmp_path / FILE.name, network)
    ours = network.detector.backbone.state_dict()
    assert all(torch.equal(ours[name], value) for name, value in theirs.items())
    assert torch.equal(network.detector.heatmaps.weight, head)


@pytest.mark.parametrize(
    "content", [None, {"layer": torch.zeros(1)}, {"state_dict": {}}], ids=["missing", "other", "wrapped"]
)
def test_another_file_is_one_line(network: PerceptualSemGCN, tmp_path: Path, content: object) -> None:
    path = tmp_path / FILE.name
    if content is not None:
        torch.save(content, path)
    with pytest.raises(
        InputError, match=rf"^{path}: not torchvision's weights of ResNet-50 \(.*put its file there$"
    ) as raised:
        begin_with_imagenet(path, network)
    assert "\n" not in str(raised.value)


def test_trainings_without_a_2d_network_before_them_need_the_file() -> None:
    mini = config.load("mini", ROOT)
    pixels = mini.preset.pixels.model_copy(update={"imagenet": True, "network": None})
    run = mini.model_copy(update={"preset": mini.preset.model_copy(update={"pixels": pixels})})
    needed = {
        job.options["variant"]: "data/mini/download.json" in job.inputs
        for job in plan.jobs(run, Code())
        if job.stage == "train_pixels"
    }
    assert {name for name, needs in needed.items() if needs} == {"pixels_detector", "semgcn_pixels_scratch"}
    assert len(needed) == 8
