"""How fast the page is, in headless Chromium: until it can be used, after a slider moves, when an entry is pointed at.

Needs `playwright` and `chromium`. Run with ``python -m tests.benchmarks.page``; `make bench-page` does.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from symconv import Conv
from symconv.api import page

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROUNDS = 21
LAYERS = {
    "worked example": Conv((3, 3), (2, 2)),
    "8x8 under 3x3, 3 channels": Conv((8, 8), (3, 3), in_channels=3, out_channels=3),
    "12x12 under 5x5": Conv((12, 12), (5, 5)),
}
SLIDE = """([field, value]) => {
    const input = document.querySelector(`[data-field="${field}"]`);
    const begun = performance.now();
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    document.body.getBoundingClientRect();
    return performance.now() - begun;
}"""
POINT = """(at) => {
    const cells = document.querySelectorAll("#grid-a td");
    const begun = performance.now();
    cells[at % cells.length].dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    document.body.getBoundingClientRect();
    return performance.now() - begun;
}"""


def main() -> None:
    """Print one line for each layer."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running, tempfile.TemporaryDirectory() as folder:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, layer in LAYERS.items():
            begun = time.perf_counter()
            text = page(layer)
            made = time.perf_counter() - begun
            file = Path(folder) / "page.html"
            file.write_text(text, encoding="utf-8")
            opened = browser.new_page(viewport={"width": 1280, "height": 900})
            opened.goto(file.as_uri())
            print(f"{name}: {len(text.encode()) / 1000:.0f} kB, made in {made:.2f} s; {measured(opened)}")
            opened.close()
        browser.close()


def measured(opened: Page) -> str:
    """The times of one page: medians, and the slowest."""
    ready = opened.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    slides = [opened.evaluate(SLIDE, ["low", at % 3]) for at in range(ROUNDS)]
    points = [opened.evaluate(POINT, at) for at in range(ROUNDS)]
    opened.select_option("#mistake", "0")
    through = [opened.evaluate(SLIDE, ["low", at % 3]) for at in range(ROUNDS)]
    told = {"after a slider": slides, "with the lens": through, "pointing": points}
    parts = [f"{name} {statistics.median(t):.1f} ms (at most {max(t):.1f})" for name, t in told.items()]
    return f"ready after {ready:.0f} ms, " + ", ".join(parts)


if __name__ == "__main__":
    main()
