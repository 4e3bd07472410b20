from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.instance.address import announced, dagster_url
from dp_pipeline.providers.registry import PROVIDERS
from dp_pipeline.settings import Settings, SettingsError

PROJECT = Path(__file__).resolve().parent.parent


def test_nothing_is_needed() -> None:
    settings = Settings.load({})
    assert settings.home == PROJECT / ".dp"
    assert settings.database_url is None
    assert settings.dagster_postgres_url is None
    assert dict(settings.base_urls) == {}
    assert settings.slack_webhook is None
    assert settings.s3 is None
    assert settings.public_objects_url is None
    assert settings.timezone.key == "UTC"
    assert settings.secrets() == ()


def test_links_lead_to_the_dagster_that_runs_or_the_one_that_is_named(tmp_path: Path) -> None:
    home = {"DP_HOME": str(tmp_path / "home")}
    assert dagster_url(Settings.load(home)) == "http://localhost:3000"
    with announced(tmp_path / "home", "http://localhost:4321"):
        assert dagster_url(Settings.load(home)) == "http://localhost:4321"
        named = {**home, "DAGSTER_BASE_URL": "https://dagster.example/"}
        assert dagster_url(Settings.load(named)) == "https://dagster.example"
    assert dagster_url(Settings.load(home)) == "http://localhost:3000"


@pytest.mark.parametrize("name", ["100%", "wh?t", "a%41"])
def test_a_home_that_sqlite_cannot_open_is_refused_unless_dagster_has_a_postgres(name: str) -> None:
    home = {"DP_HOME": f"/srv/{name}"}
    with pytest.raises(SettingsError, match="set DP_HOME to another directory"):
        Settings.load(home)
    postgres = {"DAGSTER_POSTGRES_URL": "postgresql://somebody@db/dagster"}
    assert Settings.load({**home, **postgres}).home == Path(f"/srv/{name}")


@pytest.mark.parametrize("path", ["/srv/" + "x" * 300, "/srv/" + "x/" * 3_000])
def test_a_home_whose_name_is_too_long_is_refused_in_a_sentence(path: str) -> None:
    with pytest.raises(SettingsError, match="DP_HOME cannot be used: File name too long"):
        Settings.load({"DP_HOME": path})


def test_the_environment_is_read_when_asked_not_when_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path / "state"))
    assert Settings.load().home == tmp_path / "state"


def test_a_blank_variable_is_an_unset_one() -> None:
    blank = dict.fromkeys(
        ("DP_HOME", "DP_DATABASE_URL", "AWS_S3_BUCKET", "SLACK_JOB_EXECUTIONS_WEBHOOK"), "  "
    )
    assert Settings.load(blank) == Settings.load({})


def test_home_is_absolute_whatever_was_given() -> None:
    assert Settings.load({"DP_HOME": "some where"}).home == Path.cwd() / "some where"
    assert Settings.load({"DP_HOME": "~/state"}).home == Path.home() / "state"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "POSTGRES"])
def test_every_spelling_of_a_postgres_url_is_taken(scheme: str) -> None:
    settings = Settings.load({"DP_DATABASE_URL": f"{scheme}://me:pw%40x@db.example:6543/data?a=b"})
    assert settings.database_url is not None
    assert (
        settings.database_url.get_secret_value()
        == "postgresql://me:pw%40x@db.example:6543/data?a=b"
    )


def test_a_postgres_url_may_name_a_socket_directory() -> None:
    settings = Settings.load({"DP_DATABASE_URL": "postgresql://me@/data?host=/run/postgresql"})
    assert settings.database_url is not None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DP_DATABASE_URL", "mysql://u:hunter22@h/d", "must be a Postgres URL"),
        ("DP_DATABASE_URL", "hunter22", "must be a Postgres URL"),
        ("DP_DATABASE_URL", "postgresql://u:hunter22@h:x/d", "not a well-formed URL"),
        ("DP_DATABASE_URL", "postgresql://u:hunter22/x@h/d", "not a well-formed URL"),
        ("DP_DATABASE_URL", "postgresql://u:hunter22@h", "names no database"),
        ("DAGSTER_POSTGRES_URL", "hunter22", "must be a Postgres URL"),
        ("OPENLIGADB_BASE_URL", "ftp://hunter22", "must be an http:// or https:// URL"),
        ("OPENFOOTBALL_BASE_URL", "http://hunter22?x=1", "must be a root"),
        ("SOFASCORE_BASE_URL", "https://[hunter22", "must be an http:// or https:// URL"),
        ("DP_MESSAGES", "failure,hunter22", "must be one or more of failure, partial, news,"),
        ("DP_MESSAGES", " , ", "must be one or more of failure, partial, news,"),
        ("SLACK_JOB_EXECUTIONS_WEBHOOK", "hunter22", "must be an http:// or https:// URL"),
        ("SLACK_BOT_TOKEN", "hunter22", "must be the Bot User OAuth Token"),
        ("SLACK_CHANNEL", "#hunter22 #b", "must be the ID of one channel"),
        ("SLACK_API_URL", "hunter22", "must be an http:// or https:// URL"),
        ("AWS_CLOUDFRONT_URL", "s3://hunter22", "must be a host name or an http(s) URL"),
        ("DAGSTER_BASE_URL", "hunter22:3000", "must be an http:// or https:// URL"),
        ("DP_LOG", "hunter22", "must be brief or debug"),
        ("DP_TIMEZONE", "Europe/hunter22", "must be a time zone of the IANA database"),
        ("DP_TIMEZONE", "../hunter22", "must be a time zone of the IANA database"),
        ("DP_HOME", "/tmp/\x00hunter22", "control character"),  # noqa: S108 - never opened
    ],
)
def test_a_bad_value_is_one_sentence_that_does_not_repeat_it(
    name: str, value: str, says: str
) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings.load({name: value})
    assert list(caught.value.problems) == [name]
    text = str(caught.value)
    assert text.startswith(name)
    assert says in text
    assert "hunter22" not in text


def test_every_bad_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(
            {
                "DP_DATABASE_URL": "nonsense",
                "DAGSTER_BASE_URL": "nonsense",
                "AWS_S3_BUCKET": "bucket",
                "AWS_ACCESS_KEY_ID": "id",
            }
        )
    assert set(caught.value.problems) == {
        "DP_DATABASE_URL",
        "DAGSTER_BASE_URL",
        "AWS_SECRET_ACCESS_KEY",
    }


def test_home_may_not_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="must be a directory"):
        Settings.load({"DP_HOME": str(tmp_path / "file")})


@pytest.mark.parametrize(
    ("ours", "dagsters"),
    [
        ("postgresql://a:b@localhost/one", "postgres://c:d@127.0.0.1:5432/one"),
        ("postgresql://a@DB.example:6000/one", "postgresql+psycopg2://a@db.example:6000/one"),
        ("postgresql://a@/one?host=/run/pg", "postgresql://a@/one?host=/run/pg&port=5432"),
    ],
)
def test_dagster_may_not_have_our_database(ours: str, dagsters: str) -> None:
    with pytest.raises(SettingsError, match="database of its own"):
        Settings.load({"DP_DATABASE_URL": ours, "DAGSTER_POSTGRES_URL": dagsters})


def test_dagster_may_have_another_database_of_the_same_server() -> None:
    settings = Settings.load(
        {
            "DP_DATABASE_URL": "postgresql://a@localhost/one",
            "DAGSTER_POSTGRES_URL": "postgresql://a@localhost/two",
        }
    )
    assert settings.dagster_postgres_url is not None


def test_base_urls_hold_only_what_is_set() -> None:
    settings = Settings.load({"OPENLIGADB_BASE_URL": "http://127.0.0.1:81/root/"})
    assert dict(settings.base_urls) == {"openligadb": "http://127.0.0.1:81/root"}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("OPENLIGADDB", "OPENLIGADB"),
        ("OPENLIGA_DB", "OPENLIGADB"),
        ("OPENFOOTBAL", "OPENFOOTBALL"),
        ("SOFA_SCORE", "SOFASCORE"),
        ("SANBOX", "SANDBOX"),
        ("OPENFOOTBALL_WORLCUP", "OPENFOOTBALL_WORLDCUP"),
        ("OPENFOOTBALL_COPAAMERICA", "OPENFOOTBALL_COPA_AMERICA"),
    ],
)
def test_a_slip_in_the_name_of_a_provider_is_refused_with_the_name_that_was_meant(
    name: str, meant: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load({f"{name}_BASE_URL": "http://127.0.0.1:81"})
    assert str(caught.value) == (
        f"{name}_BASE_URL names no provider; did you mean {meant}_BASE_URL?"
    )


def test_a_repository_has_a_base_url_of_its_own() -> None:
    settings = Settings.load({"OPENFOOTBALL_COPA_AMERICA_BASE_URL": "http://127.0.0.1:81/copa/"})
    assert dict(settings.base_urls) == {"openfootball_copa_america": "http://127.0.0.1:81/copa"}
    with pytest.raises(SettingsError, match=r"OPENFOOTBALL_EURO_BASE_URL must be an http"):
        Settings.load({"OPENFOOTBALL_EURO_BASE_URL": "nonsense"})


@pytest.mark.parametrize(
    "name", ["KICKER", "OPENAI", "LLM", "FOOTBALL_DATA", "BOX", "OPENFOOTBALL_AFRICAN_NATIONS"]
)
def test_a_base_url_of_nobody_we_know_is_named_and_ignored(name: str) -> None:
    settings = Settings.load({f"{name}_BASE_URL": "\x00 no URL", "DAGSTER_BASE_URL": "http://d:1"})
    assert settings.base_urls == {}
    (notice,) = settings.notices
    ours = ", ".join(provider.base_url_setting for provider in PROVIDERS)
    assert notice == (
        f"{name}_BASE_URL is set and ignored: there is no provider of that name. Those of "
        f"providers are {ours}."
    )


def test_a_blank_base_url_is_not_set() -> None:
    assert Settings.load({"KICKER_BASE_URL": " ", "OPENLIGADDB_BASE_URL": ""}).notices == ()


def test_a_bucket_turns_s3_on_and_its_variables_alone_do_not() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_ENDPOINT_URL": "nonsense"}
    assert Settings.load(keys).s3 is None
    s3 = Settings.load({"AWS_S3_BUCKET": "bucket"}).s3
    assert s3 is not None
    assert s3.access_key is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AWS_S3_BUCKET", "s3://hunter22", "must be the name of a bucket"),
        ("AWS_S3_BUCKET", "bucket/hunter22", "must be the name of a bucket"),
        ("AWS_S3_BUCKET", "bucket hunter22", "must be the name of a bucket"),
        ("AWS_REGION", "eu west hunter22", "must be the name of a region"),
        ("AWS_ENDPOINT_URL", "hunter22", "must be an http:// or https:// URL"),
        ("AWS_ENDPOINT_URL", "http://h:hunter22", "must be an http:// or https:// URL"),
        ("AWS_S3_SERVER_SIDE_ENCRYPTION", "hunter22", "must be one of AES256, aws:kms,"),
    ],
)
def test_a_bucket_that_cannot_be_is_one_sentence(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load({"AWS_S3_BUCKET": "bucket", name: value})
    assert list(caught.value.problems) == [name]
    assert says in str(caught.value)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("encryption", "key", "asked"),
    [
        ("", "", (None, None)),
        ("aes256", "", ("AES256", None)),
        ("aws:kms", "", ("aws:kms", None)),
        ("", "alias/key", ("aws:kms", "alias/key")),
        ("aws:kms:dsse", "alias/key", ("aws:kms:dsse", "alias/key")),
    ],
)
def test_encryption_is_asked_for_as_it_is_set(
    encryption: str, key: str, asked: tuple[str | None, str | None]
) -> None:
    s3 = Settings.load(
        {
            "AWS_S3_BUCKET": "arn:aws:s3:eu-west-1:1:accesspoint/a",
            "AWS_S3_SERVER_SIDE_ENCRYPTION": encryption,
            "AWS_S3_SSE_KMS_KEY_ID": key,
        }
    ).s3
    assert s3 is not None
    assert (s3.encryption, s3.kms_key_id) == asked


def test_a_key_of_kms_is_none_for_another_encryption() -> None:
    with pytest.raises(SettingsError, match="must be aws:kms or not set"):
        Settings.load(
            {
                "AWS_S3_BUCKET": "bucket",
                "AWS_S3_SERVER_SIDE_ENCRYPTION": "AES256",
                "AWS_S3_SSE_KMS_KEY_ID": "alias/key",
            }
        )


@pytest.mark.parametrize("given_url", ["cdn.example.org", "https://cdn.example.org/"])
def test_the_public_base_of_objects_is_a_host_or_a_url(given_url: str) -> None:
    settings = Settings.load({"AWS_CLOUDFRONT_URL": given_url})
    assert settings.public_objects_url == "https://cdn.example.org"


def full() -> Settings:
    return Settings.load(
        {
            "DP_DATABASE_URL": "postgresql://me:first%2Fsecret@db/one",
            "DAGSTER_POSTGRES_URL": "postgresql://postgres:postgres@db/two",
            "OPENLIGADB_BASE_URL": "https://gate:gatekey@openliga.example",
            "SLACK_JOB_EXECUTIONS_WEBHOOK": "https://hooks.example/services/T/B/slackkey",
            "SLACK_BOT_TOKEN": "xoxb-1-botkeybotkey",
            "SLACK_CHANNEL": "#football",
            "DP_HEARTBEAT_URL": "https://monitor.example/ping/heartbeatkey",
            "AWS_S3_BUCKET": "bucket",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "awskey",
            "AWS_ENDPOINT_URL": "https://me:storekey@store.example",
        }
    )


@pytest.mark.parametrize(
    "secret",
    ["first/secret", "first%2Fsecret", "gatekey", "awskey", "storekey", "xoxb-1-botkeybotkey"],
)
def test_a_secret_is_concealed_wherever_it_stands(secret: str) -> None:
    assert full().conceal(f"tried ({secret}) and {secret}!") == "tried (***) and ***!"


def test_an_address_that_is_a_secret_is_concealed() -> None:
    for url in ("hooks.example/services/T/B/slackkey", "monitor.example/ping/heartbeatkey"):
        assert full().conceal(f"POST https://{url}: 404") == "POST ***: 404"


def test_settings_can_be_printed() -> None:
    shown = repr(full())
    for secret in (*full().secrets(), "slackkey", "heartbeatkey"):
        assert secret not in shown


def test_user_info_of_unknown_urls_is_concealed_too() -> None:
    assert (
        Settings.load({}).conceal("at redis://me:p@ss@host:1/x and http://host:80/a@b")
        == "at redis://***@host:1/x and http://host:80/a@b"
    )


def test_a_password_equal_to_its_user_name_hides_no_words() -> None:
    assert full().conceal("postgresql is down") == "postgresql is down"


@given(st.text())
def test_conceal_takes_any_text_and_is_done_after_one_pass(text: str) -> None:
    settings = full()
    once = settings.conceal(text)
    assert settings.conceal(once) == once


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "DP_HOME",
                "DP_DATABASE_URL",
                "DAGSTER_POSTGRES_URL",
                "OPENLIGADB_BASE_URL",
                "SLACK_JOB_EXECUTIONS_WEBHOOK",
                "SLACK_BOT_TOKEN",
                "SLACK_CHANNEL",
                "AWS_S3_BUCKET",
                "AWS_CLOUDFRONT_URL",
                "DAGSTER_BASE_URL",
            ]
        ),
        st.text()
        | st.from_regex(r"(postgres|https?)://[^ ]*", fullmatch=True)
        | st.from_regex(r"postgresql://\w+:\w+@\w+:\d*/\w+(\?port=\w+)?", fullmatch=True),
    )
)
def test_any_environment_is_read_or_refused_in_words(environ: dict[str, str]) -> None:
    try:
        settings = Settings.load(environ)
    except SettingsError as error:
        assert set(error.problems) <= set(environ)  # noqa: PT017 - either ending is right
    else:
        assert settings.home.is_absolute()
        settings.conceal("nothing")


def test_all_messages_are_posted_unless_some_are_chosen() -> None:
    assert Settings.load({}).messages == {"failure", "partial", "news", "success", "digest"}
    assert Settings.load({"DP_MESSAGES": "Failure, digest"}).messages == {"failure", "digest"}


def test_the_embedded_server_can_be_refused() -> None:
    url = {"DP_DATABASE_URL": "postgresql://a@db/one"}
    assert Settings.load({"DP_EMBEDDED": "on"}).embedded
    assert not Settings.load({**url, "DP_EMBEDDED": "OFF"}).embedded
    with pytest.raises(
        SettingsError, match="DP_EMBEDDED=off refuses the embedded server"
    ) as caught:
        Settings.load({"DP_EMBEDDED": "off"})
    assert list(caught.value.problems) == ["DP_DATABASE_URL"]
    with pytest.raises(SettingsError, match=r"^DP_EMBEDDED must be on or off\.$"):
        Settings.load({"DP_EMBEDDED": "no"})


def test_a_variable_in_small_letters_is_none_of_ours() -> None:
    assert Settings.load({"home": "/srv/x", "database_url": "y"}) == Settings.load({})
