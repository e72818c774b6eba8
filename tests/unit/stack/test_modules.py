"""Which module names are taken, and which generation a module belongs to."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.modules import GENERATION_OF_COMPILER, ModuleName, parse_module

LETTERS_AND_DIGITS = set(string.ascii_letters + string.digits)
ALLOWED = LETTERS_AND_DIGITS | set("_.+-")
SHELL = set("\0\t\n\r $`\"'\\;&|<>()[]{}*?!#~=%^@:,")

REAL = [
    "EESSI/2025.06",
    "GCCcore/14.3.0",
    "Julia/1.12.2",
    "jupyter-server/2.17.0-GCCcore-14.3.0",
    "SciPy-bundle/2025.07-gfbf-2025b",
    "OpenCV/4.8.1-foss-2023a-contrib",
    "plotly.py/5.16.0-GCCcore-12.3.0",
    "IRkernel/1.3.2-gfbf-2025b-R-4.5.2",
    "libsigc++/3.6.0-GCCcore-13.3.0",
    "3d-viz/1.0",
    "Python/3.13.5-GCCcore-14.3.0+cuda",
]


def is_bounded(text: str) -> bool:
    """The bounds that `parse_module` documents, written another way."""
    sides = text.split("/")
    return (
        len(text) <= 200
        and len(sides) == 2
        and ".." not in text
        and all(side and side[0] in LETTERS_AND_DIGITS and set(side) <= ALLOWED for side in sides)
    )


def accepts(text: str) -> bool:
    try:
        parse_module(text)
    except InvalidChoiceError:
        return False
    return True


@pytest.mark.parametrize("text", REAL)
def test_a_module_that_eessi_has_is_taken_and_printed_as_it_came(text: str) -> None:
    assert str(parse_module(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "SciPy-bundle",
        "SciPy-bundle/",
        "/2025.07",
        "a/b/c",
        "-r/1.0",
        "--help/1.0",
        "name/-rf",
        ".hidden/1.0",
        "name/.modulerc",
        "../1.0",
        "name/..",
        "name/1..0",
        "a../1.0",
        "name/1.0\n",
        "\nname/1.0",
        "name /1.0",
        "name/1.0;id",
        "name/$(id)",
        "name/1.0'",
        "náme/1.0",
        "name/\uff11.0",
        "n" * 199 + "/1",
    ],
)
def test_what_is_not_a_full_module_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidChoiceError):
        parse_module(text)


def test_two_hundred_characters_are_taken() -> None:
    text = "n" * 198 + "/1"
    assert str(parse_module(text)) == text


near_names = st.text(st.sampled_from("aZ09_.+-/ \n;$é"), max_size=12)
real_names = st.from_regex(r"[A-Za-z0-9_.+-]{1,90}/[A-Za-z0-9_.+-]{1,120}", fullmatch=True)


@given(st.text(max_size=30) | near_names | real_names)
def test_what_is_bounded_is_taken_and_nothing_else(text: str) -> None:
    assert accepts(text) == is_bounded(text)


@given(near_names | real_names)
def test_what_is_taken_is_harmless_in_a_command_line_and_in_a_path(text: str) -> None:
    if accepts(text):
        assert not text.startswith(("-", "/", "."))
        assert not SHELL & set(text)
        assert ".." not in text
        assert text.isascii()


@given(near_names | real_names)
def test_what_is_taken_comes_back_as_it_was(text: str) -> None:
    if accepts(text):
        module = parse_module(text)
        assert str(module) == text
        assert parse_module(str(module)) == module


def test_a_refusal_quotes_what_came_on_one_line() -> None:
    with pytest.raises(InvalidChoiceError) as refused:
        parse_module("name/1.0\nINFO all is well\x1b[2J\ud800")
    assert refused.value.message.isprintable()
    assert "name/1.0" in refused.value.message


@pytest.mark.parametrize(
    ("module", "generation"),
    [
        ("jupyter-server/2.7.2-GCCcore-12.3.0", "2023a"),
        ("jupyter-server/2.14.0-GCCcore-13.2.0", "2023b"),
        ("jupyter-server/2.14.2-GCCcore-13.3.0", "2024a"),
        ("jupyter-server/2.16.0-GCCcore-14.2.0", "2025a"),
        ("jupyter-server/2.17.0-GCCcore-14.3.0", "2025b"),
        ("Python/3.10.8-GCCcore-12.2.0", "2022b"),
        ("zlib/1.3.1-GCCcore-15.2.0", "2026.1"),
        ("GROMACS/2025.4-foss-2025b", "2025b"),
        ("FFTW/3.3.10-GCC-14.3.0", "2025b"),
        ("SciPy-bundle/2025.07-gfbf-2025b", "2025b"),
        ("mpi4py/4.1.0-gompi-2025a", "2025a"),
        ("R/4.2.2-foss-2022b", "2022b"),
        ("BLIS-suite/1.0-lfoss-2025b", "2025b"),
        ("Thing/1.0-lompi-2025b", "2025b"),
        ("Thing/1.0-foss-2026.1", "2026.1"),
        ("OpenCV/4.8.1-foss-2023a-contrib", "2023a"),
        ("IRkernel/1.3.2-gfbf-2025b-R-4.5.2", "2025b"),
        ("CUDA-Samples/12.9-GCC-14.3.0-CUDA-12.9.1", "2025b"),
        ("foss/2025b", "2025b"),
        ("gfbf/2024a", "2024a"),
        ("GCC/14.3.0", "2025b"),
        ("GCCcore/13.3.0", "2024a"),
        ("EESSI/2025.06", None),
        ("Julia/1.12.2", None),
        ("EasyBuild/5.2.0", None),
        ("Thing/1.0-GCCcore-99.1.0", None),
        ("2025b/2025b", None),
        ("notfoss/2025b", None),
    ],
)
def test_a_module_is_of_the_generation_of_its_compiler_or_toolchain(module: str, generation: str | None) -> None:
    assert parse_module(module).generation == generation


def test_each_generation_has_one_compiler() -> None:
    assert len(set(GENERATION_OF_COMPILER.values())) == len(GENERATION_OF_COMPILER)


def test_modules_sort_by_name_then_version() -> None:
    modules = [ModuleName("b", "1"), ModuleName("a", "2"), ModuleName("a", "1")]
    assert [str(module) for module in sorted(modules)] == ["a/1", "a/2", "b/1"]
