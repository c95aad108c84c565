"""What a user's cluster is called and allows: profiles/slurm/cluster.yaml, which profiles/slurm and the rules read.

Every key has a default, and without the file all have it. Git ignores the file, because it is about one cluster.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pipeline.config.reading import read_mapping, validate
from pipeline.settings import Settings

FILE = Path("profiles", "slurm", "cluster.yaml")


class Cluster(Settings):
    """A Slurm cluster as its user sees it."""

    partition: str | None = None  # null: the cluster's default partition
    gpu_partition: str | None = None  # of jobs that use a GPU; null: `partition`
    account: str | None = None  # null: the one that Slurm knows
    gpus: bool = False  # jobs ask for a GPU where the preset says `device: auto`
    longest_hours: float | None = Field(default=None, gt=0)  # the partition's limit of a job's time
    accounting: bool = True  # the command sacct works there

    def minutes(self, usual: int) -> str:
        """A job's time limit as Snakemake computes it: the usual time, twice that in its second try, and so on."""
        if self.longest_hours is None:
            return f"attempt * {usual}"
        return f"min(attempt * {usual}, {int(self.longest_hours * 60)})"


def read(root: Path = Path()) -> Cluster:
    """The cluster of profiles/slurm/cluster.yaml. Raises InputError with one line if the file has a mistake."""
    path = root / FILE
    return validate(Cluster, path, read_mapping(path)) if path.exists() else Cluster()
