"""The three networks, MONAI's, by their sizes: autoencoder, denoiser and filter."""

from __future__ import annotations

from typing import Literal

import torch
from monai.networks.nets.autoencoderkl import AutoencoderKL
from monai.networks.nets.diffusion_model_unet import DiffusionModelUNet
from monai.networks.nets.unet import UNet
from pydantic import BaseModel, ConfigDict, Field

MASK_CHANNELS = 8  # the mask's share of each of 2 x 2 x 2 parts of a latent voxel


class _Sizes(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AutoencoderSizes(_Sizes):
    """Of the autoencoder: two halvings along each axis with three numbers of channels."""

    channels: tuple[int, ...] = Field(min_length=2, max_length=5)
    res_blocks: int = Field(ge=1)
    latent_channels: int = Field(ge=1)
    groups: int = Field(ge=1)

    @property
    def factor(self) -> int:
        """Voxels along each axis that become one of the latent's."""
        return int(2 ** (len(self.channels) - 1))


class DenoiserSizes(_Sizes):
    """Of the denoising U-Net in the latent; attention is paid on its coarsest level alone."""

    channels: tuple[int, ...] = Field(min_length=1, max_length=5)
    res_blocks: int = Field(ge=1)
    head_channels: int = Field(ge=1)
    groups: int = Field(ge=1)


class FilterSizes(_Sizes):
    """Of the segmenting U-Net that judges samples."""

    channels: tuple[int, ...] = Field(min_length=2, max_length=5)
    groups: int = Field(ge=1)


Kind = Literal["autoencoder", "denoiser", "filter"]


class Autoencoder(torch.nn.Module):
    """From images of shape (batch, 1, I, J, K) to latents of shape (batch, latent, I/f, J/f, K/f) and back."""

    def __init__(self, sizes: AutoencoderSizes) -> None:
        super().__init__()
        levels = len(sizes.channels)
        self.network = AutoencoderKL(
            spatial_dims=3,
            in_channels=1,
            out_channels=1,
            channels=sizes.channels,
            num_res_blocks=(sizes.res_blocks,) * levels,
            latent_channels=sizes.latent_channels,
            norm_num_groups=sizes.groups,
            attention_levels=(False,) * levels,
            with_encoder_nonlocal_attn=False,
            with_decoder_nonlocal_attn=False,
        )

    def encode(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean and the standard deviation of images' latents."""
        mean, sd = self.network.encode(images)
        return mean, sd

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Return the images of latents."""
        images: torch.Tensor = self.network.decode(latents)
        return images

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return images as the latents' mean describes them."""
        return self.decode(self.encode(images)[0])


def build_denoiser(sizes: DenoiserSizes, *, latent_channels: int) -> torch.nn.Module:
    """Build a U-Net from the noised latent, the condition's latent and the mask to the velocity."""
    levels = len(sizes.channels)
    network: torch.nn.Module = DiffusionModelUNet(
        spatial_dims=3,
        in_channels=2 * latent_channels + MASK_CHANNELS,
        out_channels=latent_channels,
        channels=sizes.channels,
        num_res_blocks=sizes.res_blocks,
        attention_levels=(False,) * (levels - 1) + (True,),
        num_head_channels=sizes.head_channels,
        norm_num_groups=sizes.groups,
    )
    return network


def build_filter(sizes: FilterSizes) -> torch.nn.Module:
    """Build a U-Net from an image to the logit, in each voxel, of being tumour."""
    features = UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=sizes.channels[0],
        channels=sizes.channels,
        strides=(2,) * (len(sizes.channels) - 1),
        num_res_units=1,
        norm=("group", {"num_groups": sizes.groups}),
    )
    return torch.nn.Sequential(features, torch.nn.Conv3d(sizes.channels[0], 1, kernel_size=1))
