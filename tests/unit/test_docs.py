"""The documents say what the code says."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config

from eessi_spawner import errors
from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.attach.ephemeral import EphemeralAttachment
from eessi_spawner.attach.fuse import FuseAttachment
from eessi_spawner.attach.fuse_device import FuseDeviceAttachment
from eessi_spawner.attach.host_path import HostPathAttachment
from eessi_spawner.attach.nfs import NFSAttachment
from eessi_spawner.attach.ways import parse_attachments
from eessi_spawner.checks import pod_start
from eessi_spawner.cli.main import make_parser
from eessi_spawner.errors import CatalogueError, ClusterError, EESSIError, MountError, ServiceError
from eessi_spawner.service.environment_file import read_entries
from eessi_spawner.service.settings import DATABASE_VARIABLE, DEFAULT_DATABASE, HOURS_VARIABLE
from eessi_spawner.spawner.attached import AttachedKubeSpawner
from eessi_spawner.spawner.kube import EESSISpawner
from eessi_spawner.spawner.linked import LinkedSpawner
from eessi_spawner.spawner.mixin import EESSIMixin
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue

REPOSITORY = Path(__file__).parents[2]
GUIDE = (REPOSITORY / "docs/admin/one-machine.md").read_text(encoding="utf-8")
ATTACH_PAGE = (REPOSITORY / "docs/admin/attach.md").read_text(encoding="utf-8")
WAYS_PAGE = (REPOSITORY / "docs/admin/attach-ways.md").read_text(encoding="utf-8")
CATALOGUE_PAGE = (REPOSITORY / "docs/admin/catalogue.md").read_text(encoding="utf-8")
SERVICE_PAGE = (REPOSITORY / "docs/admin/service.md").read_text(encoding="utf-8")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
FOLDERS = ("", "docs/**/", "helm-config/", "images/*/")
DOCUMENTS = sorted(document for folder in FOLDERS for document in REPOSITORY.glob(f"{folder}*.md"))


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of all tables, by the code in their first cell."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"\| `([^`]+)` \|(.*)\|$", line):
            found[match[1]] = [cell.strip() for cell in match[2].split(" | ")]
    return found


def own_traits() -> dict[str, object]:
    return {name: trait.default_value for name, trait in EESSIMixin.class_own_traits(config=True).items()}


def test_the_guide_lists_every_setting_with_its_default() -> None:
    table = rows(GUIDE)
    for name, default in own_traits().items():
        assert name in table, name
        said = table[name][0].strip("`")
        shown = {"": '""'}.get(str(default), str(default)) if isinstance(default, (str, float)) else "[]"
        assert said == shown, name


def test_every_setting_has_help_with_an_example() -> None:
    for name, trait in EESSIMixin.class_own_traits(config=True).items():
        assert "Example" in trait.help, name


def test_the_guide_explains_every_code_that_a_notebook_can_show() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EESSIError)]
    of_the_hub = {"eessi_error", "invalid_choice", "check_failed", "unsafe_path", MountError.code}
    elsewhere = (CatalogueError, ClusterError, ServiceError)
    codes = {kind.code for kind in kinds if not issubclass(kind, elsewhere)} - of_the_hub
    assert codes <= set(rows(GUIDE))


def test_the_catalogues_page_explains_every_code_of_a_failed_update() -> None:
    codes = {kind.code for kind in (CatalogueError, *CatalogueError.__subclasses__())}
    assert codes <= set(rows(CATALOGUE_PAGE))


def test_the_services_page_lists_every_setting_of_its_link_with_its_default() -> None:
    table = rows(SERVICE_PAGE)
    for name, trait in LinkedSpawner.class_own_traits(config=True).items():
        assert "Example" in trait.help, name
        assert table[name][0].strip("`") == (str(trait.default_value) or '""'), name


def test_the_page_on_pods_lists_every_setting_with_its_default() -> None:
    table, traits = rows(ATTACH_PAGE), AttachedKubeSpawner.class_own_traits(config=True)
    assert "eessi_attach" in traits
    for name, trait in traits.items():
        default = trait.default()
        assert table[name][0].strip("`") == {"": '""'}.get(str(default), str(default)), name
        assert trait.help, name


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        (ClaimAttachment, ATTACH_PAGE),
        (NFSAttachment, ATTACH_PAGE),
        (EphemeralAttachment, WAYS_PAGE),
        (FuseAttachment, WAYS_PAGE),
        (FuseDeviceAttachment, WAYS_PAGE),
        (HostPathAttachment, WAYS_PAGE),
    ],
)
def test_the_pages_on_pods_list_every_setting_of_a_way(kind: Any, page: str) -> None:
    table = rows(page)
    for field in dataclasses.fields(kind):
        default = " ".join(field.default) if isinstance(field.default, tuple) else str(field.default)
        assert table[field.name][0].strip("`") == default, field.name


def test_the_page_on_pods_explains_every_code_and_every_reason() -> None:
    table = rows(ATTACH_PAGE)
    assert {kind.code for kind in (ClusterError, *ClusterError.__subclasses__())} <= set(table)
    assert {rule.code for rule in pod_start._RULES} <= set(table)


def test_the_page_on_pods_shows_commands_and_settings_that_work() -> None:
    parser = make_parser()
    commands = re.findall(r"^(?:kubectl exec deploy/hub -- )?eessi-spawner (.+)$", ATTACH_PAGE, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert parser.parse_args(shlex.split(command)).config
    (block,) = re.findall(r"```yaml\n(.+?)```", ATTACH_PAGE, re.DOTALL)
    config = yaml.safe_load(block)["hub"]["config"]
    assert parse_attachments(config["EESSISpawner"]["eessi_attach"])
    assert set(config["EESSISpawner"]) <= set(EESSISpawner.class_traits(config=True))
    for code in re.findall(r"```python\n(.+?)```", ATTACH_PAGE + WAYS_PAGE, re.DOTALL):
        given = Config()
        exec(code, {"c": given})  # noqa: S102  (the document's own lines)
        assert parse_attachments(given.EESSISpawner.eessi_attach)


def test_the_services_page_explains_every_code_and_every_setting() -> None:
    table = rows(SERVICE_PAGE)
    assert {kind.code for kind in (ServiceError, *ServiceError.__subclasses__())} <= set(table)
    assert table[DATABASE_VARIABLE][0].strip("`") == DEFAULT_DATABASE
    assert table[HOURS_VARIABLE][0].strip("`") == "0"


def test_the_catalogues_page_shows_commands_that_exist() -> None:
    parser = make_parser()
    commands = re.findall(r"^eessi-spawner (.+)$", CATALOGUE_PAGE, re.MULTILINE)
    assert len(commands) >= 9
    for command in commands:
        parser.parse_args(shlex.split(command))


def test_the_commands_in_the_documents_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)", README + (REPOSITORY / "CONTRIBUTING.md").read_text())):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    parser = make_parser()
    for line in set(re.findall(r"^eessi-spawner ([a-z ]+[a-z])(?: NAME)?$", GUIDE, re.MULTILINE)):
        parser.parse_args(line.split())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        assert "://" in link or (document.parent / link).exists(), link


def test_the_users_page_shows_a_file_that_can_be_imported() -> None:
    page = (REPOSITORY / "docs/user/environments.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.+?)```", page, re.DOTALL)
    entries = read_entries(bundled_catalogue(), block.encode())
    assert [(entry.name, entry.refused) for entry in entries] == [("plots", None), ("tables", None)]
