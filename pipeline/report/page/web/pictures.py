"""A preset's figures inside the page: WebP in data URIs, smaller than the files in figures/."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

WIDTH = 1120  # pixels: nearly two a point of the page's widest figure
QUALITY = 74  # of WebP: a chart's lines show no traces of it


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, and its size in pixels, so that the page does not jump while it opens."""

    uri: str
    width: int
    height: int


def read(path: Path) -> Picture | None:
    """A PNG as a picture of at most WIDTH pixels; None if there is no readable file."""
    try:
        with Image.open(path) as image:
            small = image.convert("RGB")
    except (OSError, SyntaxError):  # Pillow raises both for damaged files
        return None
    small.thumbnail((WIDTH, 4 * WIDTH), Image.Resampling.LANCZOS)
    output = io.BytesIO()
    small.save(output, "WEBP", quality=QUALITY)
    uri = f"data:image/webp;base64,{base64.b64encode(output.getvalue()).decode()}"
    return Picture(uri, small.width, small.height)
