"""Hand-made detection variants with what their figures need: histories, speeds, and images of a known size."""

from __future__ import annotations

from pathlib import Path

import detection_made
from detection_images import SIDE
from hand_made import Maker

from pipeline import artifacts


class DetectionMaker(Maker):
    """Detection variants one by one, with what their figures need. The network's input is as large as its images."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, [])
        sizes = self.run.preset.detection.model_copy(update={"input_size": {"pose": SIDE, "boxes": SIDE}})
        self.run = self.run.model_copy(update={"preset": self.run.preset.model_copy(update={"detection": sizes})})

    def made(self, variant: str, *ap: float, components: list[dict] | None = None, collapsed: bool = False) -> None:
        """A variant with these AP in mode `plain`, one per seed; `flip` and `refined` are 2 better. No times."""
        mixture = {"components": components, "collapsed": collapsed, "full": {}} if components else None
        detection_made.run(self, variant, *ap, mixture=mixture)
        self.run.layout.detection_speed(variant).unlink()

    def timed(self, variant: str, plain: float, without: str = "") -> None:
        """Speeds relative to the plain test's, in images per second."""
        shares = {"network": 1.2, "plain": 1.0, "flip": 0.6, "scales_3": 0.2, "scales_5": 0.1}
        speeds = {mode: plain * share for mode, share in shares.items() if mode != without}
        artifacts.write_json(self.run.layout.detection_speed(variant), speeds)

    def history(self, variant: str, precisions: list[float], seed: int = 0) -> None:
        """Two rows per epoch, with AP in the one at its end."""
        lines = ["epoch,step,learning_rate,loss,val_ap,val_loss"]
        for epoch, value in enumerate(precisions, 1):
            lines.append(f"{epoch - 0.5},{10 * epoch - 5},0.001,1.0,,")
            lines.append(f"{epoch}.0,{10 * epoch},0.001,1.0,{value},1.5")
        artifacts.write_text(self.run.layout.history(variant, seed), "\n".join(lines) + "\n")
