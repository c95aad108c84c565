"""Images out of Human3.6M's videos: the person of each pose's own frame, where the pose says, and what is not there."""

from __future__ import annotations

from pathlib import Path

import human36m_videos as made
import numpy as np
import pytest
import torch

from pipeline.artifacts import InputError
from pipeline.data.images import films
from pipeline.data.images.films import Packed
from pipeline.data.images.settings import FilmedCrops
from pipeline.pixels.data import CropSet

SIZE = 64
SETTINGS = FilmedCrops(frames_per_second=25, size=SIZE, quality=95)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return made.videos(tmp_path_factory.mktemp("videos"))


def packed(folder: Path, members: dict[str, bytes], settings: FilmedCrops = SETTINGS, **poses: np.ndarray) -> Packed:
    of = made.poses()
    for name, values in poses.items():
        setattr(of, name, values)
    return films.pack(settings, "train", of, [made.archive(folder, members)], progress=False)


def middles(found: Packed) -> np.ndarray:
    """Where the red disc is in each image, [M, 2] px of the crop."""
    pixels = CropSet.of(found.to_arrays(), made.poses()).pixels[slice(None)].numpy().astype(int)
    red = pixels[..., 0] - pixels[..., 2] > 40
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    return np.array([(x[one].mean(), y[one].mean()) for one in red])


def test_each_image_shows_its_poses_frame(tmp_path: Path, members: dict[str, bytes]) -> None:
    found, poses = packed(tmp_path, members), made.poses()
    assert found.row.tolist() == list(range(len(poses)))
    expected = found.boxes.in_crop(torch.from_numpy(poses.keypoints_2d))[:, 0].numpy()
    assert np.abs(middles(found) - expected).max() < 0.7
    assert found.counts == {
        **{"images": len(poses), "poses": len(poses), "outside_the_picture": 0, "without_a_frame": 0},
        **{"videos_missing": [], "videos_that_end_early": []},
    }


def test_a_cut_has_the_places_of_its_box() -> None:
    """A linear ramp stays one: every pixel of the crop has the value of its own place in the picture."""
    x = np.arange(100, dtype=np.float32) + 0.5
    picture = np.broadcast_to((2 * x)[None, :, None], (90, 100, 3)).astype(np.uint8)
    crop = films.cut(picture, np.array([20.25, 10.5], np.float32), 48.0, 16)
    places = 20.25 + (np.arange(16) + 0.5) * 48 / 16
    assert np.abs(crop[..., 0] - 2 * places).max() <= 1.5


@pytest.mark.parametrize(("rate", "most", "expected"), [(25, None, 24), (12.5, None, 12), (25, 7, 7)])
def test_so_many_frames_a_second_and_at_most_so_many(
    tmp_path: Path, members: dict[str, bytes], rate: float, most: int | None, expected: int
) -> None:
    found = packed(tmp_path, members, FilmedCrops(frames_per_second=rate, size=SIZE, train=most))
    frames = made.poses().frame[found.row]
    assert len(found.row) == expected
    assert (frames % (50 / rate) == 0).all() and len(set(frames)) > 2


def test_a_video_that_ends_early_costs_its_last_images(
    tmp_path: Path, members: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"S1/Videos/TakingPhoto 1.{made.CAMERAS[1]}.mp4"
    short = made.video(tmp_path / "short.mp4", 0, 1, frames=5)  # frames 0 to 4
    found, whole = packed(tmp_path, members | {name: short}), packed(tmp_path, members)
    lost = {row for row in whole.row.tolist() if row not in found.row}
    poses = made.poses()
    assert {(int(poses.take[row]), int(poses.frame[row])) for row in lost} == {(0, 6), (0, 8), (0, 10)}
    said = "S1 Photo 1, camera 55011271: ends before frame 6"
    assert found.counts["videos_that_end_early"] == [said]
    assert (found.counts["without_a_frame"], found.counts["images"]) == (3, 21)
    assert f"warning: Human3.6M's videos, {said}\n" in capsys.readouterr().err
    assert np.array_equal(
        np.concatenate([np.frombuffer(one, np.uint8) for one in found.jpegs[:6]]),
        np.concatenate([np.frombuffer(one, np.uint8) for one in whole.jpegs[:6]]),
    )


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"no video", lambda whole: b""]
)
def test_a_damaged_video_costs_its_own_images_alone(tmp_path: Path, members: dict[str, bytes], damage) -> None:
    name = f"S1/Videos/Directions.{made.CAMERAS[0]}.mp4"
    found = packed(tmp_path, members | {name: damage(members[name])})
    assert found.counts["images"] == 18 and found.counts["without_a_frame"] == 6
    assert found.counts["videos_that_end_early"] == ["S1 Directions, camera 54138969: ends before frame 0"]


def test_a_missing_video_is_counted_and_named(tmp_path: Path, members: dict[str, bytes]) -> None:
    name = f"S1/Videos/Directions.{made.CAMERAS[0]}.mp4"
    found = packed(tmp_path, {key: value for key, value in members.items() if key != name})
    assert found.counts["videos_missing"] == ["S1 Directions, camera 54138969: not in its archive"]
    assert found.counts["images"] == 18


def test_a_person_outside_the_picture_has_no_image_and_one_at_its_edge_has(
    tmp_path: Path, members: dict[str, bytes]
) -> None:
    moved = made.poses().keypoints_2d.copy()
    moved[0] += np.array([made.WIDTH, 0])
    moved[1] -= np.array([40, 0])
    found = packed(tmp_path, members, keypoints_2d=moved)
    assert found.row.tolist() == list(range(1, 24))
    assert (found.counts["outside_the_picture"], found.counts["without_a_frame"]) == (1, 0)
    edge = CropSet.of(found.to_arrays(), made.poses()).pixels[torch.tensor([0])][0]
    assert edge[:, 0].max() < 12 and edge[:, -1].float().mean() > 40  # black, and the picture


def refused(folder: Path, members: dict[str, bytes], subject: str = "S1") -> str:
    with pytest.raises(InputError) as raised:
        films.pack(SETTINGS, "train", made.poses(subject), [made.archive(folder, members, subject)], progress=False)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_what_cannot_be_these_videos_is_one_line(tmp_path: Path, members: dict[str, bytes]) -> None:
    name = f"S1/Videos/Directions.{made.CAMERAS[0]}.mp4"
    small = made.video(tmp_path / "small.mp4", 1, 0, size=(96, 64))
    told = refused(tmp_path, members | {name: small})
    assert told == (
        "Human3.6M's videos, S1 Directions, camera 54138969: 96 x 64 px, where its camera has 160 x 128; get it again"
    )
    twice = f"S1/Videos/Photo 1.{made.CAMERAS[0]}.mp4"
    assert "S1 Photo 1, camera 54138969 is there under two names" in refused(tmp_path, members | {twice: small})
    assert refused(tmp_path, members, "S5").endswith("holds videos of S1; give the archive its name back")
    assert "no frame of the train poses is in the videos; get it again" in refused(tmp_path, {"S1/Videos/readme": b""})
    whole = made.archive(tmp_path, members)
    whole.write_bytes(whole.read_bytes()[:-400])
    with pytest.raises(InputError, match=r"Videos_S1\.tgz: truncated or damaged"):
        films.pack(SETTINGS, "train", made.poses(), [whole], progress=False)
