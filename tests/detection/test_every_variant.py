"""Every detection variant of params.yaml can be trained as a small network (`detection: variants: all`)."""

from __future__ import annotations

import image_files
import numpy as np
import pytest
import torch
from repository import ROOT

from pipeline import config
from pipeline.config import DetectionVariant, uses
from pipeline.config.partial import partial
from pipeline.detection import inference
from pipeline.detection.checkpoints import seeded_model
from pipeline.detection.image_set import ImageSet
from pipeline.detection.task import DetectionSettings, DetectionTask

RUN = config.load("demo", ROOT)
NETWORKS = config.SmallNetworks(widths=(32, 40), modules=1, map_width=8, center_width=8)
STEPS = 4


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    """Four images, each with one bright person on a dark background."""
    boxes = [(10.0, 10.0, 20.0, 40.0), (30.0, 5.0, 24.0, 50.0), (8.0, 8.0, 16.0, 16.0), (20.0, 20.0, 40.0, 30.0)]
    pixels = np.zeros((4, image_files.SIDE, image_files.SIDE, 3), np.uint8)
    for image, (x, y, width, height) in zip(pixels, boxes, strict=True):
        image[int(y) : int(y + height), int(x) : int(x + width)] = 200
    people = [image_files.person(10 * (index + 1), box) for index, box in enumerate(boxes)]
    return image_files.write(tmp_path_factory.mktemp("images"), people, pixels)


@pytest.mark.parametrize("name", RUN.detection_variants)
def test_a_few_steps_lower_its_loss_and_it_predicts(name: str, images: ImageSet) -> None:
    # With the settings that its plan holds, and no others.
    variant = partial(DetectionVariant, uses.train_detection(RUN, name)["params"]["detection_variants"][name])
    model = seeded_model(variant, 1, NETWORKS, 10.0, seed=0)
    settings = DetectionSettings(input_size=image_files.SIDE, batch_size=4, augment="none", sigma_factor=0.3)
    task = DetectionTask(variant, model, images, images, settings, "cpu")
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.stack(list(task.loss(torch.arange(4), 0.0).values())).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    found = inference.predict(model, variant, images, image_files.SIDE, "cpu", 0.3, "plain")
    assert found.components == variant.head.total_components
    assert np.isfinite(found.boxes).all()
    assert (found.keypoints is not None) == (variant.task == "pose")
