"""The pages as people meet them: in Chromium, by mouse and keyboard, from a folder and a server."""

from __future__ import annotations

import functools
import http.server
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from results_on_disk import HOSTILE, NAME, NIGHT, Links

from nmma_fitter.engine.files import folder_name

pytestmark = pytest.mark.browser

NIGHT_PAGE, OBJECT = f"{NIGHT}/index.html", f"{NIGHT}/{NAME}/index.html"
FAILED_PAGE = f"{NIGHT}/{urllib.parse.quote(folder_name(HOSTILE[0]))}/index.html"
PAGES = ("index.html", NIGHT_PAGE, OBJECT)
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DARK = {"color_scheme": "dark"}
SCREENS = {"wide": {}, "dark": DARK, "phone": PHONE, "dark phone": PHONE | DARK}
DRAWN = "() => !document.querySelector('#toggles').hidden"
BAD_PAGE = "<!doctype html><title>x</title><main><img src='data:,'><input></main>"


class Tab:
    """A page open in the browser, with all that it complained of and asked for."""

    def __init__(self, context: Any) -> None:
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.accept()))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def texts(self, selector: str) -> list[str]:
        """Texts of what is visible."""
        found = self.page.locator(selector).all()
        return [one.inner_text().strip() for one in found if one.is_visible()]

    def traces(self) -> list[str]:
        """Names of the lines and points that the chart shows, with their panel."""
        return list(
            self.page.evaluate(
                "() => document.getElementById('chart').data"
                ".filter((t) => t.name).map((t) => `${t.name} ${t.yaxis}`)"
            )
        )


@pytest.fixture
def show(chromium: Any, site: Path) -> Iterator[Callable[..., Tab]]:
    """Opens a page of the site, from its folder unless another base is given."""
    contexts: list[Any] = []

    def opened(path: str = OBJECT, base: str = "", **options: Any) -> Tab:
        contexts.append(chromium.new_context(**options))
        tab = Tab(contexts[-1])
        tab.page.goto(f"{base or site.as_uri()}/{path}")
        if path == OBJECT and options.get("java_script_enabled", True):
            tab.page.wait_for_function(DRAWN, timeout=20_000)
        return tab

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[str]:
    """Any web server, with the site in a folder of it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(site.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}/{site.name}"
        made.shutdown()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_complains_of_nothing_and_fits_its_screen(show, path, screen):
    tab = show(path, **SCREENS[screen])
    wide = tab.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert tab.complaints == []
    assert wide[0] <= wide[1]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_asked_of_the_network(show, site, path):
    tab = show(path)
    outside = [url for url in tab.requests if not url.startswith((site.as_uri(), "data:", "blob:"))]
    assert tab.requests and outside == []


def test_every_link_and_file_is_there_on_a_web_server(server, site):
    pending, seen = ["index.html"], set()
    while pending:
        url = urllib.parse.urljoin(f"{server}/", pending.pop())
        if url in seen:
            continue
        seen.add(url)
        with urllib.request.urlopen(url, timeout=10) as answer:  # raises on 404
            text = answer.read().decode("utf-8", "replace")
        if url.endswith(".html"):
            found = Links()
            found.feed(text)
            pending += [
                urllib.parse.urldefrag(urllib.parse.urljoin(url, one))[0] for one in found.all
            ]
    assert sum(url.endswith("index.html") for url in seen) == 1 + 2 + 2 + len(HOSTILE) + 1
    assert all(url.startswith(server) for url in seen)


def test_the_interactive_chart_works_from_a_web_server(show, server):
    tab = show(OBJECT, server)
    assert tab.complaints == [] and "Me2017, kilonova y" in tab.traces()


def test_a_model_is_toggled_by_mouse(show):
    tab = show()
    tab.page.get_by_role("checkbox", name="Me2017").uncheck()
    assert not any(name.startswith("Me2017") for name in tab.traces())
    tab.page.get_by_role("checkbox", name="Me2017").check()
    assert "Me2017, kilonova y" in tab.traces()


def test_a_passband_is_toggled_by_keyboard(show):
    tab = show()
    bands = tab.page.locator("#toggles input[name=band]")
    panels = bands.count()
    tab.page.locator("#toggles input[name=model]").last.focus()
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Space")
    assert not bands.first.is_checked()
    assert len({name.split()[-1] for name in tab.traces()}) == panels - 1


def test_the_picture_gives_way_to_the_chart(show):
    tab = show()
    assert tab.page.locator("#chart svg.main-svg").first.is_visible()
    assert not tab.page.locator("#picture").is_visible()


def test_upper_limits_are_arrows(show):
    symbols = show().page.evaluate(
        "() => document.getElementById('chart').data.map((t) => t.marker && t.marker.symbol)"
    )
    assert "arrow-down" in symbols


@pytest.mark.parametrize("path", PAGES)
def test_without_javascript_there_is_no_dead_control(show, path):
    tab = show(path, java_script_enabled=False)
    assert tab.texts("button, input, select") == []


def test_without_javascript_there_are_the_picture_and_the_tables(show):
    tab = show(OBJECT, java_script_enabled=False)
    assert tab.page.locator("#picture img").is_visible()
    assert not tab.page.locator("#chart").is_visible()
    assert "Me2017" in tab.page.locator("#ranking + .wide").inner_text()


def test_the_fits_are_sorted_by_their_evidence(show):
    tab = show(NIGHT_PAGE)
    head = tab.page.locator("#fits-table th", has_text="ln Z").first
    head.get_by_role("button").click()
    values = tab.page.locator("#fits-table tbody td:nth-child(3)").all_inner_texts()
    assert head.get_attribute("aria-sort") == "ascending"
    numbers = [float(v.split()[0].replace("−", "-")) for v in values if v != "–"]
    assert numbers == sorted(numbers) and len(numbers) == 2
    assert set(values[2:]) == {"–"}


def test_the_fits_are_sorted_downwards_by_keyboard_and_empty_ones_stay_last(show):
    tab = show(NIGHT_PAGE)
    tab.page.locator("#fits-table th", has_text="ln Z").get_by_role("button").focus()
    for _ in range(2):
        tab.page.keyboard.press("Enter")
    values = tab.page.locator("#fits-table tbody td:nth-child(3)").all_inner_texts()
    numbers = [float(v.split()[0].replace("−", "-")) for v in values[:2]]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize(
    ("label", "value", "count"),
    [
        ("Object", "KILONOVA", 3),
        ("ln Z at least", "-1000", 2),
        ("Model", "TrPi2018, afterglow", 1),
        ("State", "skipped", len(HOSTILE)),
        ("Reason", "nonzero_exit", len(HOSTILE)),
    ],
)
def test_the_fits_are_filtered(show, label, value, count):
    tab = show(NIGHT_PAGE)
    field = tab.page.locator("form.filters").get_by_label(label)
    if field.evaluate("(one) => one.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)
    assert len(tab.texts("#fits-table tbody tr")) == count
    assert tab.texts("output") == [f"{count} of {2 * len(HOSTILE) + 3} fits shown"]
    tab.page.get_by_role("button", name="Show all").click()
    tab.page.wait_for_function(
        "(all) => document.querySelector('output').textContent.startsWith(all)",
        arg=str(2 * len(HOSTILE) + 3),
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text(show, name):
    tab = show(f"{NIGHT}/{urllib.parse.quote(folder_name(name))}/index.html")
    assert tab.page.locator("h1").inner_text() == " ".join(name.split())
    assert tab.complaints == []
    assert tab.page.locator("script:not([src]):not([type='application/json']), i, b").count() == 0
    assert "<script>alert(2)</script>" in tab.page.locator("pre").inner_text()


def test_hostile_names_in_the_nights_table_are_text(show):
    tab = show(NIGHT_PAGE)
    shown = tab.page.locator("#fits-table tbody th").all_inner_texts()
    assert {" ".join(name.split()) for name in HOSTILE} <= set(shown)
    assert tab.complaints == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_prints(show, path):
    assert len(show(path).page.pdf()) > 10_000


def test_print_shows_the_picture_and_no_controls(show):
    tab = show()
    tab.page.emulate_media(media="print")
    assert tab.page.locator("#picture img").is_visible()
    assert not tab.page.locator("#chart").is_visible()
    assert tab.texts("button, input") == []


def test_the_chart_follows_the_screen_into_the_dark(show):
    tab = show()
    light = tab.page.evaluate("() => document.getElementById('chart').layout.font.color")
    tab.page.emulate_media(color_scheme="dark")
    tab.page.wait_for_function(
        "(light) => document.getElementById('chart').layout.font.color !== light", arg=light
    )


def test_the_skip_link_is_the_first_stop(show):
    tab = show()
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("() => document.activeElement.className") == "skip"


def findings(tab: Tab) -> list[str]:
    """What axe finds that is serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(tab.page).response["violations"]
    return [
        f"{v['id']}: {n['html']}"
        for v in violations
        for n in v["nodes"]
        if v["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("path", "screen"),
    [(path, screen) for path in PAGES for screen in ("wide", "dark phone")]
    + [(FAILED_PAGE, "phone"), (FAILED_PAGE, "dark")],
)
def test_axe_finds_nothing_serious(show, path, screen):
    tab = show(path, bypass_csp=True, **SCREENS[screen])  # axe is a script of the test's own
    tab.page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = 1; })")
    assert findings(tab) == []


def test_axe_does_find_what_is_serious(show, tmp_path):
    (tmp_path / "bad.html").write_text(BAD_PAGE)
    assert findings(show("bad.html", tmp_path.as_uri()))
