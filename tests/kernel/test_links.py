"""The links between the pages of the documentation lead somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
PAGES = sorted(
    [*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
)

#: A fenced block, or code in a line: what looks like a link there is none.
CODE = re.compile(r"^(`{3,})\{?.*?^\1$|`+[^`\n]*`+", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
LABEL = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
#: Where the pages and the files are found on the web.
SITE = re.compile(r"https://howdah\.readthedocs\.io/en/latest/(.*?)\.html")
FILES = re.compile(
    r"https://(?:raw\.githubusercontent\.com/howdah/howdah|github\.com/howdah/howdah/blob)/main/"
)


def without_code(text: str) -> str:
    """Return a page without its code: fenced blocks, and those within a line."""
    return CODE.sub("", text)


def anchors(page: Path) -> set[str]:
    """Return what a link to a page can have after its `#`: its headings and labels."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}
    return slugs | {*LABEL.findall(text)}


LABELS = {label for page in PAGES for label in LABEL.findall(page.read_text(encoding="utf-8"))}


def problem(page: Path, link: str) -> str | None:
    """Return what is wrong with a link on a page."""
    if match := SITE.match(link):
        link, page = f"docs/{match[1]}.md{link[match.end() :]}", ROOT / "README.md"
    elif match := FILES.match(link):
        link, page = link[match.end() :], ROOT / "README.md"
    if re.match(r"[a-z]+:", link):
        return None
    target, _, anchor = link.partition("#")
    path = (page.parent / target).resolve() if target else page
    if not path.exists():
        return f"{link}: there is no such file"
    if anchor and path.suffix == ".md" and anchor not in anchors(path) | (set() if target else LABELS):
        return f"{link}: there is no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    links = LINK.findall(without_code(page.read_text(encoding="utf-8")))
    assert [text for link in links if (text := problem(page, link))] == []


def test_a_wrong_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One two\n\n[a](#one-two) [b](#three) [c](other.md)\n", encoding="utf-8")
    assert problem(page, "#one-two") is None
    assert problem(page, "#three") == "#three: there is no such heading"
    assert problem(page, "other.md") == "other.md: there is no such file"
    assert problem(page, "https://howdah.readthedocs.io/en/latest/mammoth.html") is not None


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = {DOCS / "index.md"}
    for page in DOCS.rglob("*.md"):
        for toctree in re.findall(
            r"^```\{toctree\}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            names = [line for line in toctree.splitlines() if line and not line.startswith(":")]
            listed.update((page.parent / f"{name}.md").resolve() for name in names)
    assert set(DOCS.rglob("*.md")) == listed


def test_the_extras_that_are_named_exist() -> None:
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = metadata.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    known = set(re.findall(r"^([\w-]+) = \[", extras, re.MULTILINE))
    named = {
        name.strip()
        for page in PAGES
        for names in re.findall(r"howdah\[([\w, -]+)\]", page.read_text(encoding="utf-8"))
        for name in names.split(",")
    }
    assert named <= known
