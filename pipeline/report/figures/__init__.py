"""Drawing a preset's figures: those whose data exist, with the reason for each of the others."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import style

WITH_IMAGES = "with_images"  # a folder of figures that git ignores
NOT_OURS = (
    f"it shows images of COCO, which may not be redistributed: the figure is in figures/{WITH_IMAGES} on the machine "
    "that drew it, and git ignores it"
)


@dataclass(frozen=True)
class Drawing:
    """A figure: its file's name, title and caption, and the function that draws it.

    `draw` raises NotRunError, with the reason, if what the figure shows was not run.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Evidence], Figure]
    shows_images: bool = False  # images of the data set, which belong to others unless they are synthetic
    paper: str = ""  # what the paper's figure shows, in a sentence


def draw_all(evidence: Evidence, drawings: Iterable[Drawing], folder: Path) -> dict[str, str | None]:
    """Write every figure as PNG and SVG. Returns for each name why it is not in `folder`, or None if it is."""
    # The report is the last stage, so all cores are free.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork"), end_with_parent) as pool:
        written = {drawing.name: pool.submit(write, evidence, drawing, folder) for drawing in drawings}
        return {name: reason.result() for name, reason in written.items()}


def end_with_parent() -> None:
    """In a process of a pool: end when the process that started it is killed, which nobody tells it."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def write(evidence: Evidence, drawing: Drawing, folder: Path) -> str | None:
    """Write one figure. Returns why it is not in `folder`. If it shows others' images, git must not see it."""
    images = evidence.run.preset.images
    others = drawing.shows_images and images is not None and images.source != "synthetic"
    try:
        with style.applied():
            figure = drawing.draw(evidence)
    except NotRunError as reason:
        return str(reason)
    style.write(figure, folder / WITH_IMAGES if others else folder, drawing.name)
    return NOT_OURS if others else None
