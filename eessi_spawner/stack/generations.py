"""Toolchain generations: what EESSI has for notebooks in each.

Figures are of EESSI/docs, available_software/detail/*.md, August 2026.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """A toolchain generation of a release: its Python, the module with ipykernel, and what most notebooks load."""

    name: str
    release: str
    python: str
    kernel_module: str
    science: tuple[str, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """All modules of the default environment."""
        return (self.kernel_module, *self.science)


# Newest first within a release. EESSI has no ipykernel for 2022b.
GENERATIONS: tuple[Generation, ...] = (
    Generation(
        "2025b",
        "2025.06",
        "3.13.5",
        "jupyter-server/2.17.0-GCCcore-14.3.0",
        ("SciPy-bundle/2025.07-gfbf-2025b", "matplotlib/3.10.5-gfbf-2025b"),
    ),
    Generation(
        "2025a",
        "2025.06",
        "3.13.1",
        "jupyter-server/2.16.0-GCCcore-14.2.0",
        ("SciPy-bundle/2025.06-gfbf-2025a", "matplotlib/3.10.3-gfbf-2025a"),
    ),
    Generation(
        "2024a",
        "2025.06",
        "3.12.3",
        "jupyter-server/2.14.2-GCCcore-13.3.0",
        ("SciPy-bundle/2024.05-gfbf-2024a", "matplotlib/3.9.2-gfbf-2024a"),
    ),
    Generation(
        "2023b",
        "2023.06",
        "3.11.5",
        "jupyter-server/2.14.0-GCCcore-13.2.0",
        ("SciPy-bundle/2023.11-gfbf-2023b", "matplotlib/3.8.2-gfbf-2023b"),
    ),
    Generation(
        "2023a",
        "2023.06",
        "3.11.3",
        "jupyter-server/2.7.2-GCCcore-12.3.0",
        ("SciPy-bundle/2023.07-gfbf-2023a", "matplotlib/3.7.2-gfbf-2023a"),
    ),
)

PYTHON_KERNEL_MODULES: dict[str, str] = {generation.name: generation.kernel_module for generation in GENERATIONS}
