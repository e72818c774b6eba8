"""What EasyBuild's module files say of themselves."""

from __future__ import annotations

from eessi_spawner.stack.catalogue.module_file import ModuleFile, parse_module_file

# Shortened from what EasyBuild 5.4 wrote for SciPy-bundle-2025.07-gfbf-2025b.eb.
WRITTEN = """help([==[

Description
===========
Bundle of Python packages
]==])

whatis([==[Description: Bundle of Python packages]==])
whatis([==[Homepage: https://python.org/]==])
whatis([==[Extensions: beniget-0.4.2.post1, numpy-2.3.2, scikit-build-core-0.11]==])

conflict("SciPy-bundle")

if convertToCanonical(LmodVersion()) >= convertToCanonical("8.2.8") then
    extensions("beniget/0.4.2.post1,numpy/2.3.2,scikit-build-core/0.11")
end

depends_on("gfbf/2025b")

depends_on("Python/3.13.5-GCCcore-14.3.0")
"""


def test_description_extensions_and_what_is_loaded_are_read() -> None:
    assert parse_module_file("SciPy-bundle", WRITTEN) == ModuleFile(
        description="Bundle of Python packages",
        homepage="https://python.org/",
        extensions=(("beniget", "0.4.2.post1"), ("numpy", "2.3.2"), ("scikit-build-core", "0.11")),
        depends_on=("gfbf/2025b", "Python/3.13.5-GCCcore-14.3.0"),
        language="python",
    )


def test_without_lmods_list_the_one_for_people_is_read() -> None:
    text = WRITTEN.replace("    extensions(", "    -- (")
    assert parse_module_file("SciPy-bundle", text).extensions[2] == ("scikit-build-core", "0.11")


def test_a_language_is_of_itself() -> None:
    assert parse_module_file("R", "").language == "r"


def test_what_is_no_module_file_says_nothing() -> None:
    assert parse_module_file("A", "\x00garbage((((") == ModuleFile()
