"""The download stage from the command line: its list, its mirrors in their order, and what it says when it cannot."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import coco_files
import planned
import pytest
from repository import replace_in

from pipeline import config
from pipeline.artifacts import digest
from pipeline.data.images import coco
from pipeline.data.motion import cmu
from pipeline.data.motion.hdm05 import catalogue as hdm05
from pipeline.stages import download as download_stage

REPOSITORY = Path(__file__).parents[2]
MINI = config.load("mini", REPOSITORY).preset.motion
ADDRESSES = [*cmu.addresses(MINI), *hdm05.addresses()]
COCO = "images:\n  source: coco\n  files: {files}\n  limit: {limit}\n  test_dev: {test_dev}\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with this one's settings, and no network."""
    shutil.copytree(REPOSITORY / "params", tmp_path / "params")
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIXPOSE_MIRROR", raising=False)

    def refuse(*arguments: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tmp_path


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Small stand-ins for CMU's and HDM05's files, each with its own content."""
    folder = tmp_path / "a mirror"
    for address in ADDRESSES:
        path = folder / address.removeprefix("http://")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(address)
    files = sorted(path for path in folder.rglob("*.a*"))
    sums = "".join(f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
    (folder / "SHA256SUMS").write_text(sums)
    return folder


def download(preset: str, *options: str) -> int:
    return planned.stage("download", *options, preset=preset)


def test_a_preset_that_needs_nothing_writes_an_empty_list(project: Path) -> None:
    assert download("demo", "--mirror", "/no/such/mirror") == 0
    assert json.loads((project / "data/demo/download.json").read_text()) == []
    assert not (project / "data/raw").exists()


def test_the_list_names_the_original_addresses_only(project: Path, mirror: Path) -> None:
    assert download("mini", "--mirror", str(mirror)) == 0
    text = (project / "data/mini/download.json").read_text()
    entries = json.loads(text)
    assert sorted(entry["address"] for entry in entries) == sorted(ADDRESSES) and str(mirror) not in text
    for entry in entries:
        file = project / "data/raw" / entry["path"]
        assert file.read_text() == entry["address"]
        assert (entry["bytes"], entry["sha256"]) == (file.stat().st_size, digest(file))
    assert download("mini", "--mirror", str(mirror)) == 0
    assert (project / "data/mini/download.json").read_text() == text


def test_which_mirror_is_used(project: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = (project / "params.yaml").read_text()
    assert "\nmirror:\n" in settings
    (project / "params.yaml").write_text(settings.replace("\nmirror:\n", f"\nmirror: {mirror}\n"))
    assert download("mini") == 0
    monkeypatch.setenv("MIXPOSE_MIRROR", "/not/this")
    assert download("mini") == 2
    assert download("mini", "--mirror", str(mirror)) == 0


def test_a_wrong_file_is_one_line_and_exit_code_2(
    project: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = mirror / "mocap.cs.cmu.edu/subjects/02/02.asf"
    wrong.write_text("something else")
    assert download("mini", "--mirror", str(mirror)) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"error: {wrong}: wrong SHA-256: expected ") and "\n" not in said
    assert not (project / "data/mini/download.json").exists()


def test_a_licensed_body_stops_it_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    preset = project / "params" / "demo.yaml"
    preset.write_text(preset.read_text().replace("body: open", "body: smpl"))
    assert download("demo") == 2
    said = capsys.readouterr().err
    assert "data/licensed/smpl/SMPL_NEUTRAL.npz" in said and "smpl.is.tue.mpg.de" in said


def test_licensed_data_stop_it_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert download("paper") == 2
    said = capsys.readouterr().err
    assert "data/licensed/human36m/data_3d_h36m.npz" in said and "vision.imar.ro" in said and "preset mini" in said
    assert not (project / "data/raw").exists() and not (project / "data/paper/download.json").exists()


def test_a_file_that_has_not_the_digest_in_its_name_stops_it(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As torchvision's weights, which the paper's 2D network begins with, after half a download."""
    file = project / "data/licensed/imagenet/resnet50-0676ba61.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half")
    monkeypatch.setattr(download_stage, "brought", lambda run: ["imagenet"])
    assert download("paper") == 2
    assert (
        "resnet50-0676ba61.pth: truncated or another file: its digest does not begin with 0676ba61; get it again"
        in (capsys.readouterr().err)
    )


# --- COCO -------------------------------------------------------------------------------------------------------------


def ask_for_coco(project: Path, files: str, limit: str = "null", test_dev: str = "false") -> None:
    """Let preset demo, whose motion needs no download, have COCO's images."""
    preset = project / "params" / "demo.yaml"
    before, _, after = preset.read_text().partition("images:\n")
    rest = after[after.index("\n# The papers' networks") :]
    preset.write_text(before + COCO.format(files=files, limit=limit, test_dev=test_dev) + rest)


def listed(project: Path) -> list[str]:
    """The paths in the list, each of which is here with its digest."""
    entries = json.loads((project / "data/demo/download.json").read_text())
    for entry in entries:
        assert digest(project / "data/raw" / entry["path"]) == entry["sha256"]
    return [entry["path"].removeprefix(f"{coco.HOST}/") for entry in entries]


def test_single_images_of_coco_are_those_that_its_annotations_list(project: Path, tmp_path: Path) -> None:
    mirror = coco_files.write_mirror(tmp_path / "coco", archives=False)
    ask_for_coco(project, "single", limit="2")
    assert download("demo", "--mirror", str(mirror)) == 0
    names = [name for split in ("train", "val") for name in coco_files.jpegs(split, 2)]
    assert listed(project) == ["annotations/annotations_trainval2017.zip", *names]
    text = (project / "data/demo/download.json").read_text()
    assert str(mirror) not in text and f'"http://{coco.HOST}/{names[0]}"' in text
    assert download("demo", "--mirror", str(mirror)) == 0
    assert (project / "data/demo/download.json").read_text() == text


def test_archives_of_coco_are_unpacked_to_where_single_images_lie(project: Path, tmp_path: Path) -> None:
    mirror = coco_files.write_mirror(tmp_path / "coco", archives=True)
    ask_for_coco(project, "archives")
    assert download("demo", "--mirror", str(mirror)) == 0
    annotations = "annotations/annotations_trainval2017.zip"
    assert listed(project) == [annotations, "zips/train2017.zip", "zips/val2017.zip"]
    for split in ("train", "val"):
        for name, content in coco_files.jpegs(split).items():
            assert (project / "data/raw" / coco.HOST / name).read_bytes() == content


def test_images_of_coco_that_a_user_unpacked_are_not_fetched_in_archives(project: Path, tmp_path: Path) -> None:
    """One split is there as a folder, the other comes as an archive; then nothing more is brought."""
    mirror = coco_files.write_mirror(tmp_path / "coco", archives=True)
    for name, content in coco_files.jpegs("train").items():
        path = project / "data/raw" / coco.HOST / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    ask_for_coco(project, "archives")
    assert download("demo", "--mirror", str(mirror)) == 0
    expected = ["annotations/annotations_trainval2017.zip", *coco_files.jpegs("train"), "zips/val2017.zip"]
    assert sorted(listed(project)) == sorted(expected)
    next((project / "data/raw" / coco.HOST / "train2017").iterdir()).unlink()  # not all of them: the archive is needed
    assert download("demo", "--mirror", str(mirror)) == 0
    assert "zips/train2017.zip" in listed(project)


def test_images_of_test_dev_are_fetched_where_they_are_wanted(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = coco_files.write_mirror(tmp_path / "coco", archives=True)
    ask_for_coco(project, "archives", test_dev="true")
    assert download("demo", "--mirror", str(mirror)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"{coco.HOST}/zips/test2017.zip" in said
    archive = coco_files.write_archive(
        mirror / coco.HOST / "zips" / "test2017.zip", {"test2017/000000000901.jpg": coco_files.jpeg(901)}
    )
    with (mirror / "SHA256SUMS").open("a") as file:
        file.write(f"{digest(archive)}  {coco.HOST}/zips/test2017.zip\n")
    assert download("demo", "--mirror", str(mirror)) == 0
    assert {"annotations/image_info_test2017.zip", "zips/test2017.zip"} < set(listed(project))
    assert (project / "data/raw" / coco.HOST / "test2017/000000000901.jpg").exists()


def test_an_archive_that_is_not_cocos_is_one_line(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = coco_files.write_mirror(tmp_path / "coco", archives=False)
    archive = coco_files.path_of(mirror, coco.ANNOTATIONS)
    before = digest(archive)
    coco_files.write_archive(archive, {"readme.txt": "nothing"})
    replace_in(mirror / "SHA256SUMS", before, digest(archive))
    ask_for_coco(project, "single")
    assert download("demo", "--mirror", str(mirror)) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "annotations_trainval2017.zip: annotations/person_keypoints_train2017.json: not in the archive" in said
    assert not (project / "data/demo/download.json").exists()
