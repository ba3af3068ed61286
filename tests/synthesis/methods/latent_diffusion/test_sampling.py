import pytest
import torch

from synthesis.methods.latent_diffusion.sampler import draw_noise, sample_latents, steps_for
from synthesis.methods.latent_diffusion.schedule import TIME_SCALE, noised, times, velocity


class GaussianFlow(torch.nn.Module):
    """The exact velocity for data that is normal with a mean and a standard deviation; see Liu et al."""

    def __init__(self, mean: float, sd: float) -> None:
        super().__init__()
        self.mean, self.sd = mean, sd

    def forward(self, x: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        t = (timesteps / TIME_SCALE).reshape(-1, 1, 1, 1, 1)
        place = x[:, :1]
        variance = t**2 + (1 - t) ** 2 * self.sd**2
        return (t - (1 - t) * self.sd**2) / variance * (place - (1 - t) * self.mean) - self.mean


@pytest.mark.parametrize("sd", [0.05, 0.2, 0.5, 1.0])
def test_four_steps_keep_the_mean_and_the_spread_of_gaussian_data(sd):
    noise = draw_noise((64, 1, 6, 6, 6), seed=1)

    found = sample_latents(GaussianFlow(0.7, sd), torch.zeros(64, 1, 6, 6, 6), noise, steps=4)

    assert found.mean() == pytest.approx(0.7, abs=0.02)
    assert found.std() == pytest.approx(sd, rel=0.07)


def test_noise_follows_from_its_seed():
    assert torch.equal(draw_noise((2, 3), 5), draw_noise((2, 3), 5))
    assert not torch.equal(draw_noise((2, 3), 5), draw_noise((2, 3), 6))


def test_larger_tumors_take_more_steps():
    assert [steps_for(diameter, 4) for diameter in (5, 20, 40, 200)] == [4, 4, 8, 16]


def test_the_path_is_straight():
    data, noise = torch.tensor([[2.0]]), torch.tensor([[-1.0]])
    there = noised(data, noise, torch.tensor([0.25]))
    torch.testing.assert_close(there, data + 0.25 * velocity(data, noise))
    assert times(1) == [1.0, 0.0]
