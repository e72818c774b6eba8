"""Names that people search for and that differ from EasyBuild's: what is imported, and what is said."""

from __future__ import annotations

# Folded as `terms.fold` does. Imports that differ from their package's name, and common short forms.
ALIASES: dict[str, str] = {
    "sklearn": "scikitlearn",
    "skimage": "scikitimage",
    "cv2": "opencv",
    "torch": "pytorch",
    "tf": "tensorflow",
    "bs4": "beautifulsoup4",
    "pil": "pillow",
    "yaml": "pyyaml",
    "mpl": "matplotlib",
    "np": "numpy",
    "pd": "pandas",
    "plt": "matplotlib",
    "dateutil": "pythondateutil",
    "netcdf4": "netcdf4python",
    "jupyter": "jupyterserver",
    "gmx": "gromacs",
    "qe": "quantumespresso",
    "pwscf": "quantumespresso",
    "mpi": "openmpi",
    "blas": "flexiblas",
    "c++": "gcc",
    "g++": "gcc",
    "fortran": "gcc",
    "gfortran": "gcc",
}
