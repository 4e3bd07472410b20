"""matplotlib's SVG as it stands in files and in a page: named, described, without what it shares.

Several pictures stand in one page, so ids are unique in it, and no style reaches beyond a picture.
"""

import re

from lxml import etree  # ty: ignore[missing-module-member] - compiled, without stubs

from dp_pipeline.pages.words import one_line
from dp_pipeline.publish.words import About

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FAMILY = re.compile(r"font-family: [^;]*;? ?")
FAMILIES = "'DejaVu Sans', Verdana, 'Noto Sans', sans-serif"
"""As wide as what the drawing was measured with, where the reader has any of them."""
_POINTS = re.compile(r"pt$")


def dressed(svg: bytes, about: About) -> str:
    """The picture with its text alternative, and ids of its own.

    Args:
        svg: as matplotlib writes it.
        about: what it shows.
    """
    root = etree.fromstring(svg, etree.XMLParser(resolve_entities=False, no_network=True))
    for name in ("metadata", "style"):
        for element in list(root.iter(f"{{{_SVG}}}{name}")):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
    for element in root.iter(etree.Comment):
        element.getparent().remove(element)
    # What the style sheet said that was left out: it would hold for a whole page.
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    root.set("font-family", FAMILIES)
    for element in root.iter(f"{{{_SVG}}}text"):
        element.set("style", _FAMILY.sub("", element.get("style", "")))
        if "rotate(-0 " in element.get("transform", ""):
            element.attrib.pop("transform")
    _own_ids(root, about.slug)
    for side in ("width", "height"):
        root.set(side, _POINTS.sub("", root.get(side, "")))
    root.attrib.pop("version", None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{about.slug}-title {about.slug}-desc")
    for place, (name, text) in enumerate((("title", about.title), ("desc", about.description))):
        element = etree.Element(f"{{{_SVG}}}{name}", id=f"{about.slug}-{name}")
        element.text = one_line(text)
        root.insert(place, element)
    root[0].tail = root[1].tail = "\n"
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def _own_ids(root: etree._Element, slug: str) -> None:
    """Give what is referred to an id with the name of the picture, and take away other ids."""
    wanted = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == _HREF:
                wanted.add(value.removeprefix("#"))
                element.set(name, f"#{slug}-{value.removeprefix('#')}")
            elif found := _REFERENCE.findall(value):
                wanted.update(found)
                element.set(name, _REFERENCE.sub(rf"url(#{slug}-\1)", value))
    for element in root.iter():
        id_ = element.attrib.pop("id", None)
        if id_ in wanted:
            element.set("id", f"{slug}-{id_}")
