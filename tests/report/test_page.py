"""The report in a real browser: offline, quiet, readable at desk and phone width and in the dark."""

from pathlib import Path

import pytest

import evaluation
import evaluation.report
from tests.evaluation.tables import mixed

CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = (1600, 1280, 400)

CARD = {
    "data": {
        "rows with a clipped extreme, over all columns": 539,
        "changes since the last release": "none",
        "settled without being told": ["The bound is kept.", "Dates are <kept>."],
    },
    "model": {"generator": "tabular.autoregressive", "digest": "0" * 64},
    "columns": {"owner": "learnt", "age": "learnt", "ident": "made up anew"},
}

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"NOT TESTED: the report needs a browser at {CHROMIUM}; install chromium"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with the report open in it, every request but its own file refused; `page.told` is all that went wrong."""
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("report")
    tables = (mixed(200, seed).rename(columns={"trade": "a very long column name " * 4}) for seed in range(3))
    report = evaluation.score(*tables, target="owner")
    verdict = {
        "passed": False,
        "reasons": [{"rule": "at most 0.05 by chance", "score": "privacy.membership", "value": 0.3, "bound": 0.05}],
    }
    evaluation.report.write(report, folder, verdict=verdict, card=CARD)
    address = (folder / "report.html").as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        opened = browser.new_page()
        opened.told = []
        opened.route(
            "**/*", lambda route: route.continue_() if route.request.url == address else _refuse(opened, route)
        )
        opened.on("console", lambda message: opened.told.append(message.text))
        opened.on("pageerror", lambda error: opened.told.append(str(error)))
        opened.goto(address)
        yield opened
        browser.close()


def test_the_first_lines_say_what_became_of_the_columns(page):
    assert "2 learnt, 1 made up anew" in page.locator("header").inner_text()
    page.get_by_role("link", name="which?").click()
    shown = page.locator("#columns")
    assert shown.is_visible() and "learnt" in shown.get_by_role("row").filter(has_text="owner").inner_text()


def test_sentences_of_the_card_are_a_list_below_the_cards(page):
    assert page.locator("li", has_text="Dates are <kept>.").count() == 1
    assert page.get_by_role("heading", name="Settled without being told").count() == 1
    assert "['" not in page.locator("main").inner_text()


def _refuse(opened, route):
    opened.told.append(route.request.url)
    route.abort()


def test_it_opens_without_errors_and_without_the_network(page):
    assert page.told == []
    assert page.title() == "Synthetic data report"
    for section in (*evaluation.SECTIONS["tabular"], "limits", "tables"):
        assert page.locator(f"#{section}").is_visible()
    assert page.locator("figure svg").count() > 5


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(page, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    narrow = (
        "[...document.querySelectorAll('main th, main td:not(.n), dt, dd')].filter(e => e.clientWidth && "
        "e.clientWidth < 48).length"
    )
    assert page.evaluate(narrow) == 0  # words broken letter by letter
    tables = "[...document.querySelectorAll('.scroll:has(table)')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    assert page.evaluate(f"{tables}.map(e => e.textContent.trim().slice(0, 40))") == []
    cut = "[...document.querySelectorAll('h1,h2,h3,h4,p,dd,figcaption')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    assert page.evaluate(f"{cut}.map(e => e.textContent.slice(0, 40))") == []


def _contrast(page, selector):
    """Ratio of luminances of a text and the page behind it (WCAG 2)."""

    def luminance(colour):
        parts = [int(float(x)) / 255 for x in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        return sum(
            w * (x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4)
            for w, x in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
        )

    ink, paper = page.evaluate(f"""[getComputedStyle(document.querySelector('{selector}')).color,
        getComputedStyle(document.body).backgroundColor]""")
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    return paper, (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("selector", ["p", ".soft", "nav a", ".verdict strong", "figure svg text"])
def test_text_stands_out_by_day_and_by_night(page, selector):
    papers = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        paper, ratio = _contrast(page, selector)
        papers.add(paper)
        assert ratio >= 4.5, scheme
    assert len(papers) == 2


def test_tables_are_named_for_screen_readers_and_links_lead_somewhere(page):
    assert page.locator("table:not(:has(th[scope=col]))").count() == 0
    assert page.locator("svg[role=img]:not([aria-label])").count() == 0
    for link in page.locator("nav a").all():
        assert page.locator(link.get_attribute("href")).count() == 1


def test_the_theme_is_switched_by_a_button(page):
    page.emulate_media(color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(paper)
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate(paper) != before
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate(paper) == before


def test_tables_are_sorted_by_their_headings(page):
    table = page.locator("#tables table").first
    shares = "e => [...e.tBodies[0].rows].map(row => parseFloat(row.cells[1].textContent))"
    heading = table.get_by_role("button", name="Similarity")
    for order in (sorted, lambda values: sorted(values, reverse=True)):
        heading.press("Enter")  # by keyboard too
        found = table.evaluate(shares)
        assert found == order(found) and len(found) > 5
    assert table.locator("th[aria-sort=descending]").count() == 1
    assert page.told == []


def test_a_narrow_window_shows_each_value_under_the_name_of_its_column(page):
    page.set_viewport_size({"width": 400, "height": 900})
    attack = page.locator("#privacy table:has-text('Strongest attack')")
    assert not attack.locator("thead").is_visible()
    label = "e => getComputedStyle(e, '::before').content"
    assert [cell.evaluate(label) for cell in attack.locator("tbody tr").first.locator("td").all()][:2] == [
        '"Strongest attack"', '"AUC (50 % is guessing)"']  # fmt: skip
    page.set_viewport_size({"width": 1280, "height": 900})
    assert attack.locator("thead").is_visible()
