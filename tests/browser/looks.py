"""How a page looks to people with small screens or little sight, and to their tools."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

from tests.browser.hub_pages import HubPages

# What is cut, or sticks out of the window.
CUT = """form => [...form.querySelectorAll('*')].filter(part => {
  const box = part.getBoundingClientRect()
  return box.width && (box.left < 0 || box.right > innerWidth || part.scrollWidth > part.clientWidth + 1
                       && part.clientWidth && getComputedStyle(part).overflowX !== 'visible')
}).map(part => part.outerHTML.slice(0, 100))"""
# What a finger can hit: labels stand for the boxes before them.
SMALL = """form => [...form.querySelectorAll('label, button')].filter(part => part.offsetParent).filter(part => {
  const box = part.getBoundingClientRect()
  return box.height < 24 || box.width < 24
}).map(part => part.outerHTML.slice(0, 100))"""


def serious(visit: HubPages) -> list[str]:
    """Return what axe says is serious or critical inside the form; the colours of the button are JupyterHub's."""
    found = Axe().run(visit.page, context={"include": [["#spawn_form"]], "exclude": [[".btn-jupyter"]]})
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
