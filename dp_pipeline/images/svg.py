"""An SVG as one that only draws: no scripts, no links, nothing fetched from anywhere. Pure.

An SVG from our own address runs its scripts as ours when somebody opens it. The tree is therefore
built anew from what is known to draw (https://www.w3.org/TR/SVG2/eltindex.html); everything else is
left behind.
"""

import re
from collections.abc import Iterator

from lxml import etree  # ty: ignore[missing-module-member] - compiled, without stubs

from dp_pipeline.images.errors import UnusableImageError
from dp_pipeline.images.styles import declarations, embedded_picture, is_local, style_sheet

MOST_ELEMENTS = 20_000
MOST_DRAWN = 100_000
"""Elements after every <use> is followed: ten that each use the one before twice draw 1,024."""
DEEPEST = 64
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHAPES = _words("circle ellipse image line path polygon polyline rect text use")
_ELEMENTS = _SHAPES | _words(
    "clipPath defs desc feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix "
    "feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB "
    "feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset fePointLight "
    "feSpecularLighting feSpotLight feTile feTurbulence filter g linearGradient marker mask "
    "pattern radialGradient stop style svg switch symbol textPath title tspan"
)
# A link draws what it holds, so what it holds is kept.
_UNWRAPPED = frozenset({"a"})
_TEXT = frozenset({"desc", "text", "textPath", "title", "tspan"})
_ATTRIBUTES = _words(
    # geometry and structure
    "cx cy d dx dy fr fx fy gradientTransform gradientUnits height id class clipPathUnits "
    "lengthAdjust markerHeight markerUnits markerWidth maskContentUnits maskUnits method offset "
    "orient pathLength patternContentUnits patternTransform patternUnits points "
    "preserveAspectRatio r refX refY requiredExtensions rotate rx ry side spacing spreadMethod "
    "startOffset style systemLanguage textLength transform version viewBox width x x1 x2 y y1 y2 "
    # filters
    "amplitude azimuth baseFrequency bias diffuseConstant divisor edgeMode elevation exponent "
    "filterUnits in in2 intercept k1 k2 k3 k4 kernelMatrix kernelUnitLength limitingConeAngle "
    "mode numOctaves operator order pointsAtX pointsAtY pointsAtZ preserveAlpha primitiveUnits "
    "radius result scale seed slope specularConstant specularExponent stdDeviation stitchTiles "
    "surfaceScale tableValues targetX targetY type values xChannelSelector yChannelSelector z "
    # presentation
    "alignment-baseline baseline-shift clip clip-path clip-rule color color-interpolation "
    "color-interpolation-filters direction display dominant-baseline enable-background fill "
    "fill-opacity fill-rule filter flood-color flood-opacity font-family font-size "
    "font-size-adjust font-stretch font-style font-variant font-weight image-rendering isolation "
    "letter-spacing lighting-color marker-end marker-mid marker-start mask mask-type "
    "mix-blend-mode opacity overflow paint-order shape-rendering stop-color stop-opacity stroke "
    "stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-opacity stroke-width text-anchor text-decoration text-rendering transform-origin "
    "unicode-bidi vector-effect visibility word-spacing writing-mode"
)
_DECLARED = re.compile(r"\s*<\?xml\b[^>]*?encoding\s*=\s*[\"']([\w.:-]+)[\"'][^>]*\?>")
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>")
# Without what may stand in brackets: that is refused, and the public one is not needed.
_DOCTYPE = re.compile(r"<!DOCTYPE\s[^\[\]<>]*>")
_LATIN = frozenset({"iso-8859-1", "latin1", "windows-1252", "cp1252"})


def clean(body: bytes) -> bytes:
    """The same picture with nothing in it but drawing, as UTF-8; cleaning it again changes nothing.

    Raises UnusableImageError when it is no SVG, or cannot be made safe.
    """
    root = _parse(_text(body))
    if root.tag != f"{{{_SVG}}}svg":
        reason = "it is markup, but no SVG"
        raise UnusableImageError(reason)
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        reason = f"it is an SVG of more than {MOST_ELEMENTS:,} elements"
        raise UnusableImageError(reason)
    cleaned = etree.Element(root.tag, nsmap={None: _SVG, "xlink": _XLINK})
    _copy(root, cleaned, depth=0)
    if not any(etree.QName(element).localname in _SHAPES for element in cleaned.iter()):
        reason = "it is an SVG that draws nothing"
        raise UnusableImageError(reason)
    _refuse_bomb(cleaned)
    return etree.tostring(cleaned, encoding="utf-8", xml_declaration=False, with_tail=False)


def _text(body: bytes) -> str:
    """The document as text: what an encoding could hide from a search is visible here."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        declared = _DECLARED.match(body[:200].decode("latin-1"))
        if declared is None or declared[1].lower() not in _LATIN:
            reason = "it is an SVG in an encoding other than UTF-8"
            raise UnusableImageError(reason) from error
        text = body.decode("latin-1")
    if declaration := _DECLARATION.match(text):
        text = text[declaration.end() :]
    text = _DOCTYPE.sub("", text, count=1)
    # An entity may be named by another ten times, and so on: a kilobyte becomes gigabytes.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        reason = "it is an SVG with a document type of its own, which may define entities"
        raise UnusableImageError(reason)
    return text


def _parse(text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        # surrogates can only come from a body that was no UTF-8, and then not from UTF-8 decoding
        return etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = f"it is markup that is not well formed ({str(error)[:100]})"
        raise UnusableImageError(reason) from error


def _copy(source: etree._Element, target: etree._Element, *, depth: int) -> None:
    """Fill `target` with what `source` draws."""
    if depth > DEEPEST:
        reason = f"it is an SVG nested more than {DEEPEST} deep"
        raise UnusableImageError(reason)
    name = etree.QName(target).localname
    for attribute, value in source.attrib.items():
        if (kept := _attribute(name, str(attribute), str(value))) is not None:
            target.set(str(attribute), kept)
    if name == "style":
        target.text = style_sheet("".join(source.itertext(tag=(source.tag,))))
        return
    if name in _TEXT:
        target.text = source.text
    _copy_children(source, target, depth=depth)


def _copy_children(source: etree._Element, target: etree._Element, *, depth: int) -> None:
    texts = etree.QName(target).localname in _TEXT
    for child in source:
        if not isinstance(child.tag, str):  # an entity that is not expanded
            continue
        tag = etree.QName(child)
        if tag.namespace == _SVG and tag.localname in _UNWRAPPED and depth < DEEPEST:
            _copy_children(child, target, depth=depth + 1)
        elif tag.namespace == _SVG and tag.localname in _ELEMENTS:
            copied = etree.SubElement(target, child.tag)
            _copy(child, copied, depth=depth + 1)
            if tag.localname == "image" and not any("href" in name for name in copied.attrib):
                target.remove(copied)
            elif texts:
                copied.tail = child.tail


def _attribute(element: str, attribute: str, value: str) -> str | None:
    """The value an attribute may keep, or None."""
    name = etree.QName(attribute)
    if name.namespace == _XML:
        return value if name.localname == "space" and value in {"default", "preserve"} else None
    if name.localname == "href" and name.namespace in {None, _XLINK}:
        if re.fullmatch(r"\s*#[^\s\"'<>()\\]+\s*", value):
            return value
        return value if element == "image" and embedded_picture(value) else None
    if name.namespace is not None or name.localname not in _ATTRIBUTES:
        return None
    if name.localname == "style":
        return declarations(value) or None
    return value if is_local(value) else None


def _refuse_bomb(root: etree._Element) -> None:
    """Refuse what is small to store and endless to draw."""
    by_id = {id_: element for element in root.iter() if (id_ := element.get("id"))}
    drawn: dict[etree._Element, int] = {}
    under_way: set[etree._Element] = set()

    def cost(element: etree._Element) -> int:
        if element in drawn:
            return drawn[element]
        if element in under_way:
            reason = "it is an SVG that uses itself"
            raise UnusableImageError(reason)
        under_way.add(element)
        if len(under_way) > 4 * DEEPEST:
            reason = "it is an SVG whose parts use each other too deeply"
            raise UnusableImageError(reason)
        total = 1 + sum(cost(part) for part in _parts(element, by_id))
        under_way.discard(element)
        if total > MOST_DRAWN:
            reason = f"it is an SVG that draws more than {MOST_DRAWN:,} elements"
            raise UnusableImageError(reason)
        drawn[element] = total
        return total

    cost(root)


def _parts(element: etree._Element, by_id: dict[str, etree._Element]) -> Iterator[etree._Element]:
    """What is drawn with an element: its children, and what its attributes name."""
    yield from element
    for name, value in element.attrib.items():
        pattern = r"\s*#(\S+)" if "href" in name else r"url\(\s*[\"']?#([\w.:-]+)"
        for id_ in re.findall(pattern, value):
            if (named := by_id.get(id_)) is not None:
                yield named
