import subprocess
import sys

import pytest

from synthesis.registry import CONTROLS, METHODS, UnknownMethod, method


@pytest.mark.parametrize("name", [*METHODS, *CONTROLS])
def test_every_registered_method_has_what_a_method_needs(name):
    engine = method(name)
    assert engine.VERSION >= 1
    assert callable(engine.sample_parameters)
    assert callable(engine.apply_recipe)
    assert (METHODS | CONTROLS)[name].source


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(UnknownMethod, match="'magic' is no known method; choose one of hand-crafted"):
        method("magic")


def test_the_library_and_its_listing_import_no_engine_and_no_torch():
    code = (
        "import sys, synthesis, synthesis.cli; "
        "print([name for name in sys.modules if name in ('torch', 'django', 'celery') "
        "or name.startswith('synthesis.methods.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_method_imports_torch_before_it_makes_a_tumor():
    code = "import sys; from synthesis.registry import METHODS, method; [method(name).VERSION for name in METHODS]; "
    code += "print([name for name in ('torch', 'monai') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
