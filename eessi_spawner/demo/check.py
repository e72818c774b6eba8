"""Checks a demonstration hub as a person would: log in, search, choose, wait, run a notebook in each kernel."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from eessi_spawner.demo.kernel_client import run_cell
from eessi_spawner.demo.visitor import Visitor, form_fields
from eessi_spawner.spawner.choice import ALL_RELEASES

# The cells of the notebook: where am I, does it compute, and with whose numpy.
CELLS = (
    "import os, sys; print(sys.version.split()[0], 'from', sys.prefix)",
    "print(os.environ['EESSI_VERSION'], os.environ['EESSI_SOFTWARE_SUBDIR'])",
    "import numpy; print('numpy', numpy.__version__, 'says', int(numpy.linalg.det(numpy.diag([6.0, 7.0])).round()))",
)
USER = "eessi-check"


def check_hub(url: str, *, log: Path) -> int:
    """Go through the hub at *url*, print what each step answered, and return 0 if all is well, else 1."""
    visitor = Visitor(url)
    problem = _start_server(visitor)
    if problem is None:
        failed = asyncio.run(_run_notebooks(visitor))
        problem = f"{failed} kernels did not answer as they should" if failed else None
    print(f"FAIL  {problem}" if problem else "ok    all kernels answered")
    if problem:
        print(f"--- end of the hub's log ---\n{log.read_text(errors='replace')[-6000:]}")
    return int(problem is not None)


def _start_server(visitor: Visitor) -> str | None:
    """Log in and start a server with all that the form offers; return what went wrong."""
    answer = visitor.log_in(USER)
    if answer.status != 200:
        return f"logging in was answered by {answer.status}"
    found = visitor.request("services/eessi/?q=numpy")
    if found.status != 200 or "SciPy-bundle/" not in found.text:
        return f"the search for numpy was answered by {found.status}: {found.text[:2000]}"
    print("ok    numpy is found on the page of EESSI's software")
    page = visitor.spawn_form()
    offered = [field.value for field in form_fields(page.text) if field.name == "environments" and not field.disabled]
    print(f"ok    logged in as {USER}; the form offers {', '.join(offered) or 'nothing'}")
    if not offered:
        return "the form offers no environment"
    releases = [field.value for field in form_fields(page.text) if field.name == "release"]
    release = ALL_RELEASES if ALL_RELEASES in releases else releases[0]
    marks = [(field.name, field.value) for field in form_fields(page.text) if field.kind == "hidden"]
    answer = visitor.spawn([*marks, ("release", release), *(("environments", name) for name in offered)])
    if answer.status != 200:
        return f"the form was answered by {answer.status}: {answer.text[:2000]}"
    for event in visitor.progress():
        print(f"      {event.get('progress', 0):3} %  {event.get('message', '')}")
        if event.get("failed"):
            return "the server did not start"
    return None


async def _run_notebooks(visitor: Visitor) -> int:
    """Run the notebook in each EESSI kernel and return how many failed."""
    token = visitor.token()
    server = f"user/{visitor.name}/"
    specs = json.loads(visitor.call(f"{server}api/kernelspecs", method="GET", token=token).text)["kernelspecs"]
    kernels = {name: spec["spec"] for name, spec in specs.items() if "eessi" in spec["spec"]["metadata"]}
    failed = 0 if kernels else 1
    for name, spec in sorted(kernels.items(), key=lambda item: str(item[1]["display_name"])):
        started = json.loads(visitor.call(f"{server}api/kernels", {"name": name}, token=token).text)
        lines = []
        ok = True
        for cell in CELLS:
            result = await run_cell(f"{visitor.url}{server}", token, started["id"], cell)
            ok = ok and result.status == "ok"
            lines.append((result.text or "\n".join(result.errors)).strip())
        ok = ok and spec["metadata"]["eessi"]["release"] in lines[1]
        failed += not ok
        print(f"{'ok  ' if ok else 'FAIL'}  {spec['display_name']}")
        print("\n".join(f"          {line}" for line in lines))
        visitor.call(f"{server}api/kernels/{started['id']}", method="DELETE", token=token)
    visitor.call(f"hub/api/users/{visitor.name}/server", method="DELETE", token=token)
    return failed
