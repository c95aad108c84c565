"""Hand-made results of detection variants for figures: metrics in memory; histories and example images as files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from made_parts import detection_variant

from pipeline import artifacts, config
from pipeline.geometry import coco_keypoints
from pipeline.report.evidence import Evidence
from pipeline.report.figures.skeleton import TEMPLATE
from pipeline.report.metrics import DetectionResults, Results

SIDE = 64  # px of the made pictures; also the made network's input
JOINTS = {"shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "hip": "Hip", "knee": "Knee", "ankle": "Ankle"}
FACE = {"nose": (0.0, 0.76), "left_eye": (0.04, 0.81), "left_ear": (0.09, 0.79), "right_eye": (-0.04, 0.81)}


def person(back: bool = False) -> np.ndarray:
    """COCO's keypoints [17, 2] in a unit square, y down; seen from the back the left is on the picture's left."""
    face = FACE | {"right_ear": (-0.09, 0.79)}
    places = []
    for name in coco_keypoints.NAMES:
        side, _, part = name.partition("_")
        places.append(face[name] if name in face else TEMPLATE[f"{side[0].upper()}{JOINTS[part]}"])
    points = np.array(places) * [-1.0 if back else 1.0, -1.0]
    return np.array([0.5, 0.5]) + 0.45 * (points - np.array([0.0, 0.05]))


def precision(ap: float) -> dict[str, float]:
    return {"ap": ap, "ap_50": min(100.0, 1.5 * ap), "ap_75": ap, "ar": ap + 5}


def quartiles(median: float, share: float = 50.0) -> dict[str, float]:
    factors = {"low": 0.4, "first": 0.7, "median": 1.0, "third": 1.4, "high": 2.0}
    return {name: factor * median for name, factor in factors.items()} | {"share": share}


def component(share: float, **more: Any) -> dict[str, Any]:
    return {"share": share, "without": precision(10.0), "only": {}, "forced": {}} | more


def viewing(share: float, back_views: float) -> dict[str, Any]:
    """A component of poses: its left parts are on the picture's right as often as it sees people from the front."""
    front = 100.0 - back_views
    directions = {"left_x": front, "left_y": 50.0, "right_x": back_views, "right_y": 50.0}
    return component(share, back_views=back_views, directions=directions)


class DetectionMaker:
    """A run of the demo preset below a folder, whose detection variants are made one by one."""

    def __init__(self, root: Path) -> None:
        run = config.load("demo", Path(__file__).parents[2])
        sizes = run.preset.detection.model_copy(update={"input_size": {"pose": SIDE, "boxes": SIDE}})
        self.run = run.model_copy(update={"root": root, "preset": run.preset.model_copy(update={"detection": sizes})})
        self.metrics = {name: detection_variant(self.run, name, None) for name in self.run.detection_variants}
        self.speeds: dict[str, dict[str, float]] = {}

    @property
    def detection(self) -> DetectionResults:
        timed = {name: replace(one, speeds=self.speeds.get(name, {})) for name, one in self.metrics.items()}
        return DetectionResults("demo", timed)

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.run, Results("demo", {}), self.detection)

    def made(self, variant: str, *ap: float, components: list[dict] | None = None, collapsed: bool = False) -> None:
        """A variant with these AP, one a seed; each way of testing is 2 % better than the one before."""
        mixture = {"components": components, "collapsed": collapsed, "full": {}} if components else None
        modes = ("plain", "flip", "scales_3", "scales_5")
        if self.run.detection_variant(variant).task == "pose":
            modes = ("plain", "refined")  # type: ignore[assignment]
        seeds = [
            {
                "seed": seed,
                "modes": {mode: precision(value * (1 + 0.02 * order)) for order, mode in enumerate(modes)},
                "mixture": mixture,
            }
            for seed, value in enumerate(ap)
        ]
        truth = {"scale": quartiles(40.0, 100.0)}
        self.metrics[variant] = detection_variant(self.run, variant, seeds, truth=truth)

    def timed(self, variant: str, plain: float) -> None:
        shares = {"plain": 1.0, "flip": 0.6, "scales_3": 0.2, "scales_5": 0.1}
        self.speeds[variant] = {"network": 1.2 * plain} | {mode: plain * share for mode, share in shares.items()}

    def history(self, variant: str, precisions: list[float], seed: int = 0) -> None:
        """Two rows an epoch, AP in the one at its end."""
        lines = ["epoch,step,learning_rate,loss,val_ap,val_loss"]
        for epoch, value in enumerate(precisions, 1):
            lines.append(f"{epoch - 0.5},{10 * epoch - 5},0.001,1.0,,")
            lines.append(f"{epoch}.0,{10 * epoch},0.001,1.0,{value},1.5")
        artifacts.write_text(self.run.layout.history(variant, seed), "\n".join(lines) + "\n")

    def people(self, variant: str, count: int = 12, components: int = 3) -> None:
        """One person a picture, every third from the back and found there by the second component."""
        random = np.random.default_rng(0)
        back = np.arange(count) % 3 == 1
        truth = np.stack([SIDE * person(view) for view in back]) + random.normal(0, 1.0, (count, 17, 2))
        found = truth + random.normal(0, 1.2, truth.shape)
        boxes = np.concatenate([truth.min(axis=1) - 3, truth.max(axis=1) + 3], axis=1)
        self._examples(variant, np.arange(count), boxes, back.astype(int), components, 10.0, found)
        arrays = artifacts.read_arrays(self.run.layout.detection_examples(variant))
        visible = np.full((count, 17, 1), 2.0)
        arrays |= {"truth_keypoints": np.concatenate([truth, visible], axis=2)}
        artifacts.write_arrays(self.run.layout.detection_examples(variant), arrays)

    def objects(self, variant: str, count: int = 8, components: int = 3) -> None:
        """Three objects a picture: small, middle and large, each found by a component of its own."""
        random = np.random.default_rng(1)
        image = np.repeat(np.arange(count), 3)
        size = np.tile([10.0, 20.0, 34.0], count)[:, None] * random.uniform(0.8, 1.2, (3 * count, 2))
        corner = 2 + (SIDE - size - 4) * random.uniform(0, 1, size.shape)
        boxes = np.concatenate([corner, corner + size], axis=1)
        self._examples(variant, image, boxes, np.tile([0, 1, 2], count), components, 0.8, None)

    def _examples(
        self,
        variant: str,
        image: np.ndarray,
        boxes: np.ndarray,
        chosen: np.ndarray,
        components: int,
        sigma: float,
        keypoints: np.ndarray | None,
    ) -> None:
        random = np.random.default_rng(2)
        count = len(image)
        pixels = np.clip(random.normal(110, 18, (image.max() + 1, SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
        for index, box in zip(image, boxes, strict=True):
            x0, y0, x1, y1 = np.clip(box, 0, SIDE).astype(int)
            pixels[index, y0:y1, x0:x1] = random.integers(60, 230, 3)
        weights = np.full((count, components), 0.08)
        weights[np.arange(count), chosen] = 1 - 0.08 * (components - 1)
        arrays = {
            "pixels": pixels,
            "image": image,
            "score": np.full(count, 0.8),
            "center": (boxes[:, :2] + boxes[:, 2:]) / 2,
            "boxes": boxes + random.normal(0, 1.0, boxes.shape),
            "component": chosen,
            "weights": weights,
            "sigmas": sigma * np.ones((count, components, 2)) * [1.0, 1.5],
            "truth_image": image,
            "truth_boxes": boxes,
        }
        artifacts.write_arrays(
            self.run.layout.detection_examples(variant),
            arrays | ({} if keypoints is None else {"keypoints": keypoints}),
        )

    def whole_preset(self) -> None:
        """The core variants and enough beside them that every figure has all its parts."""
        self.made("pose_l_base", 26.7, 27.9)
        self.made("pose_l_mdn_1", 26.5)
        self.made("pose_l_mdn_2", 30.3, 26.0, components=[viewing(55.0, 9.0), viewing(45.0, 96.0)])
        self.made(
            "pose_l_mdn_3", 34.1, components=[viewing(60.0, 8.0), viewing(39.6, 97.0), component(0.4)], collapsed=False
        )
        self.made("pose_s_mdn_2", 24.0, components=[viewing(99.0, 35.0), component(1.0)], collapsed=True)
        self.made("boxes_l_base", 57.5)
        self.made("boxes_l_mdn_2", 60.0, components=self.scales((70.0, 40.0), (22.0, 60.0)))
        self.made("boxes_l_mdn_3", 63.3, components=self.scales((34.0, 40.0), (18.0, 25.0), (80.0, 35.0)))
        self.made("boxes_l_mdn_5", 62.0, components=[*self.scales((60.0, 50.0), (15.0, 50.0)), *[component(0.0)] * 3])
        self.made("boxes_dla_base", 50.0)
        self.made("boxes_dla_mdn_3", 54.0, components=self.scales((34.0, 40.0), (18.0, 25.0), (80.0, 35.0)))
        for variant, speed in {
            **{"boxes_l_base": 20.0, "boxes_l_mdn_3": 18.0, "boxes_dla_base": 50.0, "boxes_dla_mdn_3": 44.0}
        }.items():
            self.timed(variant, speed)
        for variant, metrics in self.metrics.items():
            if metrics.ran:
                for seed in metrics.seeds:
                    last = seed.modes["plain"].ap
                    self.history(variant, [last * (1 - 0.8**epoch) for epoch in range(1, 13)], seed.seed)
        self.people("pose_l_mdn_3")
        self.objects("boxes_l_mdn_3")

    @staticmethod
    def scales(*median_and_share: tuple[float, float]) -> list[dict[str, Any]]:
        return [component(share, scale=quartiles(median, share)) for median, share in median_and_share]
