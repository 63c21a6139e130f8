"""Headless Chromium: opens a file and tells what its script found, or what it looks like."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--allow-file-access-from-files",
]  # fmt: skip

# every rectangle and text as the browser laid them out, and what the page says of its picture
SCRIPT = """
const box = (e) => { const b = e.getBoundingClientRect();
  return [b.left, b.top, b.right, b.bottom]; };
const groups = [...document.querySelectorAll('svg g[data-stage]')].map((g) => ({
  stage: g.dataset.stage, style: g.getAttribute('class'), title: g.querySelector('title').textContent,
  rect: box(g.querySelector('rect')), texts: [...g.querySelectorAll('text')].map((t) => [t.textContent, box(t)]),
}));
const labels = [...document.querySelectorAll('svg text.label')].map((t) => [t.textContent, box(t)]);
const svg = document.querySelector('svg');
const colour = (e, key) => getComputedStyle(e)[key];
const contrasts = [...document.querySelectorAll('svg g[data-stage]')].flatMap((g) =>
  [...g.querySelectorAll('text')].map((t) => [colour(t, 'fill'), colour(g.querySelector('rect'), 'fill')]));
const found = { groups, labels, picture: box(svg), contrasts, role: svg.getAttribute('role'),
  paper: colour(document.querySelector('svg .paper'), 'fill'),
  named: svg.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id).textContent) };
document.body.innerHTML = '<pre id="found"></pre>';
document.getElementById('found').textContent = JSON.stringify(found);
"""


def chromium() -> str:
    """The browser; a test without one is skipped, and says so."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium here: scripts/browser installs it (apt-get, as root)")
    return found


def measured(picture: Path, *, dark: bool = False) -> Any:
    """What `SCRIPT` finds in an SVG file that a page shows."""
    page = picture.with_suffix(".measured.html")
    svg = picture.read_text(encoding="utf-8")
    page.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">{svg}<script>{SCRIPT}</script>',
        encoding="utf-8",
    )
    flags = ["--blink-settings=preferredColorScheme=0"] if dark else []
    shown = ran(picture.parent, "--dump-dom", *flags, page.as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert found, shown[-2000:]
    return json.loads(html.unescape(found[1]))


def ran(folder: Path, *arguments: str) -> str:
    """What Chromium writes."""
    profile = folder / "profile"
    command = [chromium(), *FLAGS, f"--user-data-dir={profile}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
