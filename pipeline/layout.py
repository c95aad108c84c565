"""The paths of all files that stages read and write.

They are relative to the repository's root, so that no output contains a path of the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Task = Literal["pose", "boxes"]  # what is found in images: people's keypoints, or objects' boxes


@dataclass(frozen=True)
class Layout:
    """The paths of one preset's artifacts."""

    preset: str
    root: Path = Path()
    # The names of detection variants and of lifting variants that read images; all others lift 2D joints.
    detection: frozenset[str] = frozenset()
    on_images: frozenset[str] = frozenset()

    @property
    def raw(self) -> Path:
        """Downloads as `<host>/<path>`, shared by all presets and not declared as outputs."""
        return self.root / "data" / "raw"

    @property
    def licensed(self) -> Path:
        """The user's licensed copies of Human3.6M, SMPL and MPI-INF-3DHP."""
        return self.root / "data" / "licensed"

    @property
    def imagenet(self) -> Path:
        """ImageNet's weights of ResNet-50, as torchvision's file has them."""
        return self.licensed / "imagenet" / "resnet50-0676ba61.pth"

    @property
    def data(self) -> Path:
        return self.root / "data" / self.preset

    @property
    def results(self) -> Path:
        return self.root / "results" / self.preset

    @property
    def download_manifest(self) -> Path:
        return self.data / "download.json"

    def motion(self, source: str = "ground_truth") -> Path:
        """Poses with their 2D joints: projected truth, a detector's, or (for testing only) another data set's."""
        return self.data / "motion" / source

    def motion_split(self, split: str, source: str = "ground_truth") -> Path:
        return self.motion(source) / f"{split}.npz"

    def motion_summary(self, source: str = "ground_truth") -> Path:
        return self.motion(source) / "summary.json"

    @property
    def body(self) -> Path:
        """The body model, its coarse graphs and arrays for figures."""
        return self.data / "body"

    def body_file(self, name: str) -> Path:
        return self.body / name

    def targets(self, name: str) -> Path:
        """Targets besides the poses: `meshes` has bodies fitted to them."""
        return self.data / "targets" / name

    def mesh_split(self, split: str) -> Path:
        return self.targets("meshes") / f"{split}.npz"

    @property
    def mesh_graphs(self) -> Path:
        """The coarse graphs of the mesh targets."""
        return self.targets("meshes") / "graphs.npz"

    @property
    def crops(self) -> Path:
        """Images of one person each, drawn on the fitted bodies."""
        return self.data / "crops"

    def crops_split(self, split: str) -> Path:
        return self.crops / f"{split}.npz"

    def images(self, task: Task) -> Path:
        """Annotated images for the task `pose` or `boxes`."""
        return self.data / "images" / task

    def images_split(self, task: Task, split: str) -> Path:
        """COCO's annotation file of a split, `train` or `val`."""
        return self.images(task) / f"{split}.json"

    def pixels(self, task: Task, split: str) -> Path:
        """The rendered images of a split; downloaded ones stay in `raw`."""
        return self.images(task) / f"{split}.npz"

    def images_summary(self, task: Task) -> Path:
        return self.images(task) / "summary.json"

    def imported(self, digest: str) -> Path:
        """Weights that import_checkpoint wrote, shared by all presets."""
        return self.root / "data" / "imported" / f"{digest}.pt"

    def training(self, variant: str) -> Path:
        return self.data / f"train_{self.kind(variant)}" / variant

    def kind(self, variant: str) -> str:
        """The kind of a variant, by which its stages are named: `lifting`, `pixels` or `detection`."""
        if variant in self.on_images:
            return "pixels"
        return "detection" if variant in self.detection else "lifting"

    def plan(self, stage: str, item: str = "") -> Path:
        """A job's plan: its settings, its data, the digests of its code."""
        return self._of_job("plan", stage, item)

    def made(self, stage: str, item: str = "") -> Path:
        """The record of a finished job: its plan at that time, and the digests of its data."""
        return self._of_job("made", stage, item)

    def finished(self, stage: str, item: str = "") -> Path:
        """The folder in which a finished job's outputs are kept for Snakemake."""
        return self.data / "finished" / stage / item

    def _of_job(self, kind: str, stage: str, item: str) -> Path:
        place = self.data / kind / stage
        return place / f"{item}.json" if item else place.with_suffix(".json")

    def seed(self, variant: str, seed: int) -> Path:
        return self.training(variant) / f"seed_{seed}"

    def checkpoint(self, variant: str, seed: int) -> Path:
        return self.seed(variant, seed) / "checkpoint.pt"

    def best_checkpoint(self, variant: str, seed: int) -> Path:
        return self.seed(variant, seed) / "best.pt"

    def history(self, variant: str, seed: int) -> Path:
        return self.seed(variant, seed) / "history.csv"

    def environment(self, variant: str, seed: int) -> Path:
        return self.seed(variant, seed) / "environment.json"

    def resume(self, variant: str) -> Path:
        """State of stopped trainings. It is no declared output, because DVC and Snakemake delete those before a job."""
        return self.root / ".resume" / self.preset / variant

    @property
    def code_digests(self) -> Path:
        """A cache of the digests and imports of each module, by its content."""
        return self.root / ".resume" / "code_digests.json"

    @property
    def running(self) -> Path:
        """Locked while Snakemake runs the preset; holds the number of its process."""
        return self.root / ".resume" / self.preset / "running"

    def job_lock(self, name: str) -> Path:
        """Locked while a process does the job of this name; holds its number."""
        return self.root / ".resume" / self.preset / "jobs" / name

    @property
    def fitting_state(self) -> Path:
        """Subjects that a stopped fit_body has finished."""
        return self.root / ".resume" / self.preset / "fit_body"

    def metrics(self, variant: str) -> Path:
        return self.results / "metrics" / f"{variant}.json"

    def evaluation(self, variant: str) -> Path:
        """Arrays that figures need, of a lifting variant: example poses, learned edge weights."""
        return self.data / f"evaluate_{self.kind(variant)}" / f"{variant}.npz"

    def detection_evaluation(self, variant: str) -> Path:
        """A detection variant's predictions, examples and speed."""
        return self.data / "evaluate_detection" / variant

    def detection_examples(self, variant: str) -> Path:
        return self.detection_evaluation(variant) / "examples.npz"

    def detection_speed(self, variant: str) -> Path:
        """Images per second. Not in the metrics file, which is the same in two equal runs."""
        return self.detection_evaluation(variant) / "speed.json"

    @property
    def tables(self) -> Path:
        return self.results / "tables"

    @property
    def claims(self) -> Path:
        return self.results / "claims.json"

    @property
    def claims_text(self) -> Path:
        return self.results / "claims.md"

    @property
    def figures(self) -> Path:
        return self.results / "figures"

    @property
    def report(self) -> Path:
        return self.results / "README.md"

    @property
    def report_page(self) -> Path:
        """The same and more, as one page for a browser."""
        return self.results / "report" / "index.html"

    @property
    def cost(self) -> Path:
        """What the trainings that are not done yet are expected to cost, when `cost` was last run."""
        return self.data / "cost.json"

    @property
    def publish_receipt(self) -> Path:
        return self.data / "publish.json"
