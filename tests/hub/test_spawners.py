"""The spawner for real users, and the limits of the demonstration's."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from eessi_spawner.demo.hub import free_port, running_hub
from eessi_spawner.demo.visitor import Visitor

pytestmark = pytest.mark.sample_stack

LOCAL_CONFIG = """
load_subconfig({base!r})
from eessi_spawner import EESSILocalSpawner
c.JupyterHub.spawner_class = "eessi-local"
c.EESSILocalSpawner.eessi_root = {root!r}
c.EESSILocalSpawner.ip = "127.0.0.1"
c.EESSILocalSpawner.notebook_dir = {directory!r}
c.EESSILocalSpawner.args = ["--allow-root"]
c.EESSILocalSpawner.eessi_environments = [
    {{"name": "mine", "title": "Mine", "release": "2025.06", "modules": ["SciPy-bundle/2025.07-gfbf-2025b"]}},
    {{"name": "gone", "title": "Gone", "release": "2025.06", "modules": ["SciPy-bundle/2025.06-gfbf-2025a"]}},
    {{"name": "words", "packages": ["numpy"], "release": "2023.06"}},
    {{"name": "nonsense", "packages": ["zzzz-no-such-thing"]}},
]
"""
BASE = str(Path(__file__).with_name("jupyterhub_config.py"))


def test_a_real_user_gets_the_environments_that_the_site_lists(
    sample_stack: Path, tmp_path: Path, artefacts: Path
) -> None:
    name = getpass.getuser()
    config = tmp_path / "config.py"
    config.write_text(LOCAL_CONFIG.format(base=BASE, root=str(sample_stack), directory=str(tmp_path)))
    log = artefacts / "local-spawner.log"
    with running_hub(tmp_path, root=str(sample_stack), port=free_port(), log=log, config=config) as hub:
        visitor = Visitor(hub.url)
        visitor.log_in(name)
        page = visitor.spawn_form().text
        assert "has no SciPy-bundle/2025.06-gfbf-2025a" in page, "what cannot run says why"
        assert "&#39;zzzz-no-such-thing&#39;" in page
        token = visitor.token()
        refused = visitor.call(f"hub/api/users/{name}/server", {"environments": ["gone"]}, token=token)
        assert refused.status == 400
        assert visitor.call(f"hub/api/users/{name}/server", {"release": "all"}, token=token).status in (201, 202)
        assert list(visitor.progress())[-1]["ready"]
        specs = json.loads(visitor.call(f"user/{name}/api/kernelspecs", method="GET", token=token).text)
        titles = [spec["spec"]["display_name"] for spec in specs["kernelspecs"].values()]
        assert any(title.startswith("Mine · EESSI 2025.06") for title in titles)
        assert any(title.startswith("numpy (2023b) · EESSI 2023.06") for title in titles), "packages were completed"
        assert not any(title.startswith("Gone") for title in titles)


@pytest.mark.parametrize(
    "setting",
    [
        'c.DemoSpawner.ip = "0.0.0.0"',
        "c.JupyterHub.bind_url = f\"http://0.0.0.0:{demo['port']}\"",
        "c.JupyterHub.hub_bind_url = f\"http://0.0.0.0:{demo['hub_port']}\"",
    ],
)
def test_the_demonstration_refuses_to_listen_for_others(setting: str, sample_stack: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text(
        f"import json, os\nload_subconfig({BASE!r})\ndemo = json.loads(os.environ['EESSI_DEMO'])\n{setting}\n"
    )
    log = tmp_path / "log"
    with running_hub(tmp_path, root=str(sample_stack), port=free_port(), log=log, config=config) as hub:
        visitor = Visitor(hub.url)
        visitor.log_in("gina")
        visitor.call("hub/api/users/gina/server", {}, token=visitor.token())
        events = list(visitor.progress())
        assert events[-1].get("failed")
    assert "listens on 127.0.0.1 only" in log.read_text()
