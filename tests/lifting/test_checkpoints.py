import mesh_files
import pytest
import torch
from repository import ROOT

import pipeline
from pipeline import config
from pipeline.config import HeadSettings, LiftingVariant, ModelSettings, uses
from pipeline.config.partial import partial
from pipeline.geometry.camera import normalize_screen
from pipeline.lifting.checkpoints import load_model, save_model, seeded_model
from pipeline.lifting.data import LiftingData, skeleton_of
from pipeline.lifting.mesh_targets import MeshTargets
from pipeline.lifting.outputs import main_prediction
from pipeline.lifting.task import LiftingTask
from pipeline.training import checkpoint
from pipeline.training.checkpoint import CheckpointError

RUN = config.load("demo", ROOT)
SMALL = ModelSettings(channels=8, blocks=1)
VARIANTS = {
    "point": LiftingVariant(paper="semgcn", title="small", model=SMALL),
    "mixture": LiftingVariant(
        paper="graphmdn", title="small", model=SMALL, head=HeadSettings(name="mixture", kernels=3)
    ),
}


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_saved_model_predicts_what_it_predicted_before(tmp_path, kind):
    variant = VARIANTS[kind]
    model = seeded_model(variant, 0)
    save_model(tmp_path / "model.pt", kind, variant, 0, 3, model.state_dict())
    loaded = pipeline.load_model(tmp_path / "model.pt")
    assert (loaded.variant_name, loaded.epoch, loaded.variant) == (kind, 3, variant)
    keypoints_2d = torch.rand(5, 16, 2) * 1000
    model.eval()
    with torch.no_grad():
        expected = main_prediction(model(normalize_screen(keypoints_2d, 1000.0, 1000.0))) * 1000
    torch.testing.assert_close(loaded.predict(keypoints_2d), expected, rtol=1e-4, atol=0.01)


def test_seventeen_joints_are_taken_without_the_neck_and_other_counts_are_refused(tmp_path):
    save_model(tmp_path / "model.pt", "point", VARIANTS["point"], 0, 1, seeded_model(VARIANTS["point"], 0).state_dict())
    loaded = load_model(tmp_path / "model.pt")
    seventeen = torch.rand(4, 17, 2) * 1000
    sixteen = torch.cat([seventeen[:, :9], seventeen[:, 10:]], dim=1)
    assert torch.equal(loaded.predict(seventeen), loaded.predict(sixteen))
    with pytest.raises(ValueError, match=r"expected 16 joints .* found 15"):
        loaded.predict(torch.rand(4, 15, 2))


def test_the_seed_makes_the_weights():
    first, again, other = (seeded_model(VARIANTS["point"], seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_weights_that_do_not_fit_their_variant_are_one_line(tmp_path):
    state = seeded_model(VARIANTS["point"], 0).state_dict()
    wide = VARIANTS["point"].model_copy(update={"model": ModelSettings(channels=16, blocks=1)})
    save_model(tmp_path / "model.pt", "point", wide, 0, 1, state)
    with pytest.raises(CheckpointError, match=r"model\.pt: its weights do not fit") as caught:
        load_model(tmp_path / "model.pt")
    assert "\n" not in str(caught.value)


def test_a_file_of_something_else_is_refused(tmp_path):
    checkpoint.save(tmp_path / "other.pt", {"weights": torch.ones(3)})
    with pytest.raises(CheckpointError, match=r"other\.pt: not a checkpoint of train_lifting"):
        load_model(tmp_path / "other.pt")


@pytest.mark.parametrize("name", [name for name in RUN.lifting_variants if not RUN.variant(name).pixels])
def test_every_variant_of_params_yaml_learns_is_saved_and_predicts(name, data, tmp_path):
    """With the settings that its plan holds, and no others."""
    variant = partial(LiftingVariant, uses.train_lifting(RUN, name)["params"]["lifting_variants"][name])
    graphs = mesh_files.graphs() if variant.targets == "meshes" else None
    meshes = None
    if graphs is not None:
        poses = data.pose_set
        camera = torch.tensor(poses.camera).long()
        meshes = MeshTargets.from_arrays(mesh_files.mesh_arrays(len(poses)), graphs, camera, poses.cameras, "cpu")
    own = LiftingData.from_pose_set(data.pose_set, "cpu", skeleton_of(variant), meshes)
    task = LiftingTask(variant, seeded_model(variant, 0, graphs), own, own)
    if variant.closed_form:
        task.model.fit(own.inputs, own.targets)
    else:
        assert all(torch.isfinite(term) for term in task.loss(torch.arange(4), 0.0).values())
    save_model(tmp_path / "model.pt", name, variant, 0, 3, task.model.state_dict(), graphs)
    loaded = load_model(tmp_path / "model.pt")
    output = loaded.model(torch.zeros(2, variant.joints, 2))
    assert main_prediction(output).shape == (2, variant.joints, 3)
    stated = RUN.variant(name)  # what its plan leaves out of these stands at its default
    assert (loaded.variant.model, loaded.variant.protocol) == (stated.model, stated.protocol)


def test_a_network_with_meshes_brings_its_graphs_along(tmp_path):
    variant, graphs = config.load().variant("hgn"), mesh_files.graphs()
    model = seeded_model(variant, 0, graphs)
    save_model(tmp_path / "model.pt", "hgn", variant, 0, 3, model.state_dict(), graphs)
    loaded = load_model(tmp_path / "model.pt")
    keypoints_2d = torch.rand(5, 17, 2) * 1000
    model.eval()
    with torch.no_grad():
        expected = model(normalize_screen(keypoints_2d, 1000.0, 1000.0))
    output = loaded.output(keypoints_2d)
    for name in ("pose", "coarse", "fine"):
        assert torch.equal(getattr(output, name), getattr(expected, name))
    assert (loaded.graphs.fine.real == graphs.fine.real).all() and (
        loaded.graphs.coarse.joint == graphs.coarse.joint
    ).all()
    assert loaded.predict(keypoints_2d).shape == (5, 17, 3)
