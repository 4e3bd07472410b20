import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree  # ty: ignore[missing-module-member] - compiled, without stubs

from dp_pipeline.images.errors import UnusableImageError
from dp_pipeline.images.svg import DEEPEST, MOST_ELEMENTS, clean
from dp_pipeline_tests.images.gallery_server import png

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SHAPE = '<path d="M0 0h9v9z" fill="#e30613"/>'
PIXELS = "data:image/png;base64," + base64.b64encode(png()).decode()
# What no cleaned document may hold, whatever it was made of.
HOSTILE = re.compile(
    rb"script|foreignObject|<\w+:?(?:iframe|object|embed|animate|set|handler|a)\b|\son\w+\s*=|"
    rb"javascript:|vbscript:|@import|<!DOCTYPE|<!ENTITY|<\?|&#|evil|file:|data:(?!image/png)",
    re.IGNORECASE,
)


def svg(inner: str, attributes: str = "") -> bytes:
    return f"{HEAD} {attributes}>{inner}{SHAPE}</svg>".encode()


def cleaned(inner: str, attributes: str = "") -> str:
    body = clean(svg(inner, attributes))
    assert not HOSTILE.search(body), body
    assert clean(body) == body
    return body.decode()


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<script xlink:href="//evil/x.js"/>',
        '<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>',
        '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>',
        '<g onclick="alert(1)" onload="alert(1)"/>',
        "<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
        '<a xlink:href="javascript:alert(1)"><g/></a>',
        '<a href=" java&#10;script:alert(1)"><g/></a>',
        '<use xlink:href="https://evil/x.svg#a"/>',
        '<use href="data:image/svg+xml;base64,PHN2Zy8+#x"/>',
        '<image xlink:href="https://evil/track.png"/>',
        '<image href="file:///etc/passwd"/>',
        '<image href="data:image/svg+xml,%3Csvg%20onload=alert(1)%3E"/>',
        '<image href="data:image/png;base64,PHNjcmlwdD4="/>',
        '<image href="data:text/html,x"/>',
        '<rect fill="url(https://evil/x#p)"/>',
        "<rect fill=\"url( 'https://evil' )\"/>",
        '<rect style="background:url(//evil)"/>',
        '<rect style="fill:u\\72l(//evil)"/>',
        '<rect style="fill:url/**/(//evil)"/>',
        '<rect style="behavior:url(#x);-moz-binding:url(//evil)"/>',
        '<rect style="width:expression(alert(1))"/>',
        "<style>@import url(//evil/x.css);</style>",
        "<style>@import '//evil/x.css';</style>",
        "<style>@font-face{font-family:x;src:url(//evil/x.woff)}</style>",
        '<animate attributeName="href" values="javascript:alert(1)"/>',
        '<set attributeName="onmouseover" to="alert(1)"/>',
        '<animateTransform onbegin="alert(1)"/>',
        '<handler xmlns="http://www.w3.org/2001/xml-events">alert(1)</handler>',
        '<?xml-stylesheet href="//evil/x.css"?>',
        "<metadata><r:RDF xmlns:r='http://evil/'/></metadata>",
        '<feImage xlink:href="https://evil/x.png"/>',
        "<filter><feImage href='https://evil/x.png'/></filter>",
        '<g xml:base="https://evil/"/>',
        '<text><script>alert(1)</script>x<a href="javascript:1">y</a></text>',
        "<title>t<script>alert(1)</script></title>",
        '<cursor xlink:href="https://evil/c.cur"/>',
        "<!-- <script>evil</script> -->",
    ],
)
def test_what_runs_or_fetches_is_left_behind_and_the_drawing_stays(hostile: str) -> None:
    assert SHAPE in cleaned(hostile)


def test_an_event_handler_of_the_root_is_left_behind() -> None:
    assert "viewBox" in cleaned("", 'viewBox="0 0 9 9" onload="alert(1)" xmlns:x="u" x:y="evil"')


def test_what_draws_stays_as_it_is() -> None:
    inner = (
        '<defs><linearGradient id="g" gradientUnits="userSpaceOnUse" x1="0">'
        '<stop offset="0" stop-color="#fff"/><stop offset="1" style="stop-color:#000"/>'
        '</linearGradient><clipPath id="c"><circle r="3"/></clipPath></defs>'
        '<g clip-path="url(#c)" transform="translate(1 2)"><use xlink:href="#g"/>'
        '<rect fill="url(#g)" class="curl" width="5"/></g>'
        f'<image width="2" href="{PIXELS}"/>'
        '<text x="1" font-family="Arial">1. FC <tspan dy="2">Köln</tspan> 1948</text>'
        "<style>.curl{fill:#f00;clip-path:url(#c)}</style>"
    )
    assert cleaned(inner, 'viewBox="0 0 9 9"') == svg(inner, 'viewBox="0 0 9 9"').decode()


def test_what_a_link_holds_is_drawn_without_the_link() -> None:
    assert '<circle r="2"/>' in cleaned('<a href="https://evil"><circle r="2"/></a>')


def test_a_prefixed_svg_is_written_without_the_prefix() -> None:
    body = b'<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:path d="M0 0"/></s:svg>'
    assert b'<path d="M0 0"/>' in clean(body)


def test_the_public_document_type_and_a_latin_encoding_are_no_obstacle() -> None:
    public = (
        '<?xml version="1.0" encoding="ISO-8859-1" standalone="no"?>\n<!DOCTYPE svg PUBLIC '
        '"-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
        f"{HEAD}><text>Köln</text></svg>"
    )
    assert "Köln" in clean(public.encode("latin-1")).decode()


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
USES = "".join(f'<g id="u{n}">' + f'<use href="#u{n - 1}"/>' * 10 + "</g>" for n in range(1, 9))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f'<!DOCTYPE svg [<!ENTITY e0 "x">{BOMB}]>{HEAD}><text>&e8;</text></svg>', "document type"),
        (
            f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{HEAD}><text>&x;</text></svg>',
            "document type",
        ),
        (f'<!DOCTYPE svg SYSTEM "http://evil/x.dtd" [ ]>{HEAD}>{SHAPE}</svg>', "document type"),
        (f"{HEAD}><text>&x;</text>{SHAPE}</svg>", "not well formed"),
        (f"{HEAD}>{SHAPE}", "not well formed"),
        (f"{HEAD}>{'<g>' * (DEEPEST + 2)}{SHAPE}{'</g>' * (DEEPEST + 2)}</svg>", "nested"),
        (f"{HEAD}>{'<g>' * 5_000}{SHAPE}{'</g>' * 5_000}</svg>", "not well formed"),
        (f"{HEAD}>{'<g/>' * MOST_ELEMENTS}{SHAPE}</svg>", "elements"),
        (f'{HEAD}><g id="u0">{SHAPE * 10}</g>{USES}</svg>', "draws more than"),
        (
            f'{HEAD}><g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g></svg>',
            "uses itself",
        ),
        (f"{HEAD}><script>only()</script></svg>", "draws nothing"),
        (f"{HEAD}><image href='https://evil/x.png'/></svg>", "draws nothing"),
        (f"{HEAD}><style>.a{{fill:url(//evil)}}</style>{SHAPE}</svg>", "style sheet"),
        (f"{HEAD}><style>@im\\port '//evil';</style>{SHAPE}</svg>", "style sheet"),
        (f"<x>{SHAPE}</x>", "no SVG"),
        (f'<svg xmlns="http://www.w3.org/1999/xhtml">{SHAPE}</svg>', "no SVG"),
    ],
)
def test_what_cannot_be_made_safe_is_refused(body: str, reason: str) -> None:
    with pytest.raises(UnusableImageError, match=reason):
        clean(body.encode())


def test_an_encoding_that_hides_what_is_said_is_refused() -> None:
    hidden = f"{HEAD}><script>alert(1)</script>{SHAPE}</svg>"
    with pytest.raises(UnusableImageError):
        clean(hidden.encode("utf-16"))
    # in UTF-7 the script would be "+ADw-script+AD4-": read as UTF-8 it is but text
    seven = f'<?xml version="1.0" encoding="UTF-7"?>{HEAD}><text>+ADw-script+AD4-</text></svg>'
    assert b"<script" not in clean(seven.encode())


NAMES = st.sampled_from(
    [
        "svg",
        "g",
        "path",
        "rect",
        "use",
        "image",
        "a",
        "script",
        "style",
        "foreignObject",
        "text",
        "tspan",
        "title",
        "animate",
        "set",
        "feImage",
        "clipPath",
        "switch",
        "iframe",
        "linearGradient",
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            "#a",
            "url(#a)",
            "url(//evil)",
            "javascript:alert(1)",
            " jAva\tscript:x",
            "//evil/x",
            "data:image/svg+xml,x",
            PIXELS,
            "u\\72l(x)",
            "@import 'evil'",
            "expression(evil)",
            "fill:url(#a);stroke:url(//evil)",
            "url(  '#a'  )",
            "url(#a)url(evil)",
            "evil&#58;x",
        ]
    ),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<&\"'"), max_size=12
    ),
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [
            "href",
            "xlink:href",
            "style",
            "fill",
            "filter",
            "onload",
            "id",
            "class",
            "d",
            "xml:base",
            "src",
            "action",
            "onclick",
            "mask",
            "values",
            "to",
            "xml:space",
        ]
    ),
    VALUES,
    max_size=4,
)


def written(attributes: dict[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in attributes.items())


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, attributes, inner: f"<{name} {written(attributes)}>{''.join(inner)}</{name}>",
        NAMES,
        ATTRIBUTES,
        st.lists(children, max_size=4),
    )


TREES = st.recursive(
    st.one_of(
        element(st.just("")),
        st.text(
            st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<&]"), max_size=8
        ),
        st.sampled_from(["<![CDATA[<script>alert(1)</script>]]>", "<!-- x -->", "<?evil x?>"]),
    ),
    element,
    max_leaves=20,
)


@given(st.lists(TREES, max_size=5), ATTRIBUTES)
def test_no_tree_of_any_kind_keeps_what_runs_or_fetches(
    inner: list[str], attributes: dict[str, str]
) -> None:
    try:
        body = clean(svg("".join(inner), written(attributes)))
    except UnusableImageError:
        return
    assert clean(body) == body
    for found in etree.fromstring(body).iter():
        name = etree.QName(found)
        assert name.namespace == "http://www.w3.org/2000/svg"
        assert name.localname not in {"script", "foreignObject", "a", "animate", "set", "iframe"}
        for attribute, value in found.attrib.items():
            bare = etree.QName(attribute).localname
            assert not bare.startswith("on")
            assert bare not in {"base", "src", "action", "to"}
            if bare == "href":
                assert value.strip().startswith(("#", "data:image/png;base64,"))
            else:
                loose = re.sub(r"url\(\s*(['\"]?)#[\w.:-]+\1\s*\)", "", value)
                assert not re.search(r"url\(|javascript:|expression\(|@import|\\|//", loose)
