"""The variational autoencoder: its loss term by term, its samples by another way, and two answers to one question."""

import math

import pytest
import torch
from lively_norms import draw_norms
from torch import Tensor, nn

from pipeline.lifting.models import VariationalAutoencoder
from pipeline.lifting.outputs import PoseSamples


def started(samples: int = 20, **options) -> VariationalAutoencoder:
    """A small one, in evaluation mode, whose encoder and batch norms do something."""
    torch.manual_seed(0)
    model = VariationalAutoencoder(16, **{"channels": 24, "latent": 3, "samples": samples, **options})
    nn.init.normal_(model.encoder_output.weight, std=0.1)
    draw_norms(model)
    return model


def decoded(model: VariationalAutoencoder, keypoints_2d: Tensor, latent: Tensor) -> Tensor:
    """Poses [B, J, 3] of latents [B, latent], all features together through every block."""
    condition = torch.relu(model.condition_normalisation(model.condition(keypoints_2d.flatten(1))))
    features = torch.cat([condition, latent], dim=1)
    for block in (model.decoder_first, *model.decoder_blocks):
        features = block(features)
    return model.decoder_output(features).view(-1, 16, 3)


# --- samples ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocks", [1, 3])
def test_samples_are_the_decoders(blocks: int):
    model, keypoints_2d = started(blocks=blocks), torch.randn(5, 16, 2)
    poses = model(keypoints_2d).poses
    assert poses.shape == (5, 20, 16, 3)
    for sample in (0, 7, 19):
        expected = decoded(model, keypoints_2d, model.latents[sample].expand(5, -1))
        torch.testing.assert_close(poses[:, sample], expected, atol=1e-5, rtol=1e-4)
    assert poses.std(dim=1).amin(dim=(1, 2)).max() > 0


def test_samples_depend_on_nothing_but_their_pose():
    keypoints_2d = torch.randn(7, 16, 2)
    model = started(samples=1000)  # more rows than are decoded at a time
    poses = model(keypoints_2d).poses
    torch.randn(3)
    again = torch.cat([model(one).poses for one in keypoints_2d.split(1)])
    torch.testing.assert_close(again, poses, atol=1e-5, rtol=1e-4)
    assert torch.equal(started(samples=1000)(keypoints_2d).poses, poses)


def test_the_first_samples_of_more():
    model, keypoints_2d = started(), torch.randn(3, 16, 2)
    poses = model(keypoints_2d).poses
    torch.testing.assert_close(model(keypoints_2d, samples=5).poses, poses[:, :5], atol=1e-5, rtol=1e-4)
    for count in (0, 21):
        with pytest.raises(ValueError, match=f"the model has 20 samples per pose, not {count}"):
            model(keypoints_2d, samples=count)


def test_the_draws_are_standard_normal_and_not_saved():
    model = VariationalAutoencoder(16, channels=64, samples=2000)
    assert model.latents.shape == (2000, 32) and "latents" not in model.state_dict()
    assert model.latents.mean().abs() < 0.01 and abs(model.latents.std() - 1) < 0.01


def test_a_seed_decides_the_start():
    def run() -> Tensor:
        torch.manual_seed(5)
        return VariationalAutoencoder(16, channels=24, latent=3).eval()(torch.ones(2, 16, 2)).poses

    assert torch.equal(run(), run())


def test_batches_concatenate():
    parts = [PoseSamples(torch.randn(size, 4, 16, 3)) for size in (2, 1, 3)]
    together = PoseSamples.concatenate(parts).poses
    assert together.shape == (6, 4, 16, 3) and torch.equal(together[3:], parts[2].poses)


# --- the loss ---------------------------------------------------------------------------------------------------------


def test_divergence_is_torchs():
    model = started(divergence_weight=0.25)
    keypoints_2d, targets = torch.randn(9, 16, 2), torch.randn(9, 16, 3)
    mean, log_variance = model.encode(keypoints_2d, targets)
    assert mean.shape == (9, 3) and mean.std() > 0.01 and log_variance.std() > 0.01
    encoded = torch.distributions.Normal(mean, (log_variance / 2).exp())
    divergence = torch.distributions.kl_divergence(encoded, torch.distributions.Normal(0, 1)).sum(dim=1).mean()
    torch.testing.assert_close(model.loss(keypoints_2d, targets)["divergence"], 0.25 * divergence)


def test_the_encoder_starts_at_the_prior():
    model = VariationalAutoencoder(16, channels=24, latent=3, divergence_weight=1.0)
    assert model.loss(torch.randn(9, 16, 2), torch.randn(9, 16, 3))["divergence"] == 0


def test_error_terms_in_expectation():
    """Against many draws made here: `reconstruction` an average of squares, `prior` the square of an average."""
    model = started()
    keypoints_2d = torch.randn(1, 16, 2)
    targets = model(keypoints_2d).poses[:, 0].detach()  # an answer that is as far from the mean as samples are
    many = 40_000
    repeated, answer = keypoints_2d.expand(many, -1, -1), targets.expand(many, -1, -1)
    with torch.no_grad():
        terms = model.loss(repeated, answer)
        mean, log_variance = model.encode(keypoints_2d, targets)
        draws = torch.randn(many, 3)
        encoded = decoded(model, repeated, mean + (log_variance / 2).exp() * draws)
        drawn = decoded(model, repeated, draws)
    torch.testing.assert_close(terms["reconstruction"], (encoded - targets).square().mean(), rtol=0.03, atol=0)
    wanted = (drawn.mean(dim=0) - targets[0]).square().mean()
    torch.testing.assert_close(terms["prior"], wanted, rtol=0.03, atol=0)
    spread = (drawn - targets).square().mean()
    assert spread > 1.2 * wanted  # what `prior` would be if it asked every sample to be right


def test_everything_learns():
    torch.manual_seed(0)
    model = VariationalAutoencoder(16, channels=24, latent=3)
    nn.init.normal_(model.encoder_output.weight)
    sum(model.loss(torch.randn(9, 16, 2), torch.randn(9, 16, 3)).values()).backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())


def test_samples_give_both_answers_to_an_ambiguous_pose():
    """One 2D pose, half the time 0.3 m before and half the time 0.3 m behind the root."""
    torch.manual_seed(0)
    question = torch.randn(1, 16, 2).expand(256, -1, -1)
    depth = torch.tensor([0.3, -0.3]).repeat(128)[:, None].expand(-1, 16)
    answers = torch.cat([question / 4, depth.unsqueeze(2)], dim=2)
    model = VariationalAutoencoder(16, channels=64, blocks=1, latent=2, dropout=0.0, divergence_weight=3e-3)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=800)

    def seen() -> Tensor:  # noise anew, so that it cannot tell which answer is right
        return question + 0.01 * torch.randn_like(question)

    for _ in range(800):
        optimizer.zero_grad()
        terms = model.loss(seen(), answers)
        sum(terms.values()).backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        poses = model.eval()(seen()).poses
    near = [(poses[..., 2].mean(dim=2) - answer).abs() < 0.1 for answer in (0.3, -0.3)]
    for answer in near:
        assert answer.float().mean(dim=1).min() > 0.2  # of the samples, for every pose
    assert (near[0] | near[1]).float().mean() > 0.6
    assert poses[..., 2].mean().abs() < 0.05
    torch.testing.assert_close(poses[..., :2].mean(dim=1), question / 4, atol=0.1, rtol=0)
    # Which of two answers it is, is ln 2 = 0.69 nats; a Gaussian z tells somewhat more.
    assert math.log(2) - 0.05 < terms["divergence"].item() / 3e-3 < 1.5


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 17, 2), (4, 16, 3), (16, 2)])
def test_input_of_another_shape_is_refused(shape: tuple[int, ...]):
    model = started()
    with pytest.raises(ValueError, match=r"expected keypoints_2d \[B, 16, 2\], found \["):
        model(torch.zeros(shape))
    with pytest.raises(ValueError, match=r"expected keypoints_2d \[B, 16, 2\], found \["):
        model.loss(torch.zeros(shape), torch.zeros(4, 16, 3))


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected targets \[4, 16, 3\], found \[3, 16, 3\]"):
        started().loss(torch.zeros(4, 16, 2), torch.zeros(3, 16, 3))


@pytest.mark.parametrize("options", [{"latent": 0}, {"latent": 64}, {"blocks": 0}, {"samples": 0}])
def test_sizes_that_make_no_network_are_refused(options: dict[str, int]):
    with pytest.raises(ValueError, match="expected 0 < latent < channels"):
        VariationalAutoencoder(16, **{"channels": 64, **options})
