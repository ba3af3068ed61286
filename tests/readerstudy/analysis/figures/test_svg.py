"""What a page may hold: no style, own ids, words for who can't see it, the same bytes for the same data."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from readerstudy.analysis.figures.difficulty import difficulty
from readerstudy.analysis.figures.forest import READER, forest

NAMESPACE = "{http://www.w3.org/2000/svg}"


def rows(reader: str = "R1", generator: str = "G") -> pd.DataFrame:
    return pd.DataFrame(
        [{"generator": generator, "kind": READER, "reader_id": reader, "estimate": 0.6, "low": 0.5, "high": 0.7}]
    )


@pytest.fixture(scope="module")
def svg() -> str:
    return forest(rows(), margin=0.1, confidence="95 %").svg


def test_a_strict_policy_finds_nothing_to_forbid(svg: str):
    root = ElementTree.fromstring(svg)
    assert not [element.tag for element in root.iter() if element.tag in (f"{NAMESPACE}style", f"{NAMESPACE}script")]
    assert not [element for element in root.iter() if "style" in element.attrib]
    assert not re.search(r"\son\w+=", svg)


def test_it_is_named_and_described_for_who_cannot_see_it(svg: str):
    root = ElementTree.fromstring(svg)
    title, description = list(root)[:2]
    assert (title.tag, description.tag) == (f"{NAMESPACE}title", f"{NAMESPACE}desc")
    assert title.text == "Balanced accuracy by reader"
    assert "equivalence margin, 40–60 %" in str(description.text)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_text_stays_text_in_the_fonts_of_the_page(svg: str):
    root = ElementTree.fromstring(svg)
    texts = {text.text for text in root.iter(f"{NAMESPACE}text")}
    assert {"R1", "Balanced accuracy, % (95 % interval)"} <= texts
    assert all("font-size" in text.attrib for text in root.iter(f"{NAMESPACE}text"))
    assert "system-ui" in str(root.get("font-family"))


def test_ids_are_its_own_and_all_references_lead_somewhere(svg: str):
    other = difficulty(pd.DataFrame({"case_id": ["a"], "truth": ["real"], "share_wrong": [0.5]})).svg
    ids, others = (re.findall(r'\sid="([^"]+)"', text) for text in (svg, other))
    assert len(set(ids)) == len(ids)
    assert not set(ids) & set(others)
    references = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)
    assert {first or second for first, second in references} <= set(ids)


def test_the_same_data_draws_the_same_bytes(svg: str):
    assert forest(rows(), margin=0.1, confidence="95 %").svg == svg


def test_markup_in_names_is_text():
    name = "<script>x</script>"
    svg = forest(rows(reader=name), margin=0.1, confidence="95 %").svg
    assert "<script>" not in svg
    assert name in {text.text for text in ElementTree.fromstring(svg).iter(f"{NAMESPACE}text")}
