"""`python -m pipeline predict` on images and videos: what it writes, and what it refuses without writing anything."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import drawn_people
import made_keypoints
import made_pictures
import numpy as np
import pytest
from made_pictures import RATE, TALL
from PIL import Image
from repository import ROOT

from pipeline.__main__ import main
from pipeline.predict.detectors import choice, package
from pipeline.predict.detectors.movenet import MoveNet
from pipeline.predict.pictures.video import Video

SIZE = ("--width", "1000", "--height", "1002")


@pytest.fixture(params=["shirts", "MoveNet"])
def detector(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """MoveNet where it has been fetched, and a detector that always works."""
    name: str = request.param
    if name == "MoveNet" and not package.is_there(ROOT):
        pytest.skip("MoveNet's weights are not here; `make detector` fetches them")
    found = made_pictures.ByShirt() if name == "shirts" else MoveNet.read(package.checked(ROOT))
    monkeypatch.setattr(choice, "load", lambda root, wanted: found)
    return name


@pytest.fixture
def by_shirt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "load", lambda root, wanted: made_pictures.ByShirt())


def predict(source: Path, *options: str) -> int:
    return main(["predict", str(source), "--output", str(source.parent / "out"), *options])


def arrays(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "predictions.npz") as file:
        return dict(file)


def test_the_people_of_a_folder_of_images(detector: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    places = [{"blue": (100, 220)}, {}, {"blue": (80, 215), "red": (240, 225)}]
    for index, feet in enumerate(places):
        made_pictures.image(folder / f"{index}.png", feet)
    (folder / "notes.txt").write_text("no image")
    assert predict(folder) == 0
    said = capsys.readouterr().out
    assert "3 poses in 2 images" in said and "look at" in said and "overlay" in said
    out = tmp_path / "out"
    found = arrays(out)
    assert found["image"].tolist() == ["0.png", "2.png", "2.png"] and found["frame"].tolist() == [0, 2, 2]
    assert (found["image_size"] == (made_pictures.WIDTH, made_pictures.HEIGHT)).all()
    assert sorted(file.name for file in (out / "overlay").iterdir()) == ["0.png.jpg", "1.png.jpg", "2.png.jpg"]
    content = json.loads((out / "keypoints.json").read_text())
    assert [image["file_name"] for image in content["images"]] == ["0.png", "1.png", "2.png"]
    wrists = [np.array(entry["keypoints"]).reshape(17, 3)[9, :2] for entry in content["annotations"]]
    true = [drawn_people.keypoints(feet, TALL)[9] for image in places for feet in image.values()]
    for place in true:
        assert min(np.linalg.norm(place - wrist) for wrist in wrists) < (25 if detector == "MoveNet" else 2)
    assert not (out / "bvh").exists()


def test_the_people_of_a_video_keep_their_numbers(detector: str, tmp_path: Path) -> None:
    assert predict(made_pictures.video(tmp_path / "film.webm")) == 0
    out = tmp_path / "out"
    found = arrays(out)
    assert sorted(set(found["person"].tolist())) == [0, 1] and len(found["person"]) >= 22
    left_most = {person: found["keypoints_2d"][found["person"] == person][:, 0, 0] for person in (0, 1)}
    steps = sorted(np.median(np.diff(places)) for places in left_most.values())
    np.testing.assert_allclose(steps, [-5, 5], atol=1.5)
    assert sorted(file.name for file in (out / "bvh").iterdir()) == ["person_0.bvh", "person_1.bvh"]
    assert f"Frame Time: {1 / RATE:.6f}" in (out / "bvh" / "person_0.bvh").read_text()
    film = cv2.VideoCapture(str(out / "overlay.webm"))
    shown = []
    while (read := film.read())[0]:
        shown.append(read[1])
    assert len(shown) == 12 and film.get(cv2.CAP_PROP_FPS) == RATE
    assert shown[0].shape == (made_pictures.HEIGHT, made_pictures.WIDTH, 3)
    plain = made_pictures.frame(made_pictures.walk()[0])[..., ::-1].astype(int)
    changed = np.abs(shown[0] - plain).max(axis=2) > 60
    assert 0.005 < changed.mean() < 0.3 and not changed[:40].any()


@pytest.mark.usefixtures("by_shirt")
def test_what_was_found_can_be_given_to_predict_again(tmp_path: Path) -> None:
    """The file of keypoints alone gives the same poses, numbers and frame rate; a corrected joint is taken over."""
    assert predict(made_pictures.video(tmp_path / "film.webm")) == 0
    (tmp_path / "again").mkdir()
    file = tmp_path / "again" / "keypoints.json"
    file.write_bytes((tmp_path / "out" / "keypoints.json").read_bytes())
    assert predict(file) == 0
    first, second = arrays(tmp_path / "out"), arrays(tmp_path / "again" / "out")
    for name in ("mean", "person", "frame", "image", "image_size", "confidence"):
        np.testing.assert_array_equal(first[name], second[name])
    animation = Path("bvh/person_1.bvh")
    assert (tmp_path / "out" / animation).read_bytes() == (tmp_path / "again" / "out" / animation).read_bytes()
    content = json.loads(file.read_text())
    content["annotations"][0]["keypoints"][27:30] = [11.0, 22.0, 1.0]
    file.write_text(json.dumps(content))
    assert predict(file, "--images", str(tmp_path / "film.webm")) == 0
    corrected = arrays(tmp_path / "again" / "out")
    np.testing.assert_array_equal(corrected["keypoints_2d"][0, 13], [11, 22])  # LWrist
    assert np.abs(corrected["mean"][0] - first["mean"][0]).max() > 1
    drawn = [next(iter(Video(path / "out" / "overlay.webm")))[1].astype(int) for path in (tmp_path, tmp_path / "again")]
    away = np.abs(drawn[0] - drawn[1]).max(axis=2) > 60
    assert away[18:26, 7:15].any() and not away[:, 200:].any()  # the new wrist; the other person is as before


@pytest.mark.usefixtures("by_shirt")
def test_an_image_is_turned_as_its_exif_data_say(tmp_path: Path) -> None:
    upright = made_pictures.frame({"red": (150, 220)})
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    Image.fromarray(np.rot90(upright)).save(tmp_path / "photo.png", exif=exif)
    assert predict(tmp_path / "photo.png") == 0
    found = arrays(tmp_path / "out")
    assert found["image_size"].tolist() == [[made_pictures.WIDTH, made_pictures.HEIGHT]]
    np.testing.assert_allclose(found["keypoints_2d"][0, 13], drawn_people.keypoints((150, 220), TALL)[9], atol=1.1)


@pytest.mark.usefixtures("by_shirt")
def test_a_second_prediction_replaces_the_first(tmp_path: Path) -> None:
    source = made_pictures.image(tmp_path / "image.png")
    assert predict(source) == 0 and predict(source) == 0
    assert (tmp_path / "out" / "overlay" / "image.png.jpg").is_file()


def truncated_jpeg(folder: Path) -> Path:
    Image.fromarray(made_pictures.frame(made_pictures.walk()[0])).save(folder / "cut.jpg")
    data = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(data[: len(data) // 2])
    return folder / "cut.jpg"


def folder_with_a_truncated_jpeg(folder: Path) -> Path:
    (folder / "images").mkdir()
    made_pictures.image(folder / "images" / "a.png")
    truncated_jpeg(folder / "images")
    return folder / "images"


def huge_png(folder: Path) -> Path:
    """A PNG of 20,000 x 20,000 px without its pixels: nobody must try to decode it."""
    parts = {b"IHDR": struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0), b"IDAT": zlib.compress(b"\0" * 100)}
    chunks = [
        struct.pack(">I", len(of)) + kind + of + struct.pack(">I", zlib.crc32(kind + of)) for kind, of in parts.items()
    ]
    (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return folder / "huge.png"


def large_png(folder: Path) -> Path:
    """One of 12,000 x 9,000 px, which PIL itself would open with a warning."""
    data = huge_png(folder).read_bytes()
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 12_000, 9_000, 8, 2, 0, 0, 0)
    (folder / "huge.png").unlink()
    (folder / "large.png").write_bytes(data[:12] + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:])
    return folder / "large.png"


def deep_png(folder: Path) -> Path:
    Image.fromarray(np.full((20, 20), 40_000, np.uint16)).save(folder / "deep.png")
    return folder / "deep.png"


def text(folder: Path) -> Path:
    (folder / "notes.txt").write_text("a text about a person")
    return folder / "notes.txt"


def text_named_video(folder: Path) -> Path:
    (folder / "film.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"nothing" * 20)
    return folder / "film.mp4"


def truncated_video(folder: Path) -> Path:
    made_pictures.video(folder / "whole.webm")
    (folder / "film.webm").write_bytes((folder / "whole.webm").read_bytes()[:200])
    return folder / "film.webm"


def empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def both_kinds(folder: Path) -> Path:
    (folder / "both").mkdir()
    made_pictures.image(folder / "both" / "a.png")
    (folder / "both" / "a.json").write_text("{}")
    return folder / "both"


def heic(folder: Path) -> Path:
    (folder / "photo.heic").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00\xff\xfe")
    return folder / "photo.heic"


FLASHES = [{}, {"blue": (60, 220)}, *[{}] * 8, {"red": (260, 215)}]
REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "empty folder": (empty_folder, "empty: has no image and no .json file; a folder holds images, or OpenPose's files"),
    "text": (text, "notes.txt: not a known format"),
    "truncated JPEG": (truncated_jpeg, "cut.jpg: not a whole image (image file is truncated"),
    "truncated JPEG in a folder": (folder_with_a_truncated_jpeg, "images/cut.jpg: not a whole image"),
    "20,000 x 20,000": (huge_png, "huge.png: has more than 100 million px, which is too large; scale it down"),
    "12,000 x 9,000": (large_png, "large.png: 12000 x 9000 px is too large (at most 100 million px); scale it down"),
    "16 bits": (deep_png, "deep.png: has more than 8 bits of each colour"),
    "HEIC": (heic, "photo.heic: not a readable image or video; convert it to JPEG, PNG, mp4 or WebM"),
    "no video": (text_named_video, "film.mp4: not a readable video (no frame can be decoded); convert it"),
    "truncated video": (truncated_video, "film.webm: not a readable video"),
    "a video of one frame": (
        lambda folder: made_pictures.video(folder / "film.webm", made_pictures.walk(1)),
        "film.webm: a video of one frame; give the frame as an image",
    ),
    "a video without people": (
        lambda folder: made_pictures.video(folder / "film.webm", [{}] * 5),
        "film.webm: shirts found nobody in its 5 frames",
    ),
    "people who flash up": (
        lambda folder: made_pictures.video(folder / "film.webm", FLASHES),
        "film.webm: nobody is found in 3 of its 11 frames; give single images",
    ),
    "an image without people": (
        lambda folder: made_pictures.image(folder / "a.png", {}),
        "a.png: shirts found nobody in its 1 images",
    ),
    "images beside keypoints": (both_kinds, "both: has images and files that could be keypoints (a.json)"),
}


@pytest.mark.usefixtures("by_shirt")
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_writes_nothing(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One line, also past Python: ffmpeg says nothing of its own."""
    make, words = REFUSED[kind]
    source = make(tmp_path)
    made_keypoints.checkpoint(source.parent, "mixture")
    before = sorted(tmp_path.rglob("*"))
    capfd.readouterr()
    assert predict(source) == 2
    said = capfd.readouterr().err
    assert said.startswith("error: ") and words in said and said.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_options_that_do_not_go_with_the_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = made_pictures.image(tmp_path / "a.png")
    assert predict(source, "--width", "100", "--height", "100") == 2
    assert "--width, --height, --layout, --fps and --images: are for keypoints" in capsys.readouterr().err
    np.savez(tmp_path / "walk.npz", keypoints=made_keypoints.human36m())
    assert predict(tmp_path / "walk.npz", "--detector", "movenet") == 2
    assert "--detector: is for images and videos" in capsys.readouterr().err
    assert predict(tmp_path / "walk.npz", "--images", str(tmp_path / "walk.npz"), *SIZE) == 2
    assert "walk.npz: expected an image, a folder of images or a video" in capsys.readouterr().err
    assert predict(tmp_path / "walk.npz", "--images", str(source), *SIZE) == 2
    assert "a.png: none of its images is frame 0, which the keypoints are of" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_a_detector_keypoints_work_and_images_say_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = str(made_keypoints.checkpoint(tmp_path, "mixture"))
    assert predict(made_pictures.image(tmp_path / "a.png"), "--model", model) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: no detector: `make detector` fetches MoveNet, or give --detector the checkpoint")
    np.savez(tmp_path / "walk.npz", keypoints=made_keypoints.human36m())
    assert predict(tmp_path / "walk.npz", *SIZE, "--model", model) == 0
