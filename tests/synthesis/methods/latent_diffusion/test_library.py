import json
import pickle

import pytest
import safetensors.torch
import torch

from synthesis import cli
from synthesis.methods.latent_diffusion import library
from synthesis.methods.latent_diffusion.library import UnusableModel, copy_model, find, read_stored, stored_models
from synthesis.methods.latent_diffusion.model import load
from tests.synthesis.methods.latent_diffusion.conftest import make_tiny_model


def change(folder, **fields):
    path = folder / library.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def refresh_hash(folder):
    import hashlib

    change(folder, weights_sha256=hashlib.sha256((folder / library.WEIGHTS).read_bytes()).hexdigest())


def test_a_model_is_found_by_its_name_and_loads(tiny_model):
    model = load(find("tiny"))
    assert model.factor == 2
    assert model.multiple == 4
    assert len(model.sha256) == 64
    assert not model.denoiser.training


@pytest.mark.parametrize("name", ["torch", "plain"])
def test_a_pickle_is_refused_whatever_its_name(tiny_model, name, tmp_path):
    trap = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return trap.touch, ()

    weights = tiny_model / library.WEIGHTS
    if name == "torch":
        torch.save({"weight": Trap()}, weights)
    else:
        weights.write_bytes(pickle.dumps(Trap()))
    refresh_hash(tiny_model)

    with pytest.raises(UnusableModel, match="is a pickle, which can run any code: it is refused"):
        load(find("tiny"))
    assert not trap.exists()


def test_safetensors_that_begin_like_a_pickle_are_none(tiny_model):
    """The first byte is the lowest of the header's length: 0x80 in one file of 32, as in a pickle."""
    weights = tiny_model / library.WEIGHTS
    tensors = safetensors.torch.load(weights.read_bytes())
    for more in range(2000):
        data = safetensors.torch.save(tensors, metadata={"note": "x" * more})
        if data[:1] == b"\x80":
            break
    weights.write_bytes(data)
    refresh_hash(tiny_model)

    assert data[:1] == b"\x80"
    assert load(find("tiny")).factor == 2


def test_other_bytes_than_the_configs_are_refused(tiny_model):
    weights = tiny_model / library.WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(UnusableModel, match=r"is not the file that its config.json names \(SHA-256"):
        load(find("tiny"))


def test_a_file_of_another_kind_or_cut_short_is_refused(tiny_model):
    weights = tiny_model / library.WEIGHTS
    whole = weights.read_bytes()
    for data, cause in ((b"hello there", "is no safetensors file"), (whole[: len(whole) // 2], "is damaged")):
        weights.write_bytes(data)
        refresh_hash(tiny_model)
        with pytest.raises(UnusableModel, match=cause):
            load(find("tiny"))
    weights.unlink()
    with pytest.raises(UnusableModel, match="can't be read"):
        load(find("tiny"))


def test_weights_of_another_shape_or_name_are_refused(tiny_model):
    weights = tiny_model / library.WEIGHTS
    tensors = safetensors.torch.load(weights.read_bytes())
    name = sorted(tensors)[0]
    for changed in ({**tensors, name: torch.zeros(3, 3)}, {**tensors, "filter.more": torch.zeros(1)}):
        weights.write_bytes(safetensors.torch.save(changed))
        refresh_hash(tiny_model)
        with pytest.raises(UnusableModel, match=r"the shape of .* and its config\.json describes"):
            load(find("tiny"))


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"format": 9}, "format 9 is not this version's"),
        ({"format": 1, "texture_gain": None}, "format 1 is not this version's"),
        ({"texture_gain": 0}, "texture_gain: Input should be greater than 0"),
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"latent_mean": [0.0]}, "latent_mean and latent_sd must have 2 numbers"),
        ({"denoiser": {"channels": [8]}}, "sizes are not this version's"),
        ({"name": "../x"}, "name: String should match"),
    ],
)
def test_a_config_that_does_not_hold_together_is_refused(tiny_model, fields, cause):
    change(tiny_model, **fields)
    with pytest.raises(UnusableModel, match=cause):
        load(read_stored(tiny_model))


def test_an_unknown_model_is_refused_with_the_known_ones(tiny_model):
    with pytest.raises(UnusableModel, match=r"There is no model 'mine' \(there are: .*tiny\)"):
        find("mine")
    with pytest.raises(UnusableModel, match="There is no model"):
        find("../models/tiny")


def test_a_model_is_exported_and_imported_under_another_name(tiny_model, tmp_path, capsys):
    assert cli.main(["models", "export", "tiny", "--out", str(tmp_path / "sent")]) == 0
    assert cli.main(["models", "import", str(tmp_path / "sent"), "--name", "received"]) == 0
    assert cli.main(["models", "verify", "received"]) == 0
    assert "whole, and its networks fit" in capsys.readouterr().out.splitlines()[-1]

    assert {"tiny", "received"} <= {stored.folder.name for stored in stored_models()}
    weights = [(library.own_folder() / name / library.WEIGHTS).read_bytes() for name in ("tiny", "received")]
    assert weights[0] == weights[1]
    assert find("received").config.name == "received"


def test_importing_refuses_a_damaged_model_and_a_name_that_is_taken(tiny_model, tmp_path, capsys):
    other = make_tiny_model(tmp_path / "other")
    assert cli.main(["models", "import", str(other)]) == 2
    assert "exists already" in capsys.readouterr().err
    (other / library.WEIGHTS).write_bytes(b"\x80\x04nothing")
    assert cli.main(["models", "import", str(other), "--name", "bad"]) == 2
    assert "is a pickle" in capsys.readouterr().err
    assert not (library.own_folder() / "bad").exists()
    with pytest.raises(UnusableModel, match="name: String should match"):
        copy_model(read_stored(tiny_model), tmp_path / "x", name="Not A Name")
