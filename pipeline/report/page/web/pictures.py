"""A preset's figures inside the page: WebP in data URIs, smaller than the files in figures/."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image


@dataclass(frozen=True)
class Look:
    """How large and how good the pictures of a page are."""

    width: int  # pixels, at most
    quality: int  # of WebP


# From the best to the smallest. The first has nearly two pixels for each point of the page's widest figure, and the
# lines of a chart show no traces of its compression. The last takes half its bytes.
LOOKS = (Look(1120, 74), Look(900, 66), Look(720, 58))


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, and its size in pixels, so that the page does not jump while it opens."""

    uri: str
    width: int
    height: int


def read(path: Path, look: Look) -> Picture | None:
    """A PNG as a picture; None if there is no readable file."""
    try:
        with Image.open(path) as image:
            small = image.convert("RGB")
    except (OSError, SyntaxError):  # Pillow raises both for damaged files
        return None
    small.thumbnail((look.width, 4 * look.width), Image.Resampling.LANCZOS)
    output = io.BytesIO()
    small.save(output, "WEBP", quality=look.quality)
    uri = f"data:image/webp;base64,{base64.b64encode(output.getvalue()).decode()}"
    return Picture(uri, small.width, small.height)
