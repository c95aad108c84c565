"""The network without a graph: published sizes, the layers by hand, roots, mixtures, and that it learns."""

import pytest
import torch
from lively_norms import draw_norms
from torch import Tensor, nn

from pipeline.lifting.losses import mean_squared_error, pose_nll
from pipeline.lifting.models import FullyConnected, MixtureHead
from pipeline.lifting.outputs import PoseMixture, distribution


def point(joint_count: int = 16, **options) -> FullyConnected:
    return FullyConnected(joint_count, 3, nn.Identity(), **options)


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_sizes_are_the_published_ones():
    assert parameters(point(omit_root=True)) == 4_288_557
    assert parameters(point()) == 4_291_632


def test_names_are_what_an_importer_relies_on():
    names = {name.rpartition(".")[0] for name in point(channels=8).state_dict()}
    block = ("first", "first_normalisation", "second", "second_normalisation")
    blocks = {f"blocks.{number}.{layer}" for number in (0, 1) for layer in block}
    assert names == {"input", "input_normalisation", "output"} | blocks


def test_forward_by_hand():
    torch.manual_seed(0)
    model = draw_norms(point(5, channels=7, blocks=1)).double()
    weights = model.state_dict()

    def layer(features: Tensor, linear: str, normalisation: str) -> Tensor:
        product = features @ weights[f"{linear}.weight"].t() + weights[f"{linear}.bias"]
        mean, variance = weights[f"{normalisation}.running_mean"], weights[f"{normalisation}.running_var"]
        normalised = (product - mean) / (variance + 1e-5).sqrt()
        return (normalised * weights[f"{normalisation}.weight"] + weights[f"{normalisation}.bias"]).clamp(min=0)

    keypoints_2d = torch.randn(4, 5, 2).double()
    features = layer(keypoints_2d.reshape(4, 10), "input", "input_normalisation")
    inner = layer(features, "blocks.0.first", "blocks.0.first_normalisation")
    features = features + layer(inner, "blocks.0.second", "blocks.0.second_normalisation")
    expected = features @ weights["output.weight"].t() + weights["output.bias"]
    torch.testing.assert_close(model(keypoints_2d), expected.reshape(4, 5, 3))


def test_weights_start_kaiming_normal():
    torch.manual_seed(0)
    model = point()
    for linear in (model.input, model.blocks[0].first, model.blocks[1].second):
        assert linear.weight.var().item() == pytest.approx(2 / linear.in_features, rel=0.03)
    assert model.output.weight.var().item() == pytest.approx(0.1**2 * 2 / 1024, rel=0.03)  # metres
    # A uniform distribution's fourth moment is 1.8 squared variances, a normal one's 3.
    weight = model.blocks[0].second.weight
    assert (weight**4).mean().item() == pytest.approx(3 * weight.var().item() ** 2, rel=0.03)


def test_dropout_is_on_in_training_only():
    model, keypoints_2d = point(channels=16), torch.randn(8, 16, 2)
    assert not torch.equal(model(keypoints_2d), model(keypoints_2d))
    model.eval()
    assert torch.equal(model(keypoints_2d), model(keypoints_2d))
    without = point(channels=16, dropout=0.0)
    assert torch.equal(without(keypoints_2d), without(keypoints_2d))


def test_omitted_root_is_zero_and_the_rest_stays_in_order():
    torch.manual_seed(0)
    model, keypoints_2d = point(channels=16, omit_root=True).eval(), torch.randn(3, 16, 2)
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.arange(45.0))
    pose = model(keypoints_2d)
    assert pose.shape == (3, 16, 3) and (pose[:, 0] == 0).all()
    assert torch.equal(pose[1, 1:].flatten(), torch.arange(45.0))


@pytest.mark.parametrize(("outputs", "head"), [(25, MixtureHead(16, 5)), (25, nn.Identity()), (3, nn.Tanh())])
def test_only_a_point_head_omits_the_root(outputs: int, head: nn.Module):
    with pytest.raises(ValueError, match="omit_root needs a point head"):
        FullyConnected(16, outputs, head, omit_root=True)


def test_a_mixture_without_a_graph():
    head = MixtureHead(16, 5)
    torch.manual_seed(0)
    model = FullyConnected(16, head.outputs, head, channels=256)
    keypoints_2d = torch.randn(64, 16, 2)
    assert parameters(FullyConnected(16, head.outputs, head)) == 4_291_632 + (25 - 3) * 16 * 1025
    mixture = model(keypoints_2d)
    assert isinstance(mixture, PoseMixture) and mixture.means.shape == (64, 5, 16, 3)
    assert mixture.means.abs().mean() < 0.5  # tanh is not saturated at the start


def test_averaging_over_joints_is_one_linear_output():
    """The claim of the module's text, for the mixing weights: they are linear in the last features."""
    head = MixtureHead(16, 5)
    torch.manual_seed(0)
    model = draw_norms(FullyConnected(16, head.outputs, head, channels=8, blocks=0)).double()
    keypoints_2d = torch.randn(30, 16, 2).double()
    features = torch.relu(model.input_normalisation(model.input(keypoints_2d.flatten(1))))
    weight = model.output.weight.view(16, 25, 8)[:, 20:].mean(dim=0)
    bias = model.output.bias.view(16, 25)[:, 20:].mean(dim=0)
    torch.testing.assert_close(model(keypoints_2d).logits, features @ weight.t() + bias)


@pytest.mark.parametrize("mixture", [False, True])
def test_overfits_one_batch(mixture: bool):
    torch.manual_seed(0)
    head = MixtureHead(16, 2) if mixture else nn.Identity()
    model = FullyConnected(16, head.outputs if mixture else 3, head, channels=64, dropout=0.0)
    keypoints_2d, joints_3d = torch.randn(16, 16, 2), torch.rand(16, 16, 3) - 0.5
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=200)
    for _ in range(200):
        output = model(keypoints_2d)
        loss = pose_nll(output, joints_3d) if mixture else mean_squared_error(output, joints_3d)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # as in every training; without it some seeds diverge
        optimizer.step()
        schedule.step()
    prediction = distribution(output).mean().view_as(joints_3d) if mixture else output
    unexplained = (prediction - joints_3d).square().mean() / joints_3d.var()
    assert unexplained < 0.1


def test_a_seed_decides_and_a_pose_does_not_depend_on_its_batch():
    def build() -> FullyConnected:
        torch.manual_seed(3)
        return draw_norms(point(channels=16))

    keypoints_2d = torch.randn(6, 16, 2)
    first, second = build(), build()
    together = first(keypoints_2d)
    assert torch.equal(together, second(keypoints_2d))
    torch.testing.assert_close(torch.cat([first(one) for one in keypoints_2d.split(1)]), together)


@pytest.mark.parametrize("shape", [(4, 17, 2), (4, 16, 3), (16, 2)])
def test_input_of_another_shape_is_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"expected keypoints_2d \[B, 16, 2\], found \["):
        point(channels=8)(torch.zeros(shape))
