"""Take pictures of the operations screens: start everything on this machine, sign in, look.

    make screens                        docs/images/noc.png, site.png, energy.png, sovereignty.png
    make screens ARGS="--twin"          of the reference network, which the twin plays
    make screens ARGS="--all --warm 30" also dark, English and narrow ones, after half a minute

Needs a Chromium on PATH.
"""

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
FLAGS: Final = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
LINK: Final = re.compile(r"http://\S+/login\?code=\S+")
WIDE: Final = (1920, 1080)
LIVE: Final = ("[data-number] .value", ".chart .js-line")
FIGURES: Final = (".rows-kpis td .value",)
"""What is on a screen once its content has come."""
ALWAYS: Final = (  # name, path
    ("energy", "/energie?explain=pue"),
    ("sovereignty", "/souverainete?without=country:US"),
)
MORE: Final = (  # name, path, theme, size
    ("noc-dark", "/", "dark", WIDE),
    ("noc-en", "/?lang=en", "light", WIDE),
    ("noc-narrow", "/", "light", (1280, 900)),
    ("site-dark", "SITE", "dark", WIDE),
    ("energy-dark", "/energie?explain=pue&lang=en", "dark", WIDE),
    ("energy-narrow", "/energie", "light", (1024, 1366)),
    ("sovereignty-dark", "/souverainete?lang=en", "dark", WIDE),
)


def main() -> int:
    """Take them; 1 where there is no Chromium, or nothing starts."""
    parser = argparse.ArgumentParser(description="Take pictures of the operations screens.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", metavar="DIR")
    parser.add_argument("--warm", type=float, default=120, metavar="SECONDS",
                        help="time to watch first, for the curves to show it [120]")  # fmt: skip
    parser.add_argument("--twin", action="store_true", help="of the reference network, simulated")
    parser.add_argument("--all", action="store_true", help="dark, English and narrow ones too")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("screens: no Chromium on PATH: sudo apt install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="vigie-screens-") as data:
        up = start(Path(data), twin=arguments.twin)
        try:
            link = login(up)
            time.sleep(arguments.warm)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                take(browser, link, arguments.out, more=arguments.all)
                browser.close()
        finally:
            up.terminate()
            up.wait(timeout=30)
    return 0


def start(data: Path, *, twin: bool) -> "subprocess.Popen[str]":
    """`vigie up` on free ports, with the reference network and its twin where wanted."""
    command = [sys.executable, "-m", "vigie", "up", "--data", str(data), *["--twin"] * twin]
    for flag in ("--port", "--api-port", "--metrics-port"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            command += [flag, str(probe.getsockname()[1])]
    with (data / "up.log").open("w") as log:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)


def login(up: "subprocess.Popen[str]") -> str:
    """The link that `vigie up` prints when everything answers."""
    for line in up.stdout or ():
        found = LINK.search(line)
        if found:
            return found[0]
    raise SystemExit("screens: vigie up ended before it was ready")


def take(browser: Browser, link: str, out: Path, *, more: bool) -> None:
    """Sign in and take every picture."""
    out.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        viewport={"width": WIDE[0], "height": WIDE[1]}, locale="fr-FR", timezone_id="Europe/Paris"
    )
    page = context.new_page()
    page.goto(link)
    root = page.url.rstrip("/")
    save(page, out / "noc.png")
    site = page.locator("[data-mosaic] a").first.get_attribute("href") or "/"
    page.goto(root + site)
    save(page, out / "site.png")
    for name, path in ALWAYS:
        page.goto(root + path)
        save(page, out / f"{name}.png", FIGURES)
    for name, path, theme, (width, height) in MORE if more else ():
        page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
        page.set_viewport_size({"width": width, "height": height})
        page.goto(root + (site if path == "SITE" else path))
        figures = path.startswith(("/energie", "/souverainete"))
        save(page, out / f"{name}.png", FIGURES if figures else LIVE)


def save(page: Page, path: Path, shown: tuple[str, ...] = LIVE) -> None:
    """One picture, once what it is to show is there."""
    for selector in shown:
        page.wait_for_selector(selector, state="attached", timeout=120_000)
    page.wait_for_timeout(4_000)  # rates need a second reading
    page.screenshot(path=path, full_page=True)
    print(path)


if __name__ == "__main__":
    sys.exit(main())
