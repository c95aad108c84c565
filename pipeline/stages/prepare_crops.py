"""Stage prepare_crops: the poses as images of one person each: data/<preset>/crops.

They are drawn on the fitted bodies, or cut out of Human3.6M's videos.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from pipeline import artifacts
from pipeline.body.model import read_body
from pipeline.config import Run
from pipeline.data.fetch import licensed
from pipeline.data.images import crops, films
from pipeline.data.images.settings import FilmedCrops, PersonCrops
from pipeline.geometry.poses import PoseSet, read_poses


def run(run: Run) -> None:
    settings = run.preset.crops
    assert settings is not None  # or nothing of it is planned
    splits = {}
    with artifacts.atomic_folder(run.layout.crops) as folder:
        for split in crops.SPLITS:
            poses = read_poses(run.layout.motion_split(split))
            if isinstance(settings, FilmedCrops):
                files = licensed.require("human36m_videos", run.layout.licensed)
                filmed = films.pack(settings, split, poses, files)
                arrays, splits[split] = filmed.to_arrays(), filmed.counts
            else:
                arrays, splits[split] = _drawn(run, settings, split, poses)
            artifacts.write_arrays(folder / f"{split}.npz", arrays)
        artifacts.write_json(folder / "summary.json", {"size": settings.size, "splits": splits})


def _drawn(run: Run, settings: PersonCrops, split: str, poses: PoseSet) -> tuple[dict[str, NDArray], dict[str, Any]]:
    body = read_body(run.layout.body_file("small.npz"))
    fitted = artifacts.read_arrays(run.layout.mesh_split(split))
    made = crops.render(settings, split, poses, fitted, body)
    without = int((~fitted["usable"][fitted["row_frame"]]).sum())
    return made.to_arrays(), {"images": len(made.row), "poses": len(poses), "poses_without_a_body": without}
