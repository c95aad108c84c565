"""Stage prepare_crops: every pose as an image of one person, drawn on the fitted body: data/<preset>/crops."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.body.model import read_body
from pipeline.config import Run
from pipeline.data.images import crops
from pipeline.geometry.poses import read_poses


def run(run: Run) -> None:
    settings = run.preset.crops
    assert settings is not None  # or nothing of it is planned
    body = read_body(run.layout.body_file("small.npz"))
    splits = {}
    with artifacts.atomic_folder(run.layout.crops) as folder:
        for split in crops.SPLITS:
            poses = read_poses(run.layout.motion_split(split))
            fitted = artifacts.read_arrays(run.layout.mesh_split(split))
            made = crops.render(settings, split, poses, fitted, body)
            artifacts.write_arrays(folder / f"{split}.npz", made.to_arrays())
            without = int((~fitted["usable"][fitted["row_frame"]]).sum())
            splits[split] = {"images": len(made.row), "poses": len(poses), "poses_without_a_body": without}
        artifacts.write_json(folder / "summary.json", {"size": settings.size, "splits": splits})
