"""The non-local layer against SemGCN's Eq. 4 and 10, written out pair by pair."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.config import ModelSettings
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.lifting.models import NonLocal, hgn, semgcn

ORDER = [joint for group in HUMAN36M_16.groups for joint in group]


def trained(layer: NonLocal, seed: int = 0) -> NonLocal:
    """The layer in float64 and evaluation mode, away from its start, with statistics that are not 0 and 1."""
    torch.manual_seed(seed)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    torch.nn.init.normal_(layer.normalisation.running_mean)
    torch.nn.init.uniform_(layer.normalisation.running_var, 0.5, 2)
    return layer.double().eval()


def by_hand(layer: NonLocal, features: Tensor, groups: list[list[int]]) -> np.ndarray:
    """x + BN(W mean_j relu(w [theta_i, phi_j]) g_j) with theta and phi concatenated; features [J, C]."""
    state = {name: value.numpy() for name, value in layer.state_dict().items()}
    x = features.numpy()

    def linear(name: str, values: np.ndarray) -> np.ndarray:
        return values @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    theta, phi, g = (linear(name, x) for name in ("theta", "phi", "g"))
    projection, out = state["affinity"].reshape(-1), x.copy()
    for i in range(len(x)):
        total = np.zeros(g.shape[1])
        for group in groups:
            pair = np.concatenate([theta[i], phi[group].max(axis=0)])
            total += max(0.0, projection @ pair) / len(groups) * g[group].max(axis=0)
        normalised = linear("output", total) - state["normalisation.running_mean"]
        normalised /= np.sqrt(state["normalisation.running_var"] + 1e-5)
        out[i] += normalised * state["normalisation.weight"] + state["normalisation.bias"]
    return out


def test_grouped_output_is_the_papers_sum_over_eight_pooled_joints():
    layer, features = trained(NonLocal(12, 2, ORDER)), torch.randn(3, 16, 12).double()
    expected = np.stack([by_hand(layer, pose, [list(group) for group in HUMAN36M_16.groups]) for pose in features])
    np.testing.assert_allclose(layer(features).detach().numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_consecutive_joints_are_grouped_by_default(size: int):
    layer, features = trained(NonLocal(12, size)), torch.randn(2, 16, 12).double()
    groups = [list(range(start, start + size)) for start in range(0, 16, size)]
    expected = np.stack([by_hand(layer, pose, groups) for pose in features])
    np.testing.assert_allclose(layer(features).detach().numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("training", [False, True])
def test_starts_as_the_identity(training: bool):
    layer, features = NonLocal(32, 2, ORDER).train(training), torch.randn(20, 16, 32)
    assert torch.equal(layer(features), features)
    layer(features).sum().backward()
    assert layer.normalisation.bias.grad.abs().max() > 0  # and can leave it


def test_ungrouped_it_does_not_know_which_joint_is_which():
    layer, features = trained(NonLocal(12, 1)), torch.randn(2, 16, 12).double()
    order = torch.randperm(16)
    torch.testing.assert_close(layer(features[:, order]), layer(features)[:, order])


def test_order_within_and_of_groups_is_indifferent():
    layer, features = trained(NonLocal(12, 2, ORDER)), torch.randn(2, 16, 12).double()
    swapped = trained(NonLocal(12, 2, ORDER[::-1]))
    torch.testing.assert_close(swapped(features), layer(features))
    regrouped = trained(NonLocal(12, 2, ORDER[1:] + ORDER[:1]))
    assert (regrouped(features) - layer(features)).abs().max() > 1e-3


def test_gradients_are_those_of_the_output():
    layer = trained(NonLocal(4, 2)).train()
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def run(features: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (features,))

    assert torch.autograd.gradcheck(run, (torch.randn(3, 4, 4).double().requires_grad_(), *parameters), atol=1e-4)


@pytest.mark.parametrize(("start", "deviation"), [("xavier", (2 / 192) ** 0.5), ("kaiming", 0.125)])
def test_weights_start_as_the_paper_or_as_the_code_says(start: str, deviation: float):
    """At 128 channels. Kaiming-normal: 0.125 behind 128 channels, 0.177 behind 64 (W)."""
    torch.manual_seed(0)
    layer = NonLocal(128, 2, ORDER, start)
    behind_half = deviation if start == "xavier" else 0.177
    layer.requires_grad_(False)
    for linear, expected in ((layer.g, deviation), (layer.theta, deviation), (layer.output, behind_half)):
        assert float(linear.weight.std()) == pytest.approx(expected, rel=0.03)
        assert not linear.bias.any()
    of_scores = (2 / 129) ** 0.5 if start == "xavier" else 0.125
    assert float(layer.affinity.std()) == pytest.approx(of_scores, rel=0.2)
    bounded = float(layer.g.weight.abs().max()) <= 3**0.5 * deviation + 1e-6
    assert bounded == (start == "xavier"), "uniform in the paper, normal in the code"
    features = torch.randn(20, 16, 128)
    assert torch.equal(layer(features), features)


@pytest.mark.parametrize("network", ["semgcn", "hgn"])
def test_the_start_is_a_setting_of_the_network(network: str):
    model = ModelSettings(channels=8, blocks=1, non_local="ungrouped", non_local_start="kaiming")
    torch.manual_seed(0)
    layer = semgcn.non_local_layer(model, HUMAN36M_16) if network == "semgcn" else hgn._layers(model)[1]()
    torch.manual_seed(0)
    assert torch.equal(layer.g.weight, NonLocal(8, 1, start="kaiming").g.weight)


def test_parameters_have_the_authors_sizes():
    layer = NonLocal(128, 2, ORDER)
    shapes = {name: tuple(value.shape) for name, value in layer.named_parameters()}
    assert shapes == {
        "affinity": (2, 64),
        "g.weight": (64, 128),
        "g.bias": (64,),
        "theta.weight": (64, 128),
        "theta.bias": (64,),
        "phi.weight": (64, 128),
        "phi.bias": (64,),
        "output.weight": (128, 64),
        "output.bias": (128,),
        "normalisation.weight": (128,),
        "normalisation.bias": (128,),
    }


@pytest.mark.parametrize(("joints", "order"), [(17, None), (14, ORDER)])
def test_joints_that_do_not_fill_the_groups_are_refused(joints: int, order: list[int] | None):
    with pytest.raises(ValueError, match="do not fall into"):
        NonLocal(8, 2, order)(torch.zeros(2, joints, 8))
