"""What the catalogue costs, beside json.loads, difflib and Lmod's spider: python -m tests.benchmarks.catalogue"""

from __future__ import annotations

import difflib
import gc
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from eessi_spawner.stack.catalogue.entry import Provenance
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.parse import parse_catalogue
from eessi_spawner.stack.catalogue.saved import load_catalogue, save_catalogue
from eessi_spawner.stack.catalogue.search import search
from eessi_spawner.stack.catalogue.tree import ask_tree
from tests.benchmarks.table import Table

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "eessi_api_metadata_software.json"
ROUNDS = 15
# What a page or a terminal shows at once.
SHOWN = 25
REQUIRED_MODULES = 60


def read(content: bytes) -> Catalogue:
    """Return the catalogue of *content*, ready for any search."""
    parsed = parse_catalogue(content)
    catalogue = Catalogue(parsed.columns, Provenance("benchmark", parsed.day), parsed.warnings)
    catalogue.prepare()
    return catalogue


def inflated(content: bytes) -> bytes:
    """Return *content* with as many required modules a version as EESSI publishes."""
    data = json.loads(content)
    for software in data["software"].values():
        for version in software["versions"]:
            required = version["required_modules"]
            needed = [f"needed{number}/1.0-{version['toolchain']['version']}" for number in range(REQUIRED_MODULES - 2)]
            version["required_modules"] = [
                required[0],
                *({"module_name": "needed", "module_version": "", "full_module_name": name} for name in needed),
                required[-1],
            ]
    return json.dumps(data).encode()


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the processor's time that *work* takes; what it returns is dropped outside of the time."""
    started = time.process_time()
    result = work()
    taken = time.process_time() - started
    del result
    return taken


def wall_seconds(work: Callable[[], object]) -> float:
    """Return how long *work* takes, what it does in other processes included."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def side_by_side(*works: Callable[[], object]) -> list[float]:
    """Return the median time of each, measured in turns, so that a busy machine is busy for all."""
    rounds: list[list[float]] = []
    for _ in range(ROUNDS):
        rounds.append([])
        for work in works:
            gc.collect()
            rounds[-1].append(cpu_seconds(work))
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def measure_reading(table: Table, name: str, content: bytes, directory: Path) -> None:
    """Measure parsing, loading and memory for one file."""
    save_catalogue(read(content), directory)
    plain, parsing, loading = side_by_side(
        lambda: json.loads(content), lambda: read(content), lambda: load_catalogue(directory)
    )
    tracemalloc.start()
    catalogue = read(content)
    for query in ("numpy", "molecular dynamics", "gromcas", "py"):
        search(catalogue, query)
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    size = len(content) / 1e6
    table.rows += [
        (f"{name} ({size:.1f} MB): json.loads", f"{plain * 1e3:.1f} ms", "1"),
        ("  parse and index", f"{parsing * 1e3:.1f} ms", f"{parsing / plain:.2f}"),
        ("  load the saved index", f"{loading * 1e3:.1f} ms", f"{loading / plain:.2f}"),
        ("  memory, after searches", f"{memory / 1e6:.1f} MB", f"{memory / len(content):.2f} of the file"),
    ]
    table.bound(f"{name}: parse and index / json.loads", parsing / plain, 4)
    table.bound(f"{name}: saved index / json.loads", loading / plain, 0.5)
    table.bound(f"{name}: memory / file", memory / len(content), 2)


def best_of_three(work: Callable[[], object]) -> float:
    """Return the processor's time that *work* takes undisturbed: what is short is disturbed easily."""
    return min(cpu_seconds(work) for _ in range(3))


def queries(catalogue: Catalogue) -> list[str]:
    """Return what people type: names whole, cut, misspelt, in two words."""
    names = [*catalogue.columns.software[::8], *catalogue.columns.extensions[::31]]
    made = []
    for number, name in enumerate(names):
        middle = len(name) // 2
        swapped = name[: middle - 1] + name[middle : middle + 1] + name[middle - 1 : middle] + name[middle + 1 :]
        made.append((name, name.lower(), name[: middle + 1], swapped, f"{name} 2025b")[number % 5])
    return made


def measure_search(table: Table, catalogue: Catalogue) -> None:
    """Measure searches one by one, and difflib for the same queries."""
    names = [*catalogue.columns.software, *catalogue.columns.extensions]
    ours, whole, theirs = [], [], []
    for query in queries(catalogue):
        ours.append(best_of_three(lambda: search(catalogue, query, limit=SHOWN)))  # noqa: B023  (called at once)
        whole.append(best_of_three(lambda: search(catalogue, query)))  # noqa: B023  (likewise)
        theirs.append(best_of_three(lambda: difflib.get_close_matches(query, names)))  # noqa: B023  (likewise)
    worst, worst_whole = (statistics.quantiles(times, n=100)[98] for times in (ours, whole))
    plain = statistics.median(theirs)
    table.rows += [
        (f"difflib over {len(names)} names, median of {len(ours)}", f"{plain * 1e3:.2f} ms", "1"),
        (
            f"  search ({SHOWN} best), median",
            f"{statistics.median(ours) * 1e3:.2f} ms",
            f"{statistics.median(ours) / plain:.3f}",
        ),
        (f"  search ({SHOWN} best), 99th percentile", f"{worst * 1e3:.2f} ms", f"{worst / plain:.3f}"),
        ("  search (all hits), 99th percentile", f"{worst_whole * 1e3:.2f} ms", f"{worst_whole / plain:.3f}"),
    ]
    table.bound("search, 99th percentile / difflib", worst / plain, 0.3)


def measure_spider(table: Table, catalogue: Catalogue, root: Path) -> None:
    """Measure Lmod's spider, and our own reading, on a tree of as many module files."""
    modules = root / "versions/2025.06/software/linux/x86_64/generic/modules/all"
    for module in catalogue:
        file = modules / f"{module.full_name}.lua"
        file.parent.mkdir(parents=True, exist_ok=True)
        listed = ",".join(f"{extension.name}/{extension.version}" for extension in module.extensions)
        file.write_text(f'whatis([==[Description: {module.description}]==])\nextensions("{listed}")\n')
    count = sum(1 for _ in modules.glob("*/*.lua"))
    spiders = sorted(glob.glob("/usr/share/lmod/*/libexec/spider"))
    lua = shutil.which("lua") or next(iter(sorted(glob.glob("/usr/bin/lua5*"))), None)
    if spiders and lua:
        environment = {**os.environ, "LMOD_DIR": os.path.dirname(spiders[0])}
        argv = [spiders[0], "-o", "spider-json", str(modules)]
        spider = wall_seconds(lambda: subprocess.run(argv, env=environment, capture_output=True, check=True))
        table.rows.append((f"Lmod's spider on {count} module files", f"{spider:.2f} s", "1"))
        ours = wall_seconds(lambda: ask_tree(str(root)))
        table.rows.append(("  our reading of the same tree", f"{ours:.2f} s", f"{ours / spider:.2f}"))
    else:
        table.remarks.append("Lmod is not installed: its spider was not measured.")


def measure() -> Table:
    """Measure all of it."""
    table = Table("The catalogue", ("what", "median", "ratio"))
    content = PUBLISHED.read_bytes()
    with tempfile.TemporaryDirectory(prefix="eessi-catalogue-") as name:
        directory = Path(name)
        measure_reading(table, "as rebuilt", content, directory / "real")
        measure_reading(table, f"with {REQUIRED_MODULES} required", inflated(content), directory / "inflated")
        catalogue = read(content)
        measure_search(table, catalogue)
        measure_spider(table, catalogue, directory / "tree")
    return table


def main() -> int:
    """Print the table; exit code 1 if a bound is broken."""
    if not PUBLISHED.exists():
        sys.stdout.write(f"{PUBLISHED} is not there: nothing can be measured.\n")
        return 1
    table = measure()
    sys.stdout.write(f"{table}\n")
    return int(bool(table.broken))


if __name__ == "__main__":
    sys.exit(main())
