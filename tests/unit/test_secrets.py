"""What is called like a secret, and what is left of texts and URLs that hold one."""

import json
from collections.abc import Callable

import pytest

from dagbuild.ground.secrets import (
    HIDDEN,
    GivenSecrets,
    clean,
    find_texts,
    holds_secret,
    mask_url,
    names_secret,
    redact,
)


@pytest.mark.parametrize(
    "name",
    ["API_TOKEN", "token", "db_password", "dbPassword", "PASSWD", "client_secret", "awsSecretAccessKey", "SENTRY_DSN",
     "private_key", "API_KEY", "apiKeys", "storage_connection_string", "blob_sas", "credentials", "SSH_KEY", "DB_PWD", "db_pass",
     "passwords", "password1", "SECRETS2", "accesstoken", "clientsecret", "ACCESSKEY", "myapikey", "DB_PASS2", "API_KEY_2"],
)  # fmt: skip
def test_secrets_by_name(name: str) -> None:
    """In the spellings of environments, of Python and of JSON."""
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    ["REGION", "tokenizer", "MAX_TOKENS", "sort_key", "primary_key", "keys", "KEY", "passengers", "compass", "secretary", "PWD", "OLDPWD", "first_pass_at", ""],
)  # fmt: skip
def test_what_only_sounds_like_one(name: str) -> None:
    """Data people have keys and tokens that anybody may see."""
    assert not names_secret(name)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://bucket/team", "s3://bucket/team"),
        ("s3://KEY:SECRET@bucket/team", f"s3://{HIDDEN}@bucket/team"),
        ("sftp://TOKEN@host:22/x", f"sftp://{HIDDEN}@host:22/x"),
        ("https://host/x.csv?token=abc&a=1#f", f"https://host/x.csv?{HIDDEN}"),
        ("https://hooks.example.com/services/T0/xoxb12345678901234567890/send",
         f"https://hooks.example.com/services/T0/{HIDDEN}/send"),
        ("https://host/reports/2026/forecast.csv", "https://host/reports/2026/forecast.csv"),
        ("http://[::1", f"http://{HIDDEN}"),
        ("http://host:99999999/x", f"http://{HIDDEN}"),
        ("/data/x.csv?token=abc", "/data/x.csv?token=abc"),
    ],
)  # fmt: skip
def test_urls_without_what_opens_doors(url: str, told: str) -> None:
    """Enough is left to know which one it is."""
    assert mask_url(url) == told


@pytest.mark.parametrize("url", ["https://u:p@host/x?y=1", "http://host/x?a=1"])
def test_json_stays_json(url: str) -> None:
    """Whatever stands around a URL in a line."""
    for value in (url, f'at "{url}", they say', f"'{url}'", [url, {url: url}]):
        told = clean(json.dumps(value))

        assert url not in told
        assert type(json.loads(told)) is type(value)


def test_values_give_way_to_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longer first, since one may be a part of another; what is short stands in many words."""
    monkeypatch.setenv("A_TOKEN", "abcdef")
    monkeypatch.setenv("B_TOKEN", "abcdefghij")
    monkeypatch.setenv("C_TOKEN", "abc")
    monkeypatch.setenv("REGION", "abcxyz")

    assert (
        redact("say abcdefghij and abcdef and abc and abcxyz")
        == "say $B_TOKEN and $A_TOKEN and abc and abcxyz"
    )


def test_settings_at_any_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name, by a name inside, or by what a secret variable holds."""
    monkeypatch.setenv("A_TOKEN", "abcdef")

    assert holds_secret("api_token", 5)
    assert holds_secret("service", [{"name": "x", "password": 1}])
    assert holds_secret("url", "https://abcdef@host")
    assert not holds_secret("service", {"name": "x", "rate": 1})


@pytest.mark.parametrize("value", ["abc\\def", "abc'd\"ef", "sk-'q\\x\"é", "line\nline"])
@pytest.mark.parametrize(
    "write", [str, repr, ascii, json.dumps, lambda value: repr({"a": [value]}), lambda v: repr(KeyError(v))]
)
def test_values_give_way_however_they_are_written(
    monkeypatch: pytest.MonkeyPatch, value: str, write: Callable[[str], str]
) -> None:
    """A message often has the `repr` of what it tells of."""
    monkeypatch.setenv("A_TOKEN", value)

    told = redact(f"say {write(value)}")

    assert "$A_TOKEN" in told
    assert len(told) < len("say KeyError('$A_TOKEN')") + 4


def test_what_is_given_is_known_while_somebody_holds_it() -> None:
    """At any depth below the name of a secret; a server is given another one with each request."""
    given = {
        "db_password": "zq-one-of-these",
        "conf": {"tokens": 1, "api_key": ["zq-two-of-these"], "user": "ada-lovelace"},
    }
    held = GivenSecrets(find_texts(given))

    shown = clean("zq-one-of-these zq-two-of-these ada-lovelace")
    del held

    assert shown == "$db_password $api_key ada-lovelace"
    assert clean("zq-one-of-these") == "zq-one-of-these"
