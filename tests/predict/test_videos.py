"""pipeline/predict/pictures/video.py: what is written is read again, and a full disk is noticed."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import made_pictures
import numpy as np
import pytest

from pipeline import failures
from pipeline.predict.pictures.finding import is_video
from pipeline.predict.pictures.video import Video


def test_the_frames_of_a_video_come_back(tmp_path: Path) -> None:
    film = Video(made_pictures.video(tmp_path / "film.webm"))
    assert (film.count, film.frames_per_second) == (12, made_pictures.RATE)
    frames = dict(film)
    assert list(frames) == [f"frame {number}" for number in range(12)]
    for feet, image in zip(made_pictures.walk(), frames.values(), strict=True):
        away = np.abs(image.astype(int) - made_pictures.frame(feet))
        assert away.mean() < 6  # VP8 loses little, and red stays red
    assert len(dict(film)) == 12  # a second time too


@pytest.fixture
def small_disk() -> Iterator[None]:
    """A limit of 3000 bytes for a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_noticed(tmp_path: Path) -> None:
    """OpenCV says nothing, and the file's header still names all frames."""
    with pytest.raises(OSError, match="of 12 frames could be written") as caught:
        made_pictures.video(tmp_path / "film.webm")
    assert "film.webm: only" in str(failures.line(caught.value))


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", True),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", False),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81", True),
        (b"RIFF\x00\x10\x00\x00AVI LIST", True),
        (b"RIFF\x00\x10\x00\x00WEBPVP8 ", False),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", False),
        (b'[{"image_id": 1,', False),
        (b"", False),
    ],
)
def test_videos_are_told_by_their_first_bytes(start: bytes, expected: bool) -> None:
    assert is_video(start) is expected
