"""IN THE USER'S SERVER: kernel specs, the launcher, snapshots of module environments, the fallback kernel.

The parts, in the order in which a kernel meets them:

* `settings.py`   what the spawner says: the stack's root, the environments, the CPU targets
* `specs.py`      an environment as a kernel spec (pure); `install.py` writes specs to disk
* `promise.py`    whether the CPU is the one that was promised (pure, but for one reading of /proc/cpuinfo)
* `extension.py`  the Jupyter server extension that writes them when a server starts
* `gpu_driver.py` links the GPU's driver to where EESSI looks for it; `driver_links.py` knows which and where (pure)
* `launcher.py`   what a spec starts: reads a snapshot and becomes the kernel; the only file on the fast path
* `resolve.py`    without a snapshot: asks Lmod (`lmod.py`), writes the snapshot (`snapshot.py`)
* `diagnose.py`   what Lmod's words mean (pure); `fallback.py` is the kernel that says it in the notebook

Nothing here needs a hub or Kubernetes, and modules are loaded in a kernel's process only.
"""
