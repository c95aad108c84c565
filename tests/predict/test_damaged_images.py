"""Images with a byte changed: PIL's decoders trust their files, and one line says what is wrong with the file."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from pipeline.artifacts import InputError
from pipeline.predict.pictures.files import Images

PIXELS = np.random.default_rng(0).integers(0, 255, (24, 20, 3), dtype=np.uint8)
KINDS = {
    "JPEG": {},
    "PNG": {},
    "GIF": {},
    "BMP": {},
    "WEBP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "AVIF": {},
}
TRIES = 60


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_image_is_read_or_refused_in_one_line(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this PIL has no AVIF")
    file, chance = io.BytesIO(), random.Random(1)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS).save(file, kind, **KINDS[kind], **({} if kind in ("GIF", "BMP") else {"exif": exif}))
    whole, path = file.getvalue(), tmp_path / "mine"
    for _ in range(TRIES):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 2, 4))):
            data[chance.randrange(min(len(data), chance.choice((40, 200, 1_000_000))))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            found = Images.of_file(path)
            assert found is None or all(pixels.shape[2] == 3 for _, pixels in found)
        except InputError as error:
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
    assert capfd.readouterr().err == ""


def test_a_name_that_is_no_unicode_is_said_before_the_work(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "caf\udce9.png")
    with pytest.raises(InputError, match=r"caf.udce9.png: its name is not UTF-8; rename it"):
        Images.of_folder(tmp_path)
