"""Each way to attach EESSI, seen by a person: a notebook kernel that runs modules from /cvmfs of a real pod."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cluster.spawns.hubs import KERNELS_IMAGE, PLAIN_IMAGE, Person

ENVIRONMENT = "scipy"
NUMPY = (
    "import numpy, sys; print(numpy.__file__, sys.executable, int(numpy.linalg.det(numpy.diag([6.0, 7.0])).round()))"
)
SITE_FILE = "/cvmfs/site.example.org/software/site-tool/1.0/bin/site-tool"


def use_numpy(person: Person) -> None:
    """Start the first EESSI kernel and compute with numpy of the stack."""
    (name,) = person.kernels().values()
    kernel = person.start_kernel(name)
    result = person.run(kernel, NUMPY)
    assert result.status == "ok", result
    numpy, python, answer = result.text.split()
    assert numpy.startswith("/cvmfs/software.eessi.io/versions/2025.06/")
    assert python.startswith("/cvmfs/software.eessi.io/versions/2025.06/")
    assert answer == "42"


def read_only(person: Person, path: str) -> str:
    """Return what writing below *path* answers."""
    kernel = person.start_kernel("python3")
    code = f"""
try:
    open({path!r} + "/written", "w")
except OSError as error:
    print(error.strerror)
"""
    return person.run(kernel, code).text.strip()


StartHub = Callable[..., Person]


def test_the_root_claim_of_the_driver_gives_a_kernel_from_cvmfs(person_on: StartHub) -> None:
    person = person_on("restricted")
    told = person.choose(ENVIRONMENT)
    assert "Attaching /cvmfs from claim cvmfs" in told
    assert "EESSI 2025.06: SciPy 2025.07" in told
    use_numpy(person)


def test_a_repository_first_used_after_the_pod_started_is_seen_and_all_is_read_only(person_on: StartHub) -> None:
    person = person_on("restricted")
    person.choose(ENVIRONMENT)
    kernel = person.start_kernel("python3")
    result = person.run(kernel, f"import os; print(os.path.isfile({SITE_FILE!r}))")
    assert result.text.strip() == "True", result
    assert read_only(person, "/cvmfs/software.eessi.io") == "Read-only file system"
    assert read_only(person, "/cvmfs") == "Read-only file system"


def test_an_image_without_the_package_gets_kernels_by_an_init_container(person_on: StartHub) -> None:
    person = person_on("restricted", image=PLAIN_IMAGE, kernels_image=KERNELS_IMAGE)
    person.choose(ENVIRONMENT)
    use_numpy(person)


def test_nfs_of_a_server_named_as_a_service_gives_a_kernel(person_on: StartHub, nfs_service: str) -> None:
    person = person_on("baseline", eessi_attach={"way": "nfs", "server": nfs_service, "path": "/cvmfs"})
    person.choose(ENVIRONMENT)
    use_numpy(person)
    assert read_only(person, "/cvmfs/software.eessi.io") == "Read-only file system"


def test_nfs_by_a_claim_gives_a_kernel_under_pod_security_restricted(person_on: StartHub, nfs_claim: str) -> None:
    person = person_on("restricted", eessi_attach={"way": "nfs", "claim": nfs_claim})
    person.choose(ENVIRONMENT)
    use_numpy(person)


def test_two_repositories_are_attached_each_from_a_claim_of_its_own(
    person_on: StartHub, repository_claims: dict[str, str]
) -> None:
    ways = [
        {"way": "csi", "claim": claim, "mount_path": f"/cvmfs/{repository}"}
        for repository, claim in repository_claims.items()
    ]
    person = person_on("restricted", eessi_attach=ways)
    person.choose(ENVIRONMENT)
    use_numpy(person)
    kernel = person.start_kernel("python3")
    assert person.run(kernel, f"print(open({SITE_FILE!r}).read())").status == "ok"


def test_the_way_none_adds_nothing_and_kernels_say_what_is_missing(person_on: StartHub) -> None:
    person = person_on("restricted", eessi_attach="none")
    person.choose(ENVIRONMENT)
    (name,) = person.kernels().values()
    kernel = person.start_kernel(name)
    result = person.run(kernel, "1 + 1")
    assert "nothing is mounted there" in result.html + result.text, result


@pytest.mark.parametrize("source", [{"empty_dir": True}, {"claim": "site-additions"}], ids=["empty_dir", "claim"])
def test_host_injections_are_where_eessi_looks_for_them(
    source: dict[str, object], person_on: StartHub, site_additions: str
) -> None:
    assert site_additions == "site-additions"
    person = person_on("restricted", eessi_host_injections=source)
    person.choose(ENVIRONMENT)
    kernel = person.start_kernel("python3")
    code = "import os; print(os.path.ismount('/opt/eessi'), os.access('/opt/eessi', os.W_OK))"
    assert person.run(kernel, code).text.split() == ["True", str("empty_dir" in source)]


def test_inline_nfs_in_a_restricted_namespace_is_refused_by_name(person_on: StartHub) -> None:
    person = person_on("restricted", eessi_attach={"way": "nfs", "server": "192.0.2.1"})
    told = person.choose(ENVIRONMENT)
    assert "Pod Security 'restricted'" in told[-1]
    assert "no volumes of type nfs" in told[-1]
    assert "by a claim" in told[-1]
