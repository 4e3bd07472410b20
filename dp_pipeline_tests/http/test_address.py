import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.http.address import Address
from dp_pipeline.providers.errors import ProviderError


def test_a_path_is_below_the_root_and_secrets_go_apart() -> None:
    address = Address.parse("x", " https://me:p%40ss@gw.example:8443/api/v1/?token=s3cret ")
    target = address.target("/get/bl1/2024?page=2")
    assert target.url == "https://gw.example:8443/api/v1/get/bl1/2024"
    assert target.sent == "/api/v1/get/bl1/2024?page=2&token=s3cret"
    assert target.shown == "https://gw.example:8443/api/v1/get/bl1/2024?page=…"
    assert target.path == "/get/bl1/2024?page=…"
    assert target.authorization == "Basic bWU6cEBzcw=="
    assert target.scrub("p@ss p%40ss s3cret bWU6cEBzcw== me") == "… … … … me"
    assert "p@ss" not in repr((address, target))
    assert "s3cret" not in repr((address, target))


def test_an_address_without_secrets_hides_nothing() -> None:
    address = Address.parse("x", "http://127.0.0.1:8000")
    target = address.target("2024-25/en.1.json")
    assert target.url == target.shown == "http://127.0.0.1:8000/2024-25/en.1.json"
    assert (target.sent, target.path) == ("/2024-25/en.1.json", "/2024-25/en.1.json")
    assert target.authorization is None
    assert address.secrets == ()
    assert target.scrub("anything") == "anything"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/a",
        "http://gw.example/a",
        "https://gw.example:444/a",
        "https://gw.example.evil/a",
        "https://evil@other.example/a",
    ],
)
def test_another_origin_gets_no_credentials(url: str) -> None:
    target = Address.parse("x", "https://me:pass@gw.example?token=s3cret").target(url)
    assert target.authorization is None
    assert target.sent == "/a"


def test_a_whole_url_of_the_same_origin_gets_them() -> None:
    target = Address.parse("x", "https://me:pass@gw.example/api").target("https://gw.example:443/a")
    assert target.authorization == "Basic bWU6cGFzcw=="
    assert target.path == "https://gw.example:443/a"


printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=3, max_size=20)


def parsed(text: str) -> Address | ProviderError:
    try:
        return Address.parse("x", text)
    except ProviderError as error:
        return error


@given(st.text(max_size=60) | printable.map("http://a:{}@host".format))
def test_any_text_is_an_address_or_one_sentence(text: str) -> None:
    address = parsed(text)
    if isinstance(address, Address):
        assert address.target("/y").sent.startswith("/")
    else:
        assert "X_BASE_URL must be a whole URL" in str(address)
        rendered = "".join(traceback.format_exception(address, chain=True))
        assert len(text) < 8 or text not in rendered


@given(printable, printable)
def test_a_password_and_a_token_are_never_in_what_is_shown(password: str, token: str) -> None:
    secret, query = (f"Q{part}Q" for part in (password, token))
    address = parsed(f"http://user:{secret}@host/root?key={query}")
    if isinstance(address, ProviderError):
        assert secret not in "".join(traceback.format_exception(address))
        return
    target = address.target("/x?y=1")
    shown = f"{target.url} {target.shown} {target.path} {target!r} {address!r}"
    assert secret not in shown
    assert query.partition("#")[0] not in shown
    assert secret not in target.scrub(f"echo {secret}!")


@pytest.mark.parametrize("password", ["12/x", "a/b", "12#x", "#", "a?b"])
def test_a_password_that_is_not_percent_encoded_is_an_unusable_address(password: str) -> None:
    assert isinstance(parsed(f"http://user:{password}@host/root"), ProviderError)


def test_a_path_keeps_the_escapes_it_has() -> None:
    target = Address.parse("x", "http://host").target("/a%20b/ü/c d")
    assert target.sent == "/a%20b/%C3%BC/c%20d"
