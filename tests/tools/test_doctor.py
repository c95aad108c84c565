"""tools.doctor on a made-up repository: what it says is here or missing, and its exit code."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import doctor_repository
import pytest
from doctor_repository import DIGEST, PARAMS, SYNTHETIC, bring, preset, said
from repository import ROOT

from pipeline.artifacts import InputError
from pipeline.data.fetch.download import local_path
from pipeline.data.fetch.licensed import LICENSED
from pipeline.data.motion.cmu import catalogue
from pipeline.data.motion.hdm05 import catalogue as hdm05
from pipeline.predict.detectors import package
from pipeline.tools import doctor

IMPORTED = """
  semgcn_authors:
    paper: semgcn
    title: the authors' SemGCN
    imported: true
    weights: {weights}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return doctor_repository.make(tmp_path)


def bring_licensed(root: Path, key: str, choice: int = 0) -> None:
    for name in LICENSED[key].choices[choice]:
        bring(root / "data" / "licensed" / name)


def cmu_files() -> list[str]:
    return [local_path(address) for address in catalogue.addresses(("05", "32"))]


def test_a_preset_that_needs_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(root, "demo") == 0
    text = said(capsys)
    assert f"python ok {sys.version.split()[0]}" in text
    assert f"torch ok {metadata.version('torch')}" in text
    assert "preset demo: a test" in text
    assert "motion ok synthetic: made in code" in text
    assert "keypoints ok stacked_hourglass: noise on the projection" in text
    assert "missing" not in text and text.endswith("-> can run")


def test_a_detector_that_the_preset_does_not_have(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.run(root, "demo")
    assert (
        "keypoints optional cascaded_pyramid_network: not among keypoints: of this preset without, 1 variant will "
        "be `not run`, and 3 variants will run" in said(capsys)
    )
    assert doctor.run(root, "mini") == 0  # core variants only: none of them reads a detector
    text = said(capsys)
    assert "keypoints ok" not in text and "keypoints optional" not in text


def test_images_of_one_person_need_the_users_videos(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    preset = root / "params" / "paper.yaml"
    preset.write_text(preset.read_text() + "\ncrops: {source: human36m}\npixels: {imagenet: true}\n")
    assert doctor.run(root, "paper") == 1
    text = said(capsys)
    assert (
        "crops missing Human3.6M's videos: not here put data/licensed/human36m/Videos_S1.tgz "
        "... data/licensed/human36m/Videos_S11.tgz (7 files)" in text
    )
    assert "or take `crops:` out of params/paper.yaml: 0 variants on images of one person will be `not run`" in text
    assert "put data/licensed/imagenet/resnet50-0676ba61.pth" in text


def test_the_detector_of_predict_is_optional(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(root, "demo") == 0
    text = said(capsys)
    assert "detector optional MoveNet: not here `make detector` fetches it through npm; or download version" in text


def test_missing_licensed_data_where_to_get_it_and_what_works_without(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.run(root, "paper") == 1
    text = said(capsys)
    assert (
        "motion missing Human3.6M's 3D poses: not here put data/licensed/human36m/data_3d_h36m.npz "
        "or data/licensed/human36m/Poses_D3_Positions_S1.tgz "
        "... data/licensed/human36m/Poses_D3_Positions_S11.tgz (7 files) "
        "granted at http://vision.imar.ro/human3.6m preset mini works without" in text
    )
    assert "put data/licensed/human36m/data_2d_h36m_sh_ft_h36m.npz" in text
    out = "or take it out of keypoints: in params/paper.yaml"
    assert f"{out}: 2 variants will be `not run`, and 2 variants will run" in text
    assert "put data/licensed/human36m/data_2d_h36m_cpn_ft_h36m_dbb.npz" in text
    assert f"{out}: 1 variant will be `not run`, and 3 variants will run" in text
    assert "generalization missing MPI-INF-3DHP's test set: not here" in text
    assert "or write `generalization: null` into params/paper.yaml" in text
    assert "... data/licensed/mpi_inf_3dhp/mpi_inf_3dhp_test_set/TS6/annot_data.mat (6 files)" in text
    assert text.endswith("-> cannot run: motion, keypoints, generalization missing")


MESHES = """
  hgn:
    paper: hgn
    title: HGN
    core: true
    targets: meshes
    joints: 17
    model:
      name: hierarchical_graph_network
"""


def test_the_body_that_meshes_need(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (root / "params.yaml").open("a") as file:
        file.write(MESHES)
    demo = root / "params" / "demo.yaml"
    assert doctor.run(root, "demo") == 0
    lost = "1 variant with meshes to learn will be `not run`"
    assert f"body optional none {lost}; write `body: open` into params/demo.yaml" in said(capsys)
    settings = demo.read_text()
    demo.write_text(settings + "\nbody: smpl\n")
    assert doctor.run(root, "demo") == 1
    text = said(capsys)
    assert "body missing the SMPL body model: not here put data/licensed/smpl/SMPL_NEUTRAL.npz" in text
    assert f"or, in params/demo.yaml, `body: open`; with `body: null` {lost}" in text
    bring_licensed(root, "smpl")
    assert doctor.run(root, "demo") == 0
    demo.write_text(settings + "\nbody: open\n")
    assert doctor.run(root, "demo") == 0
    assert f"body ok open: made in code, by anny {metadata.version('anny')}" in said(capsys)


@pytest.mark.parametrize("choice", [0, 1])
def test_a_preset_that_asks_for_the_poses_alone(root: Path, capsys: pytest.CaptureFixture[str], choice: int) -> None:
    bring_licensed(root, "human36m", choice)
    assert doctor.run(root, "paper") == 1  # it asks for keypoints as well: stage prepare_keypoints would stop
    assert "-> cannot run: keypoints, generalization missing" in said(capsys)
    preset = root / "params" / "paper.yaml"
    kept, _, _ = preset.read_text().partition("keypoints:")
    preset.write_text(kept)
    assert doctor.run(root, "paper") == 0
    text = said(capsys)
    assert "motion ok Human3.6M's 3D poses: here" in text
    assert text.count("keypoints optional") == 2 and "generalization" not in text


def test_everything_is_here(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for key in ("human36m", "stacked_hourglass", "cascaded_pyramid_network", "mpi_inf_3dhp"):
        bring_licensed(root, key)
    for name in package.DIGESTS:
        bring(root / package.FOLDER / name)
    assert doctor.run(root, "paper") == 0
    text = said(capsys)
    assert "detector ok MoveNet: in data/detectors/movenet" in text
    assert text.count("keypoints ok") == 2 and "generalization ok" in text
    assert "optional" not in text and "missing" not in text


def test_an_empty_file_is_not_here_and_only_what_lacks_is_asked_for(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_licensed(root, "human36m", 1)
    bring(root / "data/licensed/human36m/Poses_D3_Positions_S9.tgz", "")
    assert doctor.run(root, "paper") == 1
    text = said(capsys)
    assert "or data/licensed/human36m/Poses_D3_Positions_S9.tgz granted at" in text


def test_downloads_that_are_here_and_that_are_not(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = cmu_files()
    assert len(files) == 5
    for name in files[:3]:
        bring(root / "data" / "raw" / name)
    assert doctor.run(root, "mini") == 0
    assert (
        "motion ok cmu: 3 of 5 files in data/raw stage download fetches the others from mocap.cs.cmu.edu: "
        "needs the network" in said(capsys)
    )
    for name in files[3:]:
        bring(root / "data" / "raw" / name)
    assert doctor.run(root, "mini") == 0
    text = said(capsys)
    assert "motion ok cmu: 5 of 5 files in data/raw -> can run" in text


def test_downloads_from_a_mirror(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    mirror, files = root / "mirror", cmu_files()
    monkeypatch.setenv("MIXPOSE_MIRROR", str(mirror))
    for name in files[:-1]:
        bring(mirror / name)
    assert doctor.run(root, "mini") == 1
    text = said(capsys)
    assert "motion missing cmu: 0 of 5 files in data/raw" in text
    assert f"lacks 1 of the others: {files[-1]}" in text and "cannot run: motion" in text
    bring(mirror / files[-1])
    assert doctor.run(root, "mini") == 0
    assert f"the others are in the mirror {mirror}" in said(capsys)
    monkeypatch.setenv("MIXPOSE_MIRROR", "https://mirror.example/data")
    assert doctor.run(root, "mini") == 0
    assert "the others from the mirror: needs the network" in said(capsys)


def test_hdm05_has_no_address(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.run(root, "other") == 1
    text = said(capsys)
    assert "generalization missing hdm05: 0 of 237 files in data/raw" in text
    assert "put data/raw/resources.mpi-inf.mpg.de/HDM05/bd/HDM_bd.asf and the others there" in text
    assert "MIXPOSE_MIRROR" in text and "or write `generalization: null` into params/other.yaml" in text
    for path in hdm05.files():
        bring(root / "mirror" / path)
    monkeypatch.setenv("MIXPOSE_MIRROR", str(root / "mirror"))
    assert doctor.run(root, "other") == 0
    assert f"the others are in the mirror {root / 'mirror'}" in said(capsys)
    monkeypatch.delenv("MIXPOSE_MIRROR")
    for path in hdm05.files():
        bring(root / "data" / "raw" / path)
    assert doctor.run(root, "other") == 0
    assert "generalization ok hdm05: 237 of 237 files in data/raw" in said(capsys)


def test_imported_weights(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "params.yaml").write_text(PARAMS + IMPORTED.format(weights="null"))
    assert doctor.run(root, "demo") == 0
    assert "weights optional semgcn_authors not imported: each will be `not run`" in said(capsys)
    (root / "params.yaml").write_text(PARAMS + IMPORTED.format(weights=DIGEST))
    assert doctor.run(root, "demo") == 1
    text = said(capsys)
    assert f"weights missing semgcn_authors: not here data/imported/{DIGEST}.pt" in text
    assert text.endswith("-> cannot run: weights missing")
    bring(root / "data" / "imported" / f"{DIGEST}.pt")
    assert doctor.run(root, "demo") == 0
    assert "weights ok semgcn_authors: here" in said(capsys)


@pytest.mark.parametrize(("there", "code"), [(True, 0), (False, 1)])
def test_a_gpu_is_looked_for_where_the_preset_wants_one(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, there: bool, code: int
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    (root / "params" / "demo.yaml").write_text(preset(SYNTHETIC, "device: cuda"))
    assert doctor.run(root, "demo") == code
    text = said(capsys)
    assert ("device ok cuda" in text) is there
    assert ("device missing cuda, but torch sees no GPU here write `device: auto` into params/demo.yaml" in text) is (
        not there
    )


def test_a_python_without_torch_or_too_old(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", absent)
    monkeypatch.setattr(doctor, "PYTHON", (4, 0))
    assert doctor.run(root, "demo") == 1
    text = said(capsys)
    assert "is too old: 4.0 or newer is needed" in text and "torch missing not installed" in text
    assert text.endswith("-> cannot run: python, torch missing")


def test_all_presets_are_shown_and_the_one_in_params_counts(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(root, None) == 0
    text = said(capsys)
    assert "preset demo, which params.yaml names: a test" in text
    assert text.index("preset demo,") < text.index("preset mini:") < text.index("preset paper:")
    assert "-> cannot run: motion, keypoints, generalization missing" in text
    (root / "params.yaml").write_text(PARAMS.replace("preset: demo", "preset: paper"))
    assert doctor.run(root, None) == 1
    (root / "params" / "mini.yaml").write_text("description: 1")  # another preset's mistake stops nothing
    for key in ("human36m", "stacked_hourglass", "cascaded_pyramid_network", "mpi_inf_3dhp"):
        bring_licensed(root, key)
    capsys.readouterr()
    assert doctor.run(root, None) == 0
    assert "preset mini: its file cannot be read settings missing" in said(capsys)


def test_an_unknown_preset_and_a_repository_without_settings(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no preset 'dmo' in params/; did you mean 'demo'"):
        doctor.run(root, "dmo")
    with pytest.raises(InputError, match=r"params\.yaml: missing"):
        doctor.run(tmp_path / "nowhere", None)


def test_its_options_are_those_of_run(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = argparse.ArgumentParser()
    doctor.arguments(command)
    assert doctor.run(root, **vars(command.parse_args(["--preset", "paper"]))) == 1
    assert doctor.run(root, **vars(command.parse_args([]))) == 0
    assert "preset mini" in said(capsys)


def test_lines_fit_a_terminal(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """80 columns: every path and address of the licensed data fits beside what is said of it."""
    doctor.run(root, None)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    words = [line[17:27].strip() for line in lines if line.startswith("  ") and line[2] not in " -"]
    assert words and set(words) <= {"ok", "missing", "optional"}


def test_looking_is_quick_and_does_not_import_torch(root: Path) -> None:
    """The preset with licensed data needs torch for its run, and no torch to be told what lacks."""
    code = (
        "import sys, pathlib; from pipeline.tools import doctor;"
        f"doctor.run(pathlib.Path({str(root)!r}), 'paper'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0
