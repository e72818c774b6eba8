"""The images do what their READMEs promise, for any user and with a read-only root file system."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.demo.hub import free_port, running_hub
from eessi_spawner.demo.kernel_client import CellResult, run_cell
from eessi_spawner.demo.visitor import Visitor
from tests.cluster.image_servers import ANY_USER, Case, fill_volume, run, serving, settings, unpack_all
from tests.cluster.testbed.images import build_images, reference
from tests.cluster.testbed.unpacked_image import UnpackedImage, Volume

pytestmark = [pytest.mark.sample_stack, pytest.mark.fuse]

CONFIG = Path(__file__).with_name("jupyterhub_images_config.py")
IN_KERNEL = """
import json, numpy, os, sys
print(json.dumps({"numpy": numpy.__file__, "path": sys.path, "variables": dict(os.environ), "user": os.getuid()}))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, UnpackedImage]:
    return unpack_all(build_images(), tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def volume(unpacked: dict[str, UnpackedImage], tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """A volume that one user has filled, and that another's server sees elsewhere."""
    source = tmp_path_factory.mktemp("volume")
    source.chmod(0o777)
    return fill_volume(unpacked["kernels"], source, user="65534:65534", target="/some/where/else")


@pytest.fixture(scope="module", params=["user", "plain"])
def case(request: pytest.FixtureRequest, unpacked: dict[str, UnpackedImage], volume: Volume) -> Case:
    return Case(unpacked[request.param], () if request.param == "user" else (volume,))


class Server:
    """A user's server, reached through the hub."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._token = visitor.token()
        self.url = f"{visitor.url}user/{visitor.name}/"

    def ask(self, path: str, body: object = None, *, method: str = "GET") -> Any:
        answer = self._visitor.call(f"user/{self._visitor.name}/{path}", body, method=method, token=self._token)
        assert answer.status in (200, 201), answer.text
        return json.loads(answer.text)

    def kernels(self) -> dict[str, str]:
        """Return the names of its EESSI kernels, by what people see."""
        specs = self.ask("api/kernelspecs")["kernelspecs"]
        return {spec["spec"]["display_name"]: name for name, spec in specs.items() if name.startswith("eessi-")}

    def run(self, kernel: str, code: str) -> CellResult:
        identity = self.ask("api/kernels", {"name": kernel}, method="POST")["id"]
        return asyncio.run(run_cell(self.url, self._token, identity, code))


@pytest.fixture
def server(case: Case, tmp_path: Path, artefacts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    words = case.words(case.image.command, settings())
    monkeypatch.setenv("TEST_IMAGE_COMMAND", json.dumps(words))
    log = artefacts / f"image-{case.image.root.parent.name}.log"
    log.unlink(missing_ok=True)
    with running_hub(tmp_path, root="", port=free_port(), log=log, config=CONFIG) as hub:
        visitor = Visitor(hub.url)
        visitor.log_in("ana")
        assert visitor.call("hub/api/users/ana/server").status in (201, 202)
        with contextlib.suppress(StopIteration):
            assert list(visitor.progress())[-1].get("ready"), log.read_text(encoding="utf-8")[-4000:]
        running = Server(visitor)
        yield running
        visitor.call("hub/api/users/ana/server", method="DELETE")


def test_a_hubs_server_in_the_image_runs_eessis_kernels_and_says_why_one_cannot_start(server: Server) -> None:
    kernels = server.kernels()
    assert len(kernels) == 4
    [working] = [name for shown, name in kernels.items() if "2025b" in shown]
    cell = server.run(working, IN_KERNEL)
    assert cell.status == "ok", cell.errors
    seen = json.loads(cell.text)
    assert seen["numpy"].startswith("/cvmfs/")
    assert seen["user"] == int(ANY_USER.partition(":")[0])
    assert not [place for place in seen["path"] if place.startswith(("/some/where", "/opt"))]
    assert not {"PYTHONPATH", "JUPYTER_CONFIG_PATH"} & set(seen["variables"])
    [broken] = [name for shown, name in kernels.items() if shown.startswith("Broken")]
    cell = server.run(broken, "1 + 1")
    assert cell.status == "error"
    assert "NoSuchModule" in cell.text + cell.html
    assert "This EESSI kernel could not start." in cell.html


def test_jupyterlab_starts_without_a_hub_and_shows_the_kernels(case: Case, tmp_path: Path) -> None:
    port = free_port()
    words = case.words(["jupyter", "lab", "--no-browser", f"--port={port}", "--IdentityProvider.token=t"], settings())
    log = tmp_path / "lab.log"
    with serving(words, port=port, path="api", log=log) as visitor:
        listed = json.loads(visitor.call("api/kernelspecs", method="GET", token="t").text)["kernelspecs"]
        assert len([name for name in listed if name.startswith("eessi-")]) == 4, log.read_text(encoding="utf-8")
        page = visitor.call("lab", method="GET", token="t")
        assert page.status == 200
        scripts = re.findall(r'src="/([^"]+[.]js[^"]*)"', page.text)
        assert scripts
        assert {visitor.call(script, method="GET", token="t").status for script in scripts} == {200}


def test_the_image_itself_brings_no_science_and_no_lmod(case: Case) -> None:
    script = (
        "python -c 'import numpy' 2>&1 | tail -1; ls /usr/share/lmod /usr/share/Lmod 2>&1 | grep -vc 'cannot access'"
    )
    answer = run(case.words(["sh", "-c", script]))
    assert answer.stdout.splitlines() == ["ModuleNotFoundError: No module named 'numpy'", "0"]


def test_the_plain_image_has_no_package_of_ours(unpacked: dict[str, UnpackedImage]) -> None:
    answer = run(Case(unpacked["plain"]).words(["python", "-c", "import eessi_spawner"]))
    assert "No module named 'eessi_spawner'" in answer.stderr


def test_the_volume_is_the_same_for_another_user_and_when_it_is_filled_again(
    unpacked: dict[str, UnpackedImage], volume: Volume, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    for _ in range(2):
        fill_volume(unpacked["kernels"], tmp_path, user=ANY_USER, target="/anywhere")
    answer = subprocess.run(["diff", "-r", volume.source, tmp_path], capture_output=True, text=True, check=False)
    assert answer.stdout == ""
    assert {path.name for path in tmp_path.iterdir()} == {"lib", "etc"}
    assert not [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o044 != 0o044]


def test_a_volume_that_cannot_be_written_is_an_error(unpacked: dict[str, UnpackedImage], tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    entry = unpacked["kernels"].config["Entrypoint"]
    volumes = (Volume(tmp_path, "/volume"),)
    answer = run(unpacked["kernels"].words([*entry, "/volume"], user=ANY_USER, volumes=volumes))
    assert answer.returncode != 0
    assert "Permission denied" in answer.stderr


def test_images_name_their_users_by_number(unpacked: dict[str, UnpackedImage]) -> None:
    users = {name: image.config["User"] for name, image in unpacked.items()}
    assert users == {"user": "1000:100", "kernels": "65534:65534", "plain": "1001:100"}
    assert unpacked["user"].command == ["tini", "-g", "--", "jupyterhub-singleuser"]


def test_an_archive_says_its_reference_and_is_made_once() -> None:
    first = build_images()
    made = {name: archive.stat().st_mtime_ns for name, archive in first.items()}
    for name, archive in build_images().items():
        assert archive.stat().st_mtime_ns == made[name]
        answer = subprocess.run(["tar", "-xOf", archive, "manifest.json"], capture_output=True, check=True)
        assert json.loads(answer.stdout)[0]["RepoTags"] == [reference(name)]
