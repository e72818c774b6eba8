"""jupyterhub-fancy-profiles shows the option that profiles gain: all that reaches its page is plain JSON."""

from __future__ import annotations

import asyncio
import json

from jupyterhub_fancy_profiles import setup_ui
from traitlets.config import Config

from tests.unit.spawner.pods import PROFILES, MakeSpawner, PodOf, environments


def test_its_page_has_the_releases_and_what_it_posts_makes_a_pod(
    make_spawner: MakeSpawner, pod_of: PodOf, loop: asyncio.AbstractEventLoop
) -> None:
    config = Config()
    config.JupyterHub.extra_handlers = []
    setup_ui(config)
    paths = config.KubeSpawner.additional_profile_form_template_paths
    spawner = make_spawner({"profile_list": PROFILES, "additional_profile_form_template_paths": paths})
    page = loop.run_until_complete(spawner.render_options_form(spawner))
    assert "/fancy-profiles/static/" in page, "it is the template of fancy-profiles"
    assert "Traceback" not in page
    start = page.index("[", page.index("window.profileList"))
    profiles, _end = json.JSONDecoder().raw_decode(page[start:])
    assert [profile["slug"] for profile in profiles] == ["small", "large"]
    for profile in profiles:
        choices = profile["profile_options"]["eessi"]["choices"]
        assert list(choices) == ["2025.06", "2023.06", "all"]
        assert choices["2025.06"]["default"]
    options = loop.run_until_complete(
        spawner.read_form({"profile": ["small"], "profile-option-small--eessi": ["2023.06"]})
    )
    assert all(name.startswith("2023.06") for name in environments(pod_of(spawner, options)))
