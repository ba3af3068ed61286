"""A matplotlib figure as accessible SVG that any page may hold.

What is written has no style sheet and no style attribute (a strict content security policy forbids both), a title
and a description for screen readers, text as text, ids that no other figure has, and no date: the same data draws
the same bytes.
"""

import io
import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from matplotlib.figure import Figure

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
FONTS = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"
FONT = re.compile(r"(?:(?P<style>italic|oblique) )?(?:(?P<weight>\w+) )?(?P<size>[\d.]+px) .*", re.DOTALL)
REFERENCE = re.compile(r"url\(#([^)]+)\)")


def to_svg(
    figure: Figure, *, name: str, title: str, description: str, hints: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return the figure as one `svg` element.

    Parameters
    ----------
    figure : Figure
        Saved with rcParams `svg.fonttype` "none" and a fixed `svg.hashsalt`.
    name : str
        Letters, digits and dashes: begins every id.
    title, description : str
        What it shows, in a phrase and in sentences.
    hints : mapping, optional
        The `gid` of a scatter → a text for each of its marks, which the browser shows when the pointer is over it.

    Raises
    ------
    ValueError
        If a scatter has not as many marks as texts.
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(stream.getvalue())  # noqa: S314  what matplotlib wrote a line above
    _drop_style_sheets(root)
    for gid, texts in (hints or {}).items():
        _hint(root, gid, texts)
    for element in root.iter():
        _style_to_attributes(element)
        _own_ids(element, name)
    _describe(root, name, title, description)
    return ElementTree.tostring(root, encoding="unicode")


def _drop_style_sheets(root: ElementTree.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}style", f"{{{SVG}}}metadata"):
                parent.remove(child)


def _hint(root: ElementTree.Element, gid: str, texts: Sequence[str]) -> None:
    """Give each mark of a scatter a title of its own."""
    group = next((element for element in root.iter(f"{{{SVG}}}g") if element.get("id") == gid), None)
    found = [] if group is None else list(group.iter(f"{{{SVG}}}use"))
    if len(found) != len(texts):
        raise ValueError(f"The scatter {gid} has {len(found)} marks and {len(texts)} texts.")
    for mark, text in zip(found, texts, strict=True):
        ElementTree.SubElement(mark, f"{{{SVG}}}title").text = text


def _style_to_attributes(element: ElementTree.Element) -> None:
    """Turn `style="fill: red"` into `fill="red"`; the shorthand `font` into its parts, in the page's fonts."""
    for declaration in filter(None, map(str.strip, element.attrib.pop("style", "").split(";"))):
        key, _, value = declaration.partition(":")
        if key == "font":
            found = FONT.match(value.strip())
            if found:
                parts = {f"font-{part}": text for part, text in found.groupdict().items() if text}
                element.attrib.update(parts)
        else:
            element.set(key.strip(), value.strip())


def _own_ids(element: ElementTree.Element, name: str) -> None:
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.get('id')}")
    for key, value in element.attrib.items():
        if key.endswith("href") and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(key, REFERENCE.sub(rf"url(#{name}-\1)", value))


def _describe(root: ElementTree.Element, name: str, title: str, description: str) -> None:
    for key in ("width", "height"):
        root.attrib.pop(key)
    ids = {part: f"{name}-{part}" for part in ("title", "desc")}
    root.attrib |= {
        "role": "img",
        "aria-labelledby": " ".join(ids.values()),
        "font-family": FONTS,
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
    }
    for place, (part, text) in enumerate(zip(ids, (title, description), strict=True)):
        element = ElementTree.Element(f"{{{SVG}}}{part}", id=ids[part])
        element.text = text
        root.insert(place, element)
