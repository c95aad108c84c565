"""A preset's results made by hand: every metrics file of params.yaml's variants, histories, environments and arrays."""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from made_parts import depth, detections, meshes

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, KEEP_16, NECK_NOSE, Skeleton, adjacency
from pipeline.report import loading
from pipeline.report.evidence import Evidence
from pipeline.report.figures.skeleton import TEMPLATE_POSE
from pipeline.stages import report, tabulate

REPOSITORY = Path(__file__).parents[2]
ACTIONS = ["Walking", "Sitting", "Photo"]
MIXTURE_SHARES = {"mean": 1.0, "highest": 1.02, "oracle": 0.8}
CLOSEST_SHARE = 0.81  # P2 of `oracle_closest`, against the mean's
SAMPLE_SHARES = {"mean": 1.0, "oracle_5": 0.9, "oracle_200": 0.7}
CALIBRATED_SHARE = 0.98
WEIGHTS = (0.4, 0.3, 0.2, 0.06, 0.04)


@functools.cache
def demo(preset: str = "demo") -> config.Run:
    """The demo's or another preset's, read once: the files are the same in every test."""
    return config.load(preset, REPOSITORY)


class MadeRun(config.Run):
    """A run in which a variant was run when its metrics were made, whatever the preset says."""

    left_out: dict[str, str]

    def why_left_out(self, name: str) -> str | None:
        return self.left_out.get(name)


class Maker:
    """Writes one preset's artifacts in the form in which the stages before leave them."""

    def __init__(self, root: Path, actions: list[str], preset: str = "demo") -> None:
        self.run = MadeRun.model_construct(**dict(demo(preset)) | {"root": root, "left_out": {}})
        self.actions = actions
        for variant in (*self.run.lifting_variants, *self.run.detection_variants):
            self.not_run(variant)

    def with_preset(self, **settings: Any) -> config.Run:
        """The run, had its preset these settings."""
        return self.run.model_copy(update={"preset": self.run.preset.model_copy(update=settings)})

    @property
    def evidence(self) -> Evidence:
        return loading.evidence(self.run)

    def not_run(self, variant: str, reason: str = "left out by the preset") -> None:
        self.run.left_out[variant] = reason
        self.run.layout.metrics(variant).unlink(missing_ok=True)

    def point(self, variant: str, *p1: float, **more: Any) -> None:
        """A point model with these P1, one per seed; P2 is 0.75 of it, the frame average 1.1 times.

        Calibrated it is 2 % better.
        """
        shares = {"point": 1.0, "calibrated": CALIBRATED_SHARE}
        skeleton = self.skeleton(variant)
        self._ran(variant, [self._predictions(value, shares, skeleton) for value in p1], None, more)

    def skeleton(self, variant: str) -> Skeleton:
        return HUMAN36M_17 if self.run.variant(variant).joints == 17 else HUMAN36M_16

    def samples(self, variant: str, *p1: float, **more: Any) -> None:
        """An auto-encoder whose mean has these P1; the best of 5 samples is 10 % better, of 200 30 %."""
        self._ran(variant, [self._predictions(value, SAMPLE_SHARES) for value in p1], None, more)

    def any_kind(self, variant: str, *p1: float, **more: Any) -> None:
        """Whatever the variant is: a point model, a mixture or an auto-encoder."""
        settings = self.run.variant(variant)
        if settings.head.name == "mixture":
            self.mixture(variant, *p1, **more)
        elif settings.model.name == "variational_autoencoder":
            self.samples(variant, *p1, **more)
        else:
            self.point(variant, *p1, **more)

    def mixture(self, variant: str, *p1: float, weights: tuple[float, ...] = WEIGHTS, **more: Any) -> None:
        """A mixture whose mean has these P1, one per seed; highest is 2 % worse, oracle 20 % better."""
        seeds = []
        for value in p1:
            predictions = self._predictions(value, MIXTURE_SHARES)
            closest = self.prediction(value * CLOSEST_SHARE)
            seeds.append(predictions | {"oracle_closest": {"p_mpjpe": closest["p_mpjpe"]}})
        mixture = {
            "kernels": len(weights),
            "level": "pose",
            "nll": -42.0,
            "calibration": {"0.1": 0.12, "0.5": 0.46, "0.9": 0.9},
            "components_used": {
                "mean_effective": 3.25,
                "over_5_percent_on_average": float(sum(weight > 0.05 for weight in weights)),
                "selected_share": list(weights),
            },
            "mean_weights": list(weights),
            "collapsed": max(weights) > 0.95,
            "spread_mm": {"x": 14.0, "y": 18.0, "depth": 57.0},
            "pairwise_distance_mm": 85.0,
            "ambiguous_share": 0.25,
            "depth_ratio": more.pop("depth_ratio", 9.0),
            "reprojection_px": {"mean": 2.0, "worst": 3.0, "truth": 0.0, "depth_spread_px": 20.0},
        }
        self._ran(variant, seeds, mixture | more.pop("mixture", {}), more)

    def prediction(self, p1: float, skeleton: Skeleton = HUMAN36M_16) -> dict[str, Any]:
        return {"mpjpe": self.error(p1, skeleton), "p_mpjpe": self.error(0.75 * p1, skeleton)}

    def _predictions(self, p1: float, shares: dict[str, float], skeleton: Skeleton = HUMAN36M_16) -> dict[str, Any]:
        return {name: self.prediction(p1 * share, skeleton) for name, share in shares.items()}

    def error(self, average: float, skeleton: Skeleton = HUMAN36M_16) -> dict[str, Any]:
        """Every joint but the root has the frame average; actions lie evenly from 2 mm below the average to 2 above."""
        shifts = np.linspace(-2.0, 2.0, len(self.actions))
        return {
            "action_average": average,
            "frame_average": 1.1 * average,
            "per_action": {name: average + float(shift) for name, shift in zip(self.actions, shifts, strict=True)},
            "per_joint": dict.fromkeys(skeleton.names, 1.1 * average) | {"Hip": 0.0},
            "per_subject": {"S9": average},
        }

    def environment(self, variant: str, seed: int = 0, **values: Any) -> None:
        speeds = {"poses_per_second": 1000.0, "inference_poses_per_second": 50_000.0}
        record = {"seconds": 100.0, "git_commit": "c0ffee" * 6 + "c0ff"} | speeds | values
        artifacts.write_json(self.run.layout.environment(variant, seed), record)

    def history(
        self, variant: str, losses: list[float], errors: list[float], seed: int = 0, gaps: list[float] | None = None
    ) -> None:
        """Two rows per epoch: one halfway, with the training loss alone, and one at its end.

        With running statistics the error is larger by the epoch's gap.
        """
        lines = ["epoch,step,learning_rate,loss,test_mpjpe,test_loss,running_test_mpjpe,running_test_loss"]
        gaps = gaps or [0.0] * len(errors)
        for epoch, (loss, error, gap) in enumerate(zip(losses, errors, gaps, strict=True), 1):
            lines.append(f"{epoch - 0.5},{10 * epoch - 5},0.001,{loss},,,,")
            lines.append(f"{epoch}.0,{10 * epoch},0.001,{loss},{error},{loss},{error + gap},{loss}")
        artifacts.write_text(self.run.layout.history(variant, seed), "\n".join(lines) + "\n")

    def edge_weights(self, variant: str, scores: np.ndarray, seeds: int = 1) -> None:
        """Softmax of scores [L, 16, 16] over the skeleton's edges, the same for every seed."""
        edges = adjacency(HUMAN36M_16).numpy() > 0
        weights = np.where(edges, np.exp(scores), 0.0)
        weights /= weights.sum(axis=-1, keepdims=True)
        arrays = {f"seed_{seed}/edge_weights": weights.astype(np.float32) for seed in range(seeds)}
        artifacts.write_arrays(self.run.layout.evaluation(variant), arrays)

    def examples(self, variant: str, kernels: int = 5) -> None:
        """Three upright figures whose hypotheses differ along depth, as the evaluation leaves them for Figure 2."""
        random = np.random.default_rng(0)
        flat = np.concatenate((TEMPLATE_POSE * [800, -800], np.zeros((16, 1))), axis=1)
        truth = np.stack([flat + [0, 0, 1] * random.normal(0, 120, (16, 1)) for _ in range(3)])
        truth -= truth[:, :1]
        shifts = random.normal(0, 150, (3, kernels, 16, 1)) * np.linspace(0.2, 1, kernels)[:, None, None]
        shifts[:, :, 0] = 0
        arrays = {
            "example_keypoints_2d": 500 + truth[..., :2] / 3,
            "example_truth": truth,
            "example_hypotheses": truth[:, None] + shifts * [0.1, 0.1, 1.0],
            "example_weights": np.tile(np.linspace(0.4, 0.0, kernels), (3, 1)),
            "example_action": np.array(["Greeting", "Purchases", "Sitting"]),
            "example_subject": np.array(["S9"] * 3),
            "example_mpjpe_mean": np.array([91.0, 82.0, 75.0]),
            "example_mpjpe_oracle": np.array([45.0, 41.0, 33.0]),
        }
        artifacts.write_arrays(self.run.layout.evaluation(variant), arrays)

    def overlays(self, variant: str, error_mm: float, actions: list[str] | None = None, row: int = 5) -> None:
        """One pose an action, the same for every variant, estimated with errors of this size along depth."""
        actions = actions or self.actions
        random = np.random.default_rng(0)
        flat = np.insert(TEMPLATE_POSE, NECK_NOSE, TEMPLATE_POSE[8:10].mean(axis=0), axis=0)  # [17, 2]
        pose = np.concatenate((flat * [0.8, -0.8], np.zeros((17, 1))), axis=1)
        truth = np.stack([pose + random.normal(0, 0.08, pose.shape) for _ in actions])
        truth -= truth[:, :1]
        joints = list(KEEP_16) if self.skeleton(variant) is HUMAN36M_16 else list(range(17))
        signs = np.where(np.arange(17) % 2, 1.0, -1.0)[:, None] * [0.0, 0.0, 1.0]
        occluded = np.arange(17) < np.arange(1, len(actions) + 1)[:, None]  # one joint in the first action, two, ...
        arrays = {
            "overlay_row": np.arange(len(actions)) + row,
            "overlay_action": np.array(actions),
            "overlay_truth": truth[:, joints],
            "overlay_pose": (truth + error_mm / 1000 * signs)[:, joints],
            "overlay_keypoints_2d": 500 + 300 * truth[:, joints, :2],
            "overlay_occluded": occluded[:, joints],
            "overlay_skeleton": np.array(self.skeleton(variant).name),
        }
        artifacts.write_arrays(self.run.layout.evaluation(variant), arrays)

    def cases(self, variant: str, errors_mm: tuple[float, ...] = (20.0, 25.0, 180.0, 150.0)) -> None:
        """Grey images of upright figures, estimated with these errors along depth: successes first, then failures."""
        flat = np.concatenate((TEMPLATE_POSE * [800, -800], np.zeros((16, 1))), axis=1)
        truth = np.stack([flat - flat[:1]] * len(errors_mm))
        arrays = {
            "case_pixels": np.full((len(truth), 32, 32, 3), 128, dtype=np.uint8),
            "case_keypoints_2d": 16 + truth[..., :2] / 60,
            "case_pose": truth + np.array(errors_mm)[:, None, None] * [0.0, 0.0, 1.0],
            "case_truth": truth,
            "case_error": np.array(errors_mm),
            "case_action": np.resize(self.actions, len(truth)),
        }
        artifacts.write_arrays(self.run.layout.evaluation(variant), arrays)

    def motion_summary(self) -> None:
        def part(takes: int, poses: int) -> dict[str, Any]:
            return {"takes": takes, "poses": poses, "dropped": {"outside the picture": 1866}}

        splits = {
            name: part(4, poses) | {"subjects": {subject: part(4, poses)}, "actions": {"Walking": part(4, poses)}}
            for name, subject, poses in (("train", "S1", 12345), ("test", "S9", 6789))
        }
        summary = {"source": "synthetic", "frames_per_second": 5, "splits": splits}
        artifacts.write_json(self.run.layout.motion_summary(), summary)

    def whole_preset(self) -> None:
        """A preset that has one of everything: one seed, several, a collapsed mixture, variants that were not run."""
        random = np.random.default_rng(0)
        self.point("mean_pose", 197.9)
        self.point("linear_least_squares", 86.8)
        for order, variant in enumerate(("semgcn", "semgcn_without_non_local", "semgcn_without_semgconv")):
            self.point(variant, 54 + 6 * order, 55 + 6 * order)
            for seed in range(2):
                losses = [(1 + order) / epoch * random.uniform(0.01, 0.012) for epoch in range(1, 13)]
                self.history(variant, losses, [50 + 6 * order + 40 / epoch for epoch in range(1, 13)], seed)
        self.point("semgcn_one_cycle", 72.5)
        self.point("semgcn_sh", 81.5)
        self.samples("variational_autoencoder_sh", 80.0)
        self.mixture("mixture_without_graph_sh", 75.0)
        self.mixture("graphmdn_sh", 70.0, 71.0)
        self.mixture("graphmdn", 57.6, 58.6)
        self.mixture("graphmdn_wide", 52.8, weights=(0.993, 0.004, 0.001, 0.001, 0.001))
        self.point("semgcn_17", 51.0, 51.5, depth=depth(44.0))
        self.point("hgn", 47.5, 48.6, depth=depth(38.0), meshes=meshes(70.0, 68.0))
        self.point("hgn_coarse", 49.0, meshes=meshes(None, 72.0))
        for variant, error in (("semgcn_17", 60.0), ("hgn", 45.0)):
            self.overlays(variant, error)
        self.edge_weights("semgcn", random.normal(size=(8, 16, 16)), seeds=2)
        self.examples("graphmdn")
        self.point("semgcn_pixels", 62.0)
        self.cases("semgcn_pixels")
        self.motion_summary()

    def call(self, stage: str) -> int:
        """A stage of results, run in the project's folder as the command line would."""
        with contextlib.chdir(self.run.root):
            try:
                {"tabulate": tabulate, "report": report}[stage].run(self.run.model_copy(update={"root": Path()}))
            except InputError as error:
                print(f"error: {error}", file=sys.stderr)
                return 2
        return 0

    def _ran(
        self, variant: str, predictions: list[dict[str, Any]], mixture: dict[str, Any] | None, more: dict[str, Any]
    ) -> None:
        epochs = more.pop("epochs", 2)
        seeds = []
        for seed, of_seed in enumerate(predictions):
            best = {name: {"mpjpe": 40.0 + seed, "p_mpjpe": 30.0 + seed} for name in of_seed}
            renewed = "mean_pose" not in variant and "least_squares" not in variant and "_authors" not in variant
            running = {name: {"mpjpe": 60.0 + seed, "p_mpjpe": 45.0 + seed} for name in of_seed}
            seeds.append(
                {
                    "seed": seed,
                    "predictions": of_seed,
                    "mixture": mixture,
                    "loss": more.get("loss", {"train": 1.0, "test": 2.0}),
                    "generalization": more.get("generalization", [None] * len(predictions))[seed],
                    "meshes": more.get("meshes"),
                    "depth": more.get("depth"),
                    "best_on_test": {"epoch": 1, "selected_by": "mpjpe", **best[min(best)], "by_prediction": best},
                    "running_statistics": running if renewed else None,
                    "non_local": self._non_local(variant, dead=seed),
                }
            )
            self.environment(variant, seed)
            self.history(variant, [0.1, 0.08, 0.07], [50.0, 45.0, 44.0], seed)
        if self.run.variant(variant).model.convolution != "vanilla":
            self.edge_weights(variant, np.zeros((8, 16, 16)), len(seeds))
        data = {
            "source": "synthetic",
            "train_digest": "a" * 64,
            "test_digest": "b" * 64,
            "train_poses": 12345,
            "test_poses": 6789,
            "actions": self.actions,
            "subjects_train": ["S1"],
            "subjects_test": ["S9"],
            "frames_per_second": 5,
            "input": detections(self.run.variant(variant).input),
        } | more.get("data", {})
        stated = self.run.variant(variant).epochs
        training = {"epochs": epochs, "steps": 100 * epochs, "date": "2026-01-02", "epochs_stated": stated}
        content = {"parameters": more.get("parameters", 434703), "data": data}
        self.write(variant, content | {"training": training, "seeds": seeds})

    def _non_local(self, variant: str, dead: int) -> dict[str, Any] | None:
        """Of five layers, none is dead in the first seed, one in the second."""
        model = self.run.variant(variant).model
        if "graph_network" not in model.name or model.non_local == "none":
            return None
        return {"layers": 5, "dead": dead, "names": [f"non_locals.{number}" for number in range(dead)]}

    def write(self, variant: str, content: dict[str, Any]) -> None:
        self.run.left_out.pop(variant, None)
        head: dict[str, Any] = {"schema": 1, "variant": variant, "preset": self.run.preset_name}
        head |= {"kind": "detection"} if variant in self.run.detection_variants else {}
        artifacts.write_text(self.run.layout.metrics(variant), json.dumps(head | content))


def settings_and_published_numbers(folder: Path) -> Path:
    shutil.copy(REPOSITORY / "params.yaml", folder)
    shutil.copytree(REPOSITORY / "params", folder / "params")
    shutil.copytree(REPOSITORY / "results" / "published", folder / "results" / "published")
    return folder
