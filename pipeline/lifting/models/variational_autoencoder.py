"""A conditional variational autoencoder: it draws poses that fit a 2D pose, instead of describing their mixture.

Source: Sharma et al., "Monocular 3D Human Pose Estimation by Generation and Ordinal Ranking", ICCV 2019, the network
that they call MultiPoseNet; GraphMDN compares itself with it in its Table 3. An encoder q(z | 2D, 3D) sees the 3D pose
and describes in a latent vector z what the 2D pose leaves open; a decoder p(3D | 2D, z) makes the 3D pose from both.
For a new 2D pose z is drawn from N(0, I). Both are residual fully connected networks. The loss has three terms:

- reconstruction: squared error of the pose decoded from a z of the encoder;
- prior: squared error of the mean of the poses decoded from draws of N(0, I), because these are evaluated;
- divergence: KL(q || N(0, I)), in nats per pose, times a weight.

Known, from the code that the authors published: encoder and decoder 1024 wide with two blocks each, dropout 0.5;
the decoder gets 768 features of the 2D pose and 256 of z; weights 50, 50 and 10, the divergence being averaged over the
256 and the errors those of a mean of 10 draws each, in standardised coordinates.

Different here:
- one draw of the encoder's, as in the usual bound: the error of a mean of 10 hardly asks a single sample to be right;
- prior draws are two: (e_1 . e_2), the product of their errors, is an unbiased estimate of the mean's squared error
  (of infinitely many draws) and, unlike the square of one error, no penalty on the spread that is wanted;
- the encoder's results are linear; the authors' go through batch norm, ReLU and dropout, so that no mean is negative;
- the width and z are smaller: a pose has 45 free coordinates, most of them settled by the 2D pose.

The authors' weights 50, 50 and 10 / 256 are 1, 1 and 8e-4 times a coordinate's variance in m^2, about 0.03: 2.5e-5.
Such a weight says how exact a pose has to be: minimising squared error / 48 + w KL is maximising the bound of a
Gaussian decoder with sigma^2 = 24 w. The default is 1e-4 (49 mm a coordinate; theirs 24 mm): of 2.5e-5, 1e-4 and 2.5e-4
it did best in short trainings on the demo's poses with noise in 2D, by the mean, the best of 5 and the best of 200
samples. In those the encoder's z do not fill N(0, I) yet, and at a small weight draws fall where the decoder never was.
The ordinal ranking of the samples needs images and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.lifting.models.layers import Dropout, Parts, check_keypoints
from pipeline.lifting.models.martinez import OUTPUT_START, FullyConnectedBlock, activate, start_linear
from pipeline.lifting.outputs import PoseSamples

if TYPE_CHECKING:
    from pipeline.config import ModelSettings

ROWS = 4096  # samples decoded at a time, which a processor cache holds
SEED = 0  # of the latent draws


class VariationalAutoencoder(nn.Module):
    """keypoints_2d [B, J, 2], screen-normalised, -> PoseSamples of `samples` poses; learns by `loss`.

    Every pose gets the same fixed latent draws, so a sample depends neither on its batch nor on earlier draws.
    """

    draws_samples = True
    latents: Tensor

    def __init__(
        self,
        joint_count: int,
        channels: int = 512,
        blocks: int = 2,
        dropout: float = 0.5,
        latent: int = 32,
        samples: int = 200,
        divergence_weight: float = 1e-4,
    ) -> None:
        super().__init__()
        if not 0 < latent < channels or blocks < 1 or samples < 1:
            raise ValueError(
                f"expected 0 < latent < channels, a block and a sample or more, found latent={latent}, "
                f"channels={channels}, blocks={blocks}, samples={samples}"
            )
        self.joint_count = joint_count
        self.latent = latent
        self.divergence_weight = divergence_weight
        self.dropout = Dropout(dropout)
        self.encoder_input = nn.Linear(5 * joint_count, channels)
        self.encoder_normalisation = nn.BatchNorm1d(channels)
        self.encoder_blocks = nn.ModuleList(FullyConnectedBlock(channels, dropout) for _ in range(blocks))
        self.encoder_output = nn.Linear(channels, 2 * latent)
        self.condition = nn.Linear(2 * joint_count, channels - latent)
        self.condition_normalisation = nn.BatchNorm1d(channels - latent)
        self.decoder_first = FullyConnectedBlock(channels, dropout)
        self.decoder_blocks = nn.ModuleList(FullyConnectedBlock(channels, dropout) for _ in range(blocks - 1))
        self.decoder_output = nn.Linear(channels, 3 * joint_count)
        start_linear(self.encoder_input)
        start_linear(self.condition)
        start_linear(self.decoder_output, OUTPUT_START)
        nn.init.zeros_(self.encoder_output.weight)  # q starts as N(0, I): else its exponentials start anywhere
        nn.init.zeros_(self.encoder_output.bias)
        draws = torch.randn(samples, latent, generator=torch.Generator().manual_seed(SEED))
        self.register_buffer("latents", draws, persistent=False)

    def forward(self, keypoints_2d: Tensor, samples: int | None = None) -> PoseSamples:
        """All of the model's samples, or the first few of them; ValueError if it has fewer."""
        check_keypoints(keypoints_2d, self.joint_count)
        if samples is not None and not 0 < samples <= len(self.latents):
            raise ValueError(f"the model has {len(self.latents)} samples per pose, not {samples}")
        condition, latents = self._condition(keypoints_2d), self.latents[:samples]
        parts = condition.split(max(1, ROWS // len(latents)))
        return PoseSamples(torch.cat([self._decode(part, latents.unsqueeze(0)) for part in parts]))

    def loss(self, keypoints_2d: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """The terms of the loss by name, for poses [B, J, 3] in metres: means over the batch; the loss is their sum.

        `prior` can be negative in a batch. The draws are torch's default generator's.
        """
        check_keypoints(keypoints_2d, self.joint_count)
        if targets.shape != (len(keypoints_2d), self.joint_count, 3):
            expected = [len(keypoints_2d), self.joint_count, 3]
            raise ValueError(f"expected targets {expected}, found {list(targets.shape)}")
        mean, log_variance = self.encode(keypoints_2d, targets)
        draws = torch.randn(len(mean), 3, self.latent, device=mean.device, dtype=mean.dtype)
        encoded = mean + (log_variance / 2).exp() * draws[:, 0]
        latents = torch.cat([encoded.unsqueeze(1), draws[:, 1:]], dim=1)
        # All in one batch, so that batch norm's running statistics are fit for the prior's draws.
        errors = self._decode(self._condition(keypoints_2d), latents) - targets.unsqueeze(1)
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
        return {
            "reconstruction": errors[:, 0].square().mean(),
            "prior": (errors[:, 1] * errors[:, 2]).mean(),
            "divergence": self.divergence_weight * divergence.mean(),
        }

    def encode(self, keypoints_2d: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """q(z | 2D, 3D) of poses [B, J, 3] in metres: mean and log variance of z, [B, latent] each."""
        features = self.encoder_input(torch.cat([keypoints_2d.flatten(1), targets.flatten(1)], dim=1))
        features = activate(features, self.encoder_normalisation, self.dropout)
        for block in self.encoder_blocks:
            features = block(features)
        mean, log_variance = self.encoder_output(features).chunk(2, dim=1)
        return mean, log_variance

    def _condition(self, keypoints_2d: Tensor) -> Tensor:
        """The decoder's features of the 2D pose, [B, channels - latent]."""
        return activate(self.condition(keypoints_2d.flatten(1)), self.condition_normalisation, self.dropout)

    def _decode(self, condition: Tensor, latents: Tensor) -> Tensor:
        """Poses [B, S, J, 3] from condition [B, channels - latent] and latents [B or 1, S, latent].

        The first product is split between the two, so that neither a pose's nor a shared draw's part is repeated.
        """
        batch, count = len(condition), latents.shape[1]
        linear = self.decoder_first.first
        of_condition, of_latents = linear.weight.split([condition.shape[1], self.latent], dim=1)
        first = nn.functional.linear(condition, of_condition, linear.bias).unsqueeze(1)
        first = first + nn.functional.linear(latents, of_latents)
        repeated = condition.unsqueeze(1).expand(-1, count, -1)
        features = torch.cat([repeated, latents.expand(batch, -1, -1)], dim=2)
        features = self.decoder_first.complete(features.flatten(0, 1), first.flatten(0, 1))
        for block in self.decoder_blocks:
            features = block(features)
        return self.decoder_output(features).view(batch, count, self.joint_count, 3)


def build(settings: ModelSettings, parts: Parts) -> nn.Module:
    return VariationalAutoencoder(
        parts.skeleton.joint_count,
        channels=settings.channels,
        blocks=settings.blocks,
        dropout=settings.dropout,
        latent=settings.latent,
        samples=settings.samples,
        divergence_weight=settings.divergence_weight,
    )
