"""Metrics files of detection variants made by hand. They have every field, and every number tells its field."""

from __future__ import annotations

from typing import Any

import detection_images
from hand_made import Maker

from pipeline import artifacts
from pipeline.geometry.coco_keypoints import GROUPS

MODES = {
    "pose": ("plain", "mean", "refined", "flip", "flip_refined", "flip_aligned"),
    "boxes": ("plain", "mean", "flip", "scales_3", "scales_5"),
}
SUBSETS = ("all", "visible_keypoints", "occluded_keypoints", "visible_face", "occluded_face")
POSE = {"source": "synthetic", "task": "pose", "train_images": 12000, "train_objects": 12000, "input_size": 64}
BOXES = {"source": "synthetic", "task": "boxes", "train_images": 6000, "train_objects": 21000, "input_size": 128}


def precision(ap: float) -> dict[str, float]:
    """AR is 5 above AP; by overlap and by size of object it is 30, 2, -20, -4 and 4 above."""
    shifts = {"ap": 0, "ap_50": 30, "ap_75": 2, "ap_small": -20, "ap_medium": -4, "ap_large": 4, "ar": 5}
    return {name: ap + shift for name, shift in shifts.items()}


def subsets(ap: float) -> dict[str, dict[str, float]]:
    """Each subset is 1 better than the one before."""
    return {name: precision(ap + order) for order, name in enumerate(SUBSETS)}


def quartiles(median: float) -> dict[str, float]:
    return {"low": 0.4 * median, "first": 0.7 * median, "median": median, "third": 1.4 * median, "high": 2 * median} | {
        "share": 50.0
    }


def component(number: int, share: float, scale: float = 10.0, **more: Any) -> dict[str, Any]:
    """Component 0, 1, ...: AP without it is 10, 11, ...; of its predictions alone 20, 21, ...; forced 30, 31, ..."""
    return {
        "share": share,
        "share_strict": share + 1,
        "sigma": {"mean_x": 50.0 + number, "mean_y": 60.0 + number, "sd_x": 5.0 + number, "sd_y": 6.0 + number},
        "directions": {"left_x": 80.0 - number, "left_y": 51.0, "right_x": 25.0 + number, "right_y": 49.0},
        "scale": quartiles(scale),
        "back_views": 9.0 + number,
        "without": precision(10.0 + number),
        "only": subsets(20.0 + number),
        "forced": subsets(30.0 + number),
    } | more


def viewing(share: float, back_views: float) -> dict[str, Any]:
    """A component of poses. Its left parts are on the image's right as often as it sees people from the front."""
    front = 100.0 - back_views
    directions = {"left_x": front, "left_y": 50.0, "right_x": back_views, "right_y": 50.0}
    return component(0, share, back_views=back_views, directions=directions)


def mixture(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The whole model has 40 on all images. `front` and `back` are not told apart unless they are given."""
    return {
        "components": list(components),
        "largest_weight": 0.9,
        "collapsed": max(part["share"] for part in components) > 95,
        "full": subsets(40.0),
        "scale_correlation": 0.88,
        "category_correlation": 0.02,
        "scale_variance": 0.125,
    } | more


def run(maker: Maker, variant: str, *ap: float, mixture: dict[str, Any] | None = None, **more: Any) -> None:
    """A variant with these AP, one per seed. Each mode is 1 better than the one before, each group 1 worse."""
    settings = maker.run.detection_variant(variant)
    seeds = [
        {
            "seed": seed,
            "modes": {mode: precision(value + order) for order, mode in enumerate(MODES[settings.task])},
            "groups": {group: value - order for order, group in enumerate(GROUPS)} if settings.task == "pose" else None,
            "training_images": {mode: precision(value + 50) for mode in ("plain", "refined")},
            "mixture": mixture,
            "running_statistics": precision(value - 3),
        }
        for seed, value in enumerate(ap)
    ]
    data = (POSE if settings.task == "pose" else BOXES) | {
        "val_images": 500,
        "val_objects": 700,
        "small_networks": True,
    }
    training = {"epochs": 2, "epochs_stated": settings.epochs, "steps": 2900, "date": "2026-01-02", "own_recipe": True}
    truth = {
        "displaced": {str(px): dict.fromkeys(GROUPS, 100.0 - 10 * px) for px in (1, 2, 3)},
        "visible_keypoints": 80.0,
        "visible_face": 70.0,
        "visible_face_strict": 75.0,
        "scale": quartiles(40.0),
    }
    content = {"parameters": 1_600_000, "truth": truth, "seeds": seeds}
    maker.write(variant, content | {"data": data | more.pop("data", {}), "training": training} | more)
    speed = {"network": 100.0} | {mode: 50.0 - order for order, mode in enumerate(MODES[settings.task])}
    artifacts.write_json(maker.run.layout.detection_speed(variant), speed)
    lines = ["epoch,step,learning_rate,loss,val_ap,val_loss", "0.5,725,0.001,9.0,,"]
    for number, value in enumerate(ap):
        ends = [f"{epoch}.0,{1450 * epoch},0.001,{10.0 / epoch},{value * epoch / 2},5.0" for epoch in (1, 2)]
        artifacts.write_text(maker.run.layout.history(variant, number), "\n".join([*lines, *ends]) + "\n")


def prepared(maker: Maker) -> None:
    """12,000 + 500 images of people, of whom 10 per split have no keypoints. There are no images for boxes."""
    splits = {
        split: {"images": count, "objects": count, "with_keypoints": count - 10}
        for split, count in (("train", 12000), ("val", 500))
    }
    summary = {"source": "synthetic", "description": "scenes made in code", "splits": splits}
    artifacts.write_json(maker.run.layout.images_summary("pose"), summary)


def whole_preset(maker: Maker) -> None:
    """The core variants, with images. MDN_2 has two seeds; MDN_3's third component does nothing."""
    prepared(maker)
    run(maker, "pose_l_base", 26.7)
    run(maker, "pose_l_mdn_1", 26.5)
    run(maker, "pose_l_mdn_2", 30.3, 26.0, mixture=mixture(component(0, 25.0), component(1, 75.0), front=1, back=0))
    third = component(2, 0.0)
    run(maker, "pose_l_mdn_3", 34.1, mixture=mixture(component(0, 70.0), component(1, 30.0), third, front=0, back=1))
    run(maker, "boxes_l_base", 57.5)
    scales = [component(number, share, 20.0 * (number + 1)) for number, share in enumerate((50.0, 30.0, 20.0))]
    run(maker, "boxes_l_mdn_3", 63.3, mixture=mixture(*scales))
    for variant, components in (("pose_l_mdn_2", 2), ("pose_l_mdn_3", 3)):
        detection_images.people(maker.run, variant, components=components)
    detection_images.objects(maker.run, "boxes_l_mdn_3")
