"""The code of a page: files of one idea each, handed over as one module."""

import re

import pytest

from wkmp_lab.notebook import modules

PAGES = ("browser/browser.js",)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_imports_nothing_and_exports_its_default_alone(page):
    text = modules.read_module(page)
    assert not re.search(r"^[ \t]*import\b|\bimport\(", text, re.M)
    assert re.findall(r"^[ \t]*export\b.*", text, re.M) == ["export default { render };"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_no_network_and_makes_no_html_of_words(page):
    text = modules.read_module(page)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
    addresses = set(re.findall(r"https?://[^\s\"']+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of a namespace


def test_each_part_stands_once_before_all_that_import_it(tmp_path, monkeypatch):
    monkeypatch.setattr(modules, "STATIC", tmp_path)
    (tmp_path / "a.js").write_text(
        'import { b, B } from "./b.js";\nimport { c } from "./c-d.js";\nexport default { b, c };\n'
    )
    (tmp_path / "b.js").write_text(
        'import { c } from "./c-d.js";\n\nexport const B = 1;\nexport function b() {}\n'
    )
    (tmp_path / "c-d.js").write_text("export async function c() {}\nfunction own() {}\n")
    text = modules.read_module("a.js")
    assert text.index("const $c_d = ") < text.index("const $b = ") < text.index("export default")
    assert text.count("async function c()") == 1
    assert "return { B, b };" in text
    assert "const { b, B } = $b;" in text
    assert "return { c };" in text
