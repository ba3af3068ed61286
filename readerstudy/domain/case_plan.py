"""A case before it is made: which slot of the design, filled by which scan."""

from __future__ import annotations

from dataclasses import dataclass

from readerstudy.domain.design import OrganDesign
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan


@dataclass(frozen=True)
class Slot:
    """One case still without a patient. `generator` is empty for a real one."""

    organ: OrganDesign
    generator: str
    practice: bool = False
    control: bool = False
    host_only: bool = False

    @property
    def origin(self) -> Origin:
        if not self.generator:
            return Origin.REAL
        return Origin.HEALTHY if self.control or self.generator in method_names() else Origin.SYNTHETIC

    @property
    def wants(self) -> str:
        return f"{self.organ.name} synthetic ({self.generator})" if self.generator else f"{self.organ.name} real"


@dataclass(frozen=True)
class PlannedCase:
    """A slot with the scan that fills it; `diameter_mm`, `seed` and `region` (empty: any) where the tumour is ours."""

    slot: Slot
    scan: OrganScan
    diameter_mm: float | None = None
    seed: int | None = None
    region: str = ""


def control_name() -> str:
    """Return the generator of positive controls, which no design may ask for by name."""
    from synthesis import registry

    return registry.CONTROL


def method_names() -> frozenset[str]:
    """Return the generators that are methods of our own."""
    from synthesis import registry

    return frozenset(registry.METHODS)


def trained_method_names() -> frozenset[str]:
    """Return those of our methods that take a trained model."""
    from synthesis import registry

    return frozenset(name for name, entry in registry.METHODS.items() if entry.trained)
