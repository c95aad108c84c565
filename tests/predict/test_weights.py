"""Weights as safetensors: what comes out is what went in, and a file of anything else is refused in one line."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import made_keypoints
import mesh_files
import pytest
import torch
from safetensors.torch import save_file

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.authors import export_checkpoint
from pipeline.lifting.checkpoints import save_model, seeded_model
from pipeline.lifting.lifter import Lifter
from pipeline.predict import weights

KEYPOINTS = torch.rand(5, 17, 2, generator=torch.Generator().manual_seed(0)) * 1000


def exported(folder: Path, kind: str = "mixture") -> tuple[Path, Lifter]:
    predictor = weights.load(made_keypoints.checkpoint(folder, kind))
    path = folder / "weights" / f"{kind}.safetensors"
    weights.write_weights(path, predictor, 4)
    return path, predictor


@pytest.mark.parametrize("kind", made_keypoints.VARIANTS)
def test_weights_predict_what_the_model_predicted(tmp_path: Path, kind: str) -> None:
    path, before = exported(tmp_path, kind)
    after = weights.read(path).predictor
    assert torch.equal(after.predict(KEYPOINTS), before.predict(KEYPOINTS))
    assert (after.variant_name, after.variant, after.epoch) == (before.variant_name, before.variant, before.epoch)
    assert path.read_bytes() == exported(tmp_path, kind)[0].read_bytes()


def test_a_network_with_meshes_brings_its_graphs_along(tmp_path: Path) -> None:
    variant, graphs = config.load().variant("hgn"), mesh_files.graphs()
    save_model(tmp_path / "hgn.pt", "hgn", variant, 0, 3, seeded_model(variant, 0, graphs).state_dict(), graphs)
    before = weights.load(tmp_path / "hgn.pt")
    weights.write_weights(tmp_path / "hgn.safetensors", before, 0)
    after = weights.read(tmp_path / "hgn.safetensors").predictor
    for name in ("pose", "coarse", "fine"):
        assert torch.equal(getattr(after.output(KEYPOINTS), name), getattr(before.output(KEYPOINTS), name))


def test_a_model_is_found_by_its_name_or_its_path(tmp_path: Path) -> None:
    path, _ = exported(tmp_path)
    assert weights.find(tmp_path, "mixture") == path
    assert weights.find(tmp_path, str(tmp_path / "mixture.pt")) == tmp_path / "mixture.pt"
    with pytest.raises(InputError, match=r"no file 'graphmdn' and no weights of this name; weights/ has mixture"):
        weights.find(tmp_path, None)
    with pytest.raises(InputError, match=r"weights/ has no weights; a model that you trained is data/<preset>/"):
        weights.find(tmp_path / "elsewhere", "mixture")


def test_a_checkpoint_is_a_model_too(tmp_path: Path) -> None:
    model = weights.read(made_keypoints.checkpoint(tmp_path, "point"))
    assert (model.predictor.variant_name, dict(model.card)) == ("point", {})
    assert model.sha256 == artifacts.digest(tmp_path / "point.pt")


def test_a_file_that_differs_from_its_card_is_refused(tmp_path: Path) -> None:
    path, _ = exported(tmp_path)
    artifacts.write_json(weights.card_of(path), {"sha256": artifacts.digest(path), "licence": "MIT"})
    assert weights.read(path).card["licence"] == "MIT"
    artifacts.write_json(weights.card_of(path), {"sha256": "0" * 64})
    refused(path, "its SHA-256 is not the one in")


def refused(path: Path, words: str) -> None:
    with pytest.raises(InputError) as caught:
        weights.read(path)
    assert str(path) in str(caught.value) and words in str(caught.value) and "\n" not in str(caught.value)


def test_weights_of_another_version_are_refused(tmp_path: Path) -> None:
    path, predictor = exported(tmp_path)
    state = {name: value.clone() for name, value in predictor.model.state_dict().items()}
    named = {f"model.{name}": value for name, value in state.items()}
    about = {
        "format": weights.FORMAT,
        "variant": "mixture",
        "settings": predictor.variant.model_dump(mode="json"),
        "seed": 0,
        "epoch": 3,
    }
    for tensors, text, words in (
        (
            named,
            about | {"format": "mixpose lifting weights 9"},
            "another version (mixpose lifting weights 9; expected",
        ),
        (named, {}, "weights of another version (no format; expected"),
        (state, about, "weights of another version (Error(s) in loading state_dict"),
        (named, {"format": weights.FORMAT}, "weights of another version ('settings'"),
        (named, about | {"settings": {"new": 1}}, "weights of another version ("),
    ):
        save_file(tensors, path, metadata={weights.ABOUT: json.dumps(text)})
        refused(path, words)


def test_a_file_of_something_else_is_refused_and_never_executed(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "executed",)  # type: ignore[return-value]

    path = tmp_path / "hostile.safetensors"
    path.write_bytes(pickle.dumps(Hostile()))
    refused(path, "not a readable safetensors file")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [b"text", b"PK\x03\x04 cut off"], ids=["text", "cut off"])
def test_no_door_tells_a_user_to_delete_a_file_that_no_training_here_wrote(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(content)
    doors = {
        "predict": lambda: weights.read(path),
        "export lifting": lambda: export_checkpoint.run(tmp_path, "semgcn", path, tmp_path / "theirs.pt"),
        "export detection": lambda: export_checkpoint.run(tmp_path, "centernet", path, tmp_path / "theirs.pt"),
    }
    for door in doors.values():
        with pytest.raises(
            InputError, match="if a training here wrote it, delete it and train again; else name another"
        ):
            door()
