"""The images of the hub and of its service do what their READMEs promise, for any user and with a read-only root."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eessi_spawner import __version__
from eessi_spawner.demo.hub import free_port
from tests.cluster.image_servers import ANY_USER, run, serving, unpack_all
from tests.cluster.testbed.images import HUBS, REPOSITORY, build_images
from tests.cluster.testbed.unpacked_image import UnpackedImage

pytestmark = [pytest.mark.fuse]

BASE = REPOSITORY / "tests/cluster/testbed/hub_base/Dockerfile"
IN_HUB = """
import json, sys
from importlib.metadata import version
from jupyterhub.app import JupyterHub
import eessi_spawner.service.application
kind = JupyterHub(spawner_class="eessi").spawner_class
print(json.dumps({"spawner": kind.__name__, "versions": {name: version(name) for name in sys.argv[1:]}}))
"""
HEALTH = "services/eessi/api/v1/health"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, UnpackedImage]:
    ours = {name: HUBS[name] for name in ("hub", "service")}
    return unpack_all(build_images(ours), tmp_path_factory.mktemp("images"))


def service_words(image: UnpackedImage, port: int, **variables: str) -> list[str]:
    of_the_hub = {
        "JUPYTERHUB_API_TOKEN": "t",
        "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
    }
    return image.words(image.command, user=ANY_USER, environment=of_the_hub | variables)


def test_the_hub_has_the_spawner_and_its_bases_own_versions_of_all_else(unpacked: dict[str, UnpackedImage]) -> None:
    frozen = dict(re.findall(r"([\w-]+)==([\w.]+)", BASE.read_text(encoding="utf-8")))
    answer = run(unpacked["hub"].words(["python", "-c", IN_HUB, *frozen], user=ANY_USER))
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == {"spawner": "EESSISpawner", "versions": frozen}
    command = run(unpacked["hub"].words(["eessi-spawner", "--version"], user=ANY_USER))
    assert __version__ in command.stdout


def test_the_hub_starts_as_its_base_does(unpacked: dict[str, UnpackedImage]) -> None:
    said = unpacked["hub"].config
    assert said["User"] == "1000:1000"
    assert said["WorkingDir"] == "/srv/jupyterhub"
    assert unpacked["hub"].command[:3] == ["tini", "--", "jupyterhub"]


def test_the_service_is_well_and_keeps_environments_in_its_folder(
    unpacked: dict[str, UnpackedImage], tmp_path: Path
) -> None:
    port = free_port()
    words = service_words(unpacked["service"], port)
    assert unpacked["service"].config["User"] == "1000:100"
    with serving(words, port=port, path=HEALTH, log=tmp_path / "log") as visitor:
        health = visitor.request(HEALTH)
    assert health.status == 200, health.text
    checks = json.loads(health.text)["checks"]
    assert (checks["catalogue"], checks["store"]) == ("ok", "ok")


def test_the_service_speaks_to_postgresql(unpacked: dict[str, UnpackedImage], tmp_path: Path) -> None:
    port = free_port()
    nowhere = "postgresql+psycopg://eessi@127.0.0.1:1/eessi"
    words = service_words(unpacked["service"], port, EESSI_SERVICE_DATABASE=nowhere)
    with serving(words, port=port, path=HEALTH, log=tmp_path / "log") as visitor:
        assert visitor.request(HEALTH).status == 503
    assert "connection to server" in (tmp_path / "log").read_text(encoding="utf-8")


def test_images_say_what_they_are(unpacked: dict[str, UnpackedImage]) -> None:
    for name, image in unpacked.items():
        labels = {key.rpartition(".")[2]: value for key, value in image.config["Labels"].items()}
        assert labels["title"] == f"eessi-spawner {name}"
        assert labels["revision"] == HUBS[name].key()
        assert labels["licenses"] == "BSD-3-Clause"
