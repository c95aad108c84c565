"""Images or a video at a path, told by the first bytes and not by the name."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts import InputError
from pipeline.predict.pictures import Pictures
from pipeline.predict.pictures.files import Images
from pipeline.predict.pictures.video import Video

# How files begin that are videos; ? is any byte. ISO's (mp4, mov), Matroska's (mkv, webm), AVI, ASF's (wmv), FLV, Ogg,
# and MPEG's program and transport streams.
VIDEOS = (
    *(b"????ftyp", b"????moov", b"????mdat", b"????wide", b"\x1aE\xdf\xa3", b"RIFF????AVI ", b"0&\xb2u\x8ef\xcf\x11"),
    *(b"FLV\x01", b"OggS", b"\x00\x00\x01\xba", b"G@"),
)
STILLS = (b"heic", b"heix", b"mif1", b"msf1", b"avif")  # images in ISO's format, by the brand after `ftyp`


def find(path: Path) -> Pictures | None:
    """The images or the video at a path; None if it has neither, as a file of keypoints. Raises InputError."""
    if path.is_dir():
        return Images.of_folder(path)
    if not path.is_file():
        return None
    try:
        start = path.open("rb").read(16)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if is_video(start):
        return Video(path)
    return Images.of_file(path)


def is_video(start: bytes) -> bool:
    """Whether a file with these first bytes is a video."""
    if start[4:8] == b"ftyp" and start[8:12] in STILLS:
        return False
    return any(
        len(start) >= len(kind) and all(byte in (b"?"[0], own) for byte, own in zip(kind, start, strict=False))
        for kind in VIDEOS
    )
