"""Open the book in a real Chromium: no error, nothing asked of the network, alt text, no sideways scroll."""

from __future__ import annotations

import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from reread.book.site import build as site
from reread.book.site import stage
from reread.book.status.staleness import admit
from reread.cli import app
from reread.core import paths as places

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ALLOWED = ("Got invalid theme mode",)  # the theme's own, harmless
# axe-core is no package of Python: npm pack axe-core, and name its axe.min.js
AXE = os.environ.get("REREAD_AXE", "")
VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.flatMap(
  (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)}`))"""
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
# the logo stands beside the title, so its alt text is empty on purpose
WITHOUT_ALT = """() => [...document.images]
  .filter(i => !i.alt && !(i.hasAttribute('alt') && i.closest('.navbar-brand'))).map(i => i.src)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def book(run_once, tmp_path_factory) -> Iterator[Path]:
    """The site of the checkout where all of its demo pages may be published, else of the tiny study."""
    here = places.root()
    if (here / "_build/site/index.html").is_file():
        yield here / "_build/site"
        return
    root = tmp_path_factory.mktemp("book") / "tiny"
    shutil.copytree(run_once, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REREAD_HOME", str(root))
        patch.setattr(stage, "library", lambda: {"records": ("Files", {"reread.core.files": ["read_json"]})})
        assert admit("demo").pages
        yield site.build_site("demo", app=app).parent


@pytest.fixture(scope="module")
def address(book) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(book)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def pages_of(book: Path) -> list[str]:
    """Every page but the listings of source code, which are Sphinx's."""
    found = [path.relative_to(book).as_posix() for path in sorted(book.rglob("*.html"))]
    return [name for name in found if not name.startswith(("_modules/", "_static/"))]


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]
)
def test_every_page_is_clean_in_a_browser(book, address, chromium, size, scheme):
    context = chromium.new_context(viewport=size, color_scheme=scheme)
    outside, faults = [], []

    def only_ours(route) -> None:
        if route.request.url.startswith((address, "data:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    context.route("**/*", only_ours)
    tab = context.new_page()
    tab.set_default_navigation_timeout(120_000)  # a machine may be busy with more than this
    tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("response", lambda answer: faults.append(answer.url) if answer.status >= 400 else None)
    complaints = []
    for name in pages_of(book):
        faults.clear()
        tab.goto(address + name, wait_until="load")
        complaints += [f"{name}: {fault}" for fault in faults if not fault.startswith(ALLOWED)]
        complaints += [f"{name}: no alt text: {source}" for source in tab.evaluate(WITHOUT_ALT)]
        if (wide := tab.evaluate(TOO_WIDE)) > 0:
            complaints.append(f"{name}: {wide} px too wide")
        is_themed = name != "404.html"  # a page of its own: it must work from any address
        assert not is_themed or tab.evaluate("document.documentElement.dataset.theme") == scheme
    context.close()

    assert outside == []
    assert complaints == []
    assert len(pages_of(book)) > 15


@pytest.mark.skipif(not AXE, reason="REREAD_AXE names no axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(book, address, chromium, scheme):
    tab = chromium.new_context(viewport=DESKTOP, color_scheme=scheme).new_page()
    tab.set_default_timeout(120_000)
    found = []
    for name in pages_of(book):
        tab.goto(address + name, wait_until="load")
        tab.add_script_tag(path=AXE)
        found += [f"{name}: {violation}" for violation in tab.evaluate(VIOLATIONS)]
    tab.close()

    assert found == []


def test_the_filter_of_the_ledger_hides_the_other_claims(book, address, chromium):
    tab = chromium.new_page(viewport=DESKTOP)
    tab.goto(address + "claims.html")
    rows = tab.locator(".tabular.claims tbody tr:visible")
    n_all, word = rows.count(), rows.first.locator(".verdict").inner_text()

    tab.get_by_label("Verdict").select_option(word)
    tab.get_by_label("Search the claims").fill(rows.first.locator(".claim-id").inner_text())

    assert 1 <= rows.count() <= n_all
    assert f"{rows.count()} of {n_all} claims" in tab.locator(".filter output").inner_text()
    tab.close()


def test_print_shows_folded_code(book, address, chromium):
    tab = chromium.new_page(viewport=DESKTOP)
    tab.goto(address + next(name for name in pages_of(book) if "/demo/0" in name))

    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details:not([open])").count() == 0
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.locator("article details[open]").count() == 0
    tab.close()


def test_the_check_itself_sees_a_request_that_leaves_and_an_image_without_alt(chromium):
    tab = chromium.new_page()
    asked = []
    tab.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))

    tab.set_content("<img src='http://elsewhere.invalid/x.png'><div style='width: 3000px'>.</div>")

    assert asked == ["http://elsewhere.invalid/x.png"]
    assert tab.evaluate(WITHOUT_ALT) == asked
    assert tab.evaluate(TOO_WIDE) > 0
    tab.close()


def test_the_front_page_opens_from_a_folder_without_a_network(book, chromium):
    """The front page over file://, as a reader opens it from a folder."""
    tab = chromium.new_context(offline=True).new_page()

    tab.goto((book / "index.html").as_uri())

    assert tab.title().startswith("Reread")
    assert tab.locator("h1").first.inner_text().startswith("Reread")
    tab.close()
