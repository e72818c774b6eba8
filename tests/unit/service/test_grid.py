"""The grids of versions and CPU targets."""

from __future__ import annotations

from eessi_spawner.service.grid import Row, grid_columns, machines, make_grids, software_names
from eessi_spawner.service.pools import PoolsView
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import search
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

BUNDLED = bundled_catalogue()


def rows(catalogue: Catalogue, query: str) -> dict[str, Row]:
    hits = search(catalogue, query).hits
    return {
        row.module: row for grid in make_grids(catalogue, hits, software_names(hits), PoolsView()) for row in grid.rows
    }


def words(row: Row) -> dict[str, str]:
    return {cell.target.path: cell.words for cell in row.cells}


def test_columns_are_all_targets_generic_first_in_each_machine() -> None:
    columns = grid_columns(BUNDLED)
    assert columns[0] == CpuTarget("x86_64/generic")
    assert machines(columns) == (("x86_64", 10), ("aarch64", 5))
    assert columns[10] == CpuTarget("aarch64/generic")


def test_a_cell_says_where_a_module_loads_and_with_whose_builds() -> None:
    told = words(rows(BUNDLED, "SciPy-bundle")["SciPy-bundle/2023.07-gfbf-2023a"])
    assert told["x86_64/amd/zen3"] == "yes"
    assert told["x86_64/amd/zen5"] == "yes, with builds for zen4"


def test_a_module_that_is_missing_in_the_directory_that_is_taken_does_not_load() -> None:
    # Zen 4 has a directory in 2023.06, and this module is not in it.
    told = words(rows(BUNDLED, "SciPy-bundle")["SciPy-bundle/2023.02-gfbf-2022b"])
    assert (told["x86_64/amd/zen3"], told["x86_64/amd/zen4"], told["x86_64/amd/zen5"]) == ("yes", "no", "no")


def test_each_cell_says_what_a_search_for_that_machine_finds() -> None:
    for row in rows(BUNDLED, "2022b").values():
        for cell in row.cells:
            found = BUNDLED.find(row.module, row.release)
            assert cell.loads == BUNDLED.runs_on(found[0], [cell.target])


def test_software_stands_in_the_order_of_its_best_hit_with_all_its_hits() -> None:
    hits = search(BUNDLED, "numpy").hits
    names = software_names(hits)
    grids = make_grids(BUNDLED, hits, names, PoolsView())
    assert [grid.name for grid in grids] == list(names)
    assert sum(len(grid.rows) for grid in grids) == len(hits)


def test_the_packages_that_were_found_are_named_with_their_versions() -> None:
    assert rows(BUNDLED, "numpy")["SciPy-bundle/2025.07-gfbf-2025b"].packages == "numpy 2.3.2"
    many = small_catalogue(
        version_entry("bundle/1", extensions=[("python", f"py{number}", "1") for number in range(9)])
    )
    assert rows(many, "py")["bundle/1"].packages.endswith(" and 6 more")


def test_only_a_web_address_becomes_a_link() -> None:
    catalogue = small_catalogue(version_entry("numpy/1.0"))
    for homepage, link in [("https://numpy.org", "https://numpy.org"), ("javascript:alert(1)", ""), ("", "")]:
        catalogue.columns.homepages[0] = homepage
        hits = search(catalogue, "numpy").hits
        assert make_grids(catalogue, hits, ["numpy"], PoolsView())[0].homepage == link
