"""The server extension: a real Jupyter server gets EESSI's kernels, or a warning, and starts in any case."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp

from eessi_spawner.kernels import extension, gpu_driver
from eessi_spawner.kernels.extension import _load_jupyter_server_extension, find_specs, offer
from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings
from eessi_spawner.kernels.specs import KernelSpec
from eessi_spawner.stack.cpu_targets import DETECTION_RULES
from eessi_spawner.stack.environments import make_environment
from eessi_spawner.stack.host import read_host

SCIENCE = ("SciPy-bundle/2025.07-gfbf-2025b", "SciPy-bundle/2025.06-gfbf-2025a")
SETTINGS = KernelSettings(
    root="/no/such/root",
    environments=tuple(
        make_environment({"name": f"env-{number}", "title": "Mine", "release": "2025.06", "modules": [module]})
        for number, module in enumerate(SCIENCE)
    ),
)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerApp]:
    """A real server application, as it is when it loads its extensions; it listens to nobody."""
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    # Set first, so that what the extension puts there is undone after the test.
    monkeypatch.setenv("JUPYTER_PATH", "/before")
    app = ServerApp(log_level=logging.INFO)
    app.init_configurables()
    app.log.propagate = True
    yield app
    ServerApp.clear_instance()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> KernelSettings:
    """What a spawner says."""
    monkeypatch.setenv(SETTINGS_VARIABLE, SETTINGS.to_variable())
    return SETTINGS


def make_specs() -> list[KernelSpec]:
    return find_specs()


def make_stack(root: Path, *modules: str) -> None:
    build = root / "versions" / "2025.06" / "software" / "linux" / read_host().chain[-1].path
    files = [root / "init/modules/EESSI/2025.06.lua", *(build / f"modules/all/{module}.lua" for module in modules)]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (build / "software").mkdir()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.usefixtures("settings")
def test_the_server_and_its_children_find_the_kernels_and_the_first_is_the_default(server: ServerApp) -> None:
    _load_jupyter_server_extension(server)
    names = [spec.name for spec in make_specs()]
    found = server.kernel_spec_manager.find_kernel_specs()
    assert set(names) <= set(found)
    assert "python3" in found, "the server's own kernel stays"
    assert server.kernel_manager.default_kernel_name == names[0]
    place, _, before = os.environ["JUPYTER_PATH"].partition(os.pathsep)
    assert before == "/before"
    assert {name: found[name] for name in names} == {name: f"{place}/kernels/{name}" for name in names}
    assert server.kernel_spec_manager.kernel_dirs[0] == f"{place}/kernels"


@pytest.mark.usefixtures("settings")
def test_the_kernels_lie_in_a_directory_of_this_user_alone_outside_the_home(server: ServerApp) -> None:
    place = offer(make_specs(), server)
    assert place.parent == Path(os.environ["EESSI_SPAWNER_RUNTIME_DIR"])
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.usefixtures("settings")
def test_two_servers_of_one_user_do_not_share_a_directory(server: ServerApp) -> None:
    assert offer(make_specs(), server) != offer(make_specs(), server)


@pytest.mark.usefixtures("settings")
def test_where_nothing_was_on_the_path_nothing_empty_is_put_there(
    server: ServerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUPYTER_PATH")
    assert os.environ.get("JUPYTER_PATH") is None
    place = offer(make_specs(), server)
    assert os.environ["JUPYTER_PATH"] == str(place)
    monkeypatch.setenv("JUPYTER_PATH", "")


def test_the_spawners_settings_count_and_the_stack_is_not_looked_at(settings: KernelSettings) -> None:
    assert [spec.environment for spec in find_specs()] == list(settings.environments)


def test_without_a_spawner_the_stack_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_stack(tmp_path, "jupyter-server/2.17.0-GCCcore-14.3.0", "matplotlib/3.10.5-gfbf-2025b")
    (tmp_path / "SAMPLE.json").write_text('{"interpreter": "3.11.7"}')
    monkeypatch.setattr(extension, "KernelSettings", lambda root=str(tmp_path), **more: KernelSettings(root, **more))
    (spec,) = find_specs()
    assert spec.environment.modules == ("jupyter-server/2.17.0-GCCcore-14.3.0", "matplotlib/3.10.5-gfbf-2025b")
    assert spec.recipe.root == str(tmp_path)
    assert spec.display_name == "Python 3.13.5 (2025b) · EESSI 2025.06 (sample, Python 3.11.7)"


def test_where_the_spawner_offers_nothing_the_server_starts_as_it_is(
    server: ServerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SETTINGS_VARIABLE, KernelSettings().to_variable())
    before = server.kernel_spec_manager.kernel_dirs
    _load_jupyter_server_extension(server)
    assert server.kernel_spec_manager.kernel_dirs == before
    assert os.environ["JUPYTER_PATH"] == "/before"
    assert warnings(caplog) == []


@pytest.mark.parametrize("value", ["", "garbage", "{}", "[" * 50_000, json.dumps({"root": 1}), "\udcff"])
def test_settings_that_are_none_are_a_warning(
    value: str, server: ServerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SETTINGS_VARIABLE, value)
    _load_jupyter_server_extension(server)
    (warning,) = warnings(caplog)
    assert warning.startswith("eessi-spawner: no EESSI kernels: The variable EESSI_SPAWNER_SETTINGS was expected")


@pytest.mark.parametrize("root", ["/no/such/root", "/usr"], ids=["absent", "something else"])
def test_a_stack_that_is_not_there_is_a_warning(
    root: str, server: ServerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(extension, "KernelSettings", lambda: KernelSettings(root))
    _load_jupyter_server_extension(server)
    (warning,) = warnings(caplog)
    assert warning.startswith("eessi-spawner: no EESSI kernels: ")
    assert root in warning


@pytest.mark.usefixtures("settings")
def test_a_file_system_error_is_a_warning_and_nothing_is_put_on_the_path(
    server: ServerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # /proc takes no directories, whoever asks.
    monkeypatch.setattr(extension, "runtime_directory", lambda: "/proc")
    _load_jupyter_server_extension(server)
    (warning,) = warnings(caplog)
    assert "/proc/eessi-spawner-kernels-" in warning
    assert os.environ["JUPYTER_PATH"] == "/before"


def another_cpu() -> str:
    """Return a target that this machine's CPU does not run."""
    seen = {target.path for target in read_host().chain}
    return next(rule.target for rule in DETECTION_RULES[os.uname().machine] if rule.target not in seen)


@pytest.mark.parametrize("pinned", [False, True], ids=["promised", "pinned"])
def test_a_cpu_other_than_the_one_promised_is_a_warning_and_the_kernels_are_there(
    server: ServerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, pinned: bool
) -> None:
    said = {"cpu_target" if pinned else "promised": another_cpu()}
    monkeypatch.setenv(SETTINGS_VARIABLE, replace(SETTINGS, **said).to_variable())
    _load_jupyter_server_extension(server)
    (warning,) = warnings(caplog)
    assert f"builds for {another_cpu()} were promised, but this CPU runs at most {read_host().target}" in warning
    shown = [spec["spec"]["display_name"] for spec in server.kernel_spec_manager.get_all_specs().values()]
    assert sum("Mine" in name for name in shown) == len(SCIENCE)
    assert sum(name.endswith(" builds)") for name in shown) == (0 if pinned else len(SCIENCE))


def test_a_promise_that_is_kept_is_not_talked_about(
    server: ServerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SETTINGS_VARIABLE, replace(SETTINGS, promised=read_host().target.path).to_variable())
    _load_jupyter_server_extension(server)
    assert warnings(caplog) == []


def test_a_gpus_driver_is_linked_where_the_site_prefix_is_before_the_kernels_are_offered(
    server: ServerApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for folder in ("driver", "site"):
        (tmp_path / folder).mkdir()
    (tmp_path / "driver" / "libcuda.so.1").touch()
    monkeypatch.setattr(gpu_driver, "_LDCONFIG", ("/no/such/ldconfig",))
    monkeypatch.setattr(gpu_driver, "_DIRECTORIES", (str(tmp_path / "driver"),))
    settings = replace(SETTINGS, site_prefix=str(tmp_path / "site"))
    monkeypatch.setenv(SETTINGS_VARIABLE, settings.to_variable())
    _load_jupyter_server_extension(server)
    assert (tmp_path / "site" / "nvidia" / "libcuda.so").exists()
    told = [message for message in caplog.messages if message.startswith("eessi-spawner: ")]
    assert ["NVIDIA's driver: 2 links made" in told[0], "EESSI kernels in" in told[1]] == [True, True]


def test_an_installed_package_enables_the_extension() -> None:
    file = Path(extension.__file__).parent / "jupyter_server_config.d" / "eessi_spawner.json"
    enabled = json.loads(file.read_text())["ServerApp"]["jpserver_extensions"]
    assert enabled == {extension._jupyter_server_extension_points()[0]["module"]: True}
