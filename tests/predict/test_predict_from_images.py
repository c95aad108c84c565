"""`predict` with a network that reads images: everybody is cut out of their picture, and nobody is lost in silence."""

from __future__ import annotations

from pathlib import Path

import made_keypoints
import made_pictures
import numpy as np
import pytest
import torch
from PIL import Image

from pipeline import config
from pipeline.__main__ import main
from pipeline.config.pixels import PixelsSettings, SmallResNet
from pipeline.pixels.checkpoints import save_model, seeded_model
from pipeline.pixels.lifter import load
from pipeline.pixels.models import Crops, normalized
from pipeline.predict.detectors import choice
from pipeline.predict.human36m import to_human36m
from pipeline.predict.keypoints.layouts import COCO_17
from pipeline.predict.looking import Boxes, cut
from pipeline.predict.pictures.video import Video

SIZE = 32
NETWORK = SmallResNet(blocks=(1, 1, 1, 1), width=4, deconvolution_width=8)


def checkpoint(folder: Path, stage: str = "all") -> Path:
    """A network that was not trained."""
    variant = config.load("demo", Path(__file__).parents[2]).variant("semgcn_pixels")
    variant = variant.model_copy(update={"pixels": PixelsSettings.model_validate({"stage": stage})})
    path = folder / "checkpoint.pt"
    save_model(path, "semgcn_pixels", variant, NETWORK, SIZE, 0, 1, seeded_model(variant, NETWORK, 0).state_dict())
    return path


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """Keypoints of three images, and the images in a folder beside them."""
    places = made_keypoints.coco()[:3]
    (tmp_path / "images").mkdir()
    random = np.random.default_rng(0)
    for index in range(len(places)):
        pixels = random.integers(0, 255, (made_keypoints.HEIGHT, made_keypoints.WIDTH, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{index:03d}.jpg", quality=95)
    return made_keypoints.write(tmp_path / "walk.json", made_keypoints.coco_annotations(places))


def predict(source: Path, model: Path, *options: str) -> int:
    return main(["predict", str(source), "--output", str(source.parent / "out"), "--model", str(model), *options])


def test_the_poses_are_those_of_the_network_on_the_crops(walk: Path, tmp_path: Path) -> None:
    path = checkpoint(tmp_path)
    assert predict(walk, path, "--images", str(tmp_path / "images")) == 0
    with np.load(tmp_path / "out" / "predictions.npz") as file:
        found = file["mean"]
    model, width, height = load(path), made_keypoints.WIDTH, made_keypoints.HEIGHT
    joints = to_human36m(made_keypoints.coco()[1:2], np.zeros((1, 17), bool), np.ones((1, 17)), COCO_17)[0]
    boxes = Boxes.around(joints, np.ones((1, 17), bool))
    image = np.asarray(Image.open(tmp_path / "images" / "001.jpg"))
    pixels = torch.from_numpy(cut(image, boxes.corner[0], float(boxes.side[0]), SIZE).copy())[None]
    scale, shift = 2 * boxes.side / SIZE / width, (2 * boxes.corner - [width, height]) / width
    crops = Crops(torch.tensor(scale).float(), torch.tensor(shift).float())
    with torch.no_grad():
        pose = 1000 * model.model(normalized(pixels), crops).joints_3d[0].numpy()
    pose[0] = 0
    np.testing.assert_allclose(found[1], pose, rtol=1e-3, atol=0.5)


def test_a_cut_is_the_square_and_black_beyond_the_image() -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    image[:20] = 100
    part = cut(image, np.array([-20.0, 0.0]), 40.0, 20)
    assert part.shape == (20, 20, 3)
    assert (part[:, :10] == 0).all()
    assert (part[:10, 10:] == 100).all() and (part[10:, 10:] == 200).all()
    assert (cut(image, np.array([500.0, 500.0]), 10.0, 8) == 0).all()


def test_a_box_is_around_the_joints_that_were_found() -> None:
    joints = np.array([[[10.0, 20.0], [30.0, 60.0], [900.0, 900.0]]])
    there = np.array([[True, True, False]])
    boxes = Boxes.around(joints, there)
    assert boxes.side == pytest.approx([1.3 * 40])
    assert boxes.corner[0] == pytest.approx([20 - 26, 40 - 26])
    size = np.array([[100.0, 100.0]])
    assert not boxes.outside(size)[0]
    assert Boxes(np.array([[100.0, 0.0]]), np.array([5.0])).outside(size)[0]
    assert Boxes(np.array([[-5.0, 0.0]]), np.array([5.0])).outside(size)[0]


def test_people_outside_their_images_are_counted_and_kept(
    walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = made_keypoints.coco()[:3]
    places[1, :, 0] += 2 * made_keypoints.WIDTH
    made_keypoints.write(walk, made_keypoints.coco_annotations(places))
    assert predict(walk, checkpoint(tmp_path), "--images", str(tmp_path / "images")) == 0
    assert "note: 1 of 3 people are outside their images, so the model saw nothing" in capsys.readouterr().out
    with np.load(tmp_path / "out" / "predictions.npz") as file:
        assert len(file["mean"]) == 3


def test_what_it_cannot_see_is_one_line(walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = checkpoint(tmp_path)
    assert predict(walk, model) == 2
    (tmp_path / "images" / "001.jpg").unlink()
    assert predict(walk, model, "--images", str(tmp_path / "images")) == 2
    assert predict(walk, checkpoint(tmp_path, "detector"), "--images", str(tmp_path / "images")) == 2
    first, second, third = capsys.readouterr().err.splitlines()
    assert "reads images; give images or a video, or the keypoints' images with --images" in first
    assert "has no image 001.jpg, in which 1 of 3 people are" in second
    assert "semgcn_pixels gives no 3D pose of an image; name a later stage's" in third
    assert not (tmp_path / "out").exists()


def test_a_video_that_ends_early_is_used_as_far_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(choice, "load", lambda root, wanted: made_pictures.ByShirt())
    path = made_pictures.video(tmp_path / "walk.webm")
    frames = Video.__iter__

    def cut_off(video: Video):
        yield from list(frames(video))[:8]

    monkeypatch.setattr(Video, "__iter__", cut_off)
    assert predict(path, checkpoint(tmp_path)) == 0
    said = capsys.readouterr().out
    assert f"note: {path} ends after 8 of 12 frames; they are all used" in said
    assert "8 poses in" in said or "16 poses in" in said
