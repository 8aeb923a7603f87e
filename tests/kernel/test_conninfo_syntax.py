"""Both syntaxes of a conninfo, read and written."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.conninfo import PARAMETERS, Parameter, conninfo_to_dict, make_conninfo, parse
from howdah.errors import ProgrammingError

NAMES = sorted(parameter.name for parameter in PARAMETERS)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("conninfo", "expected"),
    [
        ("", {}),
        (" \t\n", {}),
        ("host=a port=1", {"host": "a", "port": "1"}),
        (" host = a  port =\t1 ", {"host": "a", "port": "1"}),
        ("host='a'port=3", {"host": "a", "port": "3"}),
        ("host='' user=u", {"host": "", "user": "u"}),
        (r"password='it\'s \\ \x'", {"password": r"it's \ x"}),
        (r"host=a\ b", {"host": "a b"}),
        ("host=a\\", {"host": "a"}),
        ("host=a\vport=1", {"host": "a", "port": "1"}),
        ("host=a\xa0b", {"host": "a\xa0b"}),
        ("user=a=b", {"user": "a=b"}),
        ("host=a host=b", {"host": "b"}),
        ("dbname=postgresql://x/y", {"dbname": "postgresql://x/y"}),
        ("sslmode=bogus", {"sslmode": "bogus"}),
    ],
)
def test_keyword_value_syntax(conninfo: str, expected: dict[str, str]) -> None:
    assert parse(conninfo) == expected


@pytest.mark.parametrize(
    ("conninfo", "expected"),
    [
        ("postgresql://", {}),
        ("postgres://h", {"host": "h"}),
        ("postgresql://h/", {"host": "h"}),
        ("postgresql:///d", {"dbname": "d"}),
        ("postgresql://h:5433/d", {"host": "h", "port": "5433", "dbname": "d"}),
        ("postgresql://u@h", {"user": "u", "host": "h"}),
        ("postgresql://u:p:q@h", {"user": "u", "password": "p:q", "host": "h"}),
        ("postgresql://u:@h", {"user": "u", "host": "h"}),
        ("postgresql://:p@h", {"password": "p", "host": "h"}),
        ("postgresql://u:p?q@h/d", {"user": "u", "password": "p?q", "host": "h", "dbname": "d"}),
        ("postgresql://u%3A:p%40%2F%25@h", {"user": "u:", "password": "p@/%", "host": "h"}),
        ("postgresql://a:1,b,c:3/", {"host": "a,b,c", "port": "1,,3"}),
        ("postgresql://[::1]:5/d", {"host": "::1", "port": "5", "dbname": "d"}),
        ("postgresql://[::1],b/d", {"host": "::1,b", "port": ",", "dbname": "d"}),
        ("postgresql://%2Frun%2Fpg:1/d", {"host": "/run/pg", "port": "1", "dbname": "d"}),
        ("postgresql://@@abstract/d", {"host": "@abstract", "dbname": "d"}),
        ("postgresql://h/d/e#f", {"host": "h", "dbname": "d/e#f"}),
        ("postgresql:// h /d", {"host": "h", "dbname": "d"}),
        ("postgresql://h/%C3%A9", {"host": "h", "dbname": "é"}),
        ("postgresql://a?host=b&port=1", {"host": "b", "port": "1"}),
        ("postgresql://h/d?options=-c%20geqo%3Doff&", {"host": "h", "dbname": "d", "options": "-c geqo=off"}),
        ("postgresql://h?ssl=true", {"host": "h", "sslmode": "require"}),
        ("postgresql://h?user=+a", {"host": "h", "user": "+a"}),
        ("postgresql://h?password=", {"host": "h", "password": ""}),
    ],
)
def test_uri_syntax(conninfo: str, expected: dict[str, str]) -> None:
    assert parse(conninfo) == expected


@pytest.mark.parametrize(
    ("conninfo", "message"),
    [
        ("mydb", 'missing "=" after "mydb" in the conninfo: write "dbname=mydb" for a database'),
        ("host a=b", 'missing "=" after "host" in the conninfo$'),
        ("a b=c", 'missing "=" after "a"'),
        ("=x", "character 1"),
        ("host='a", '"host".* no closing quote'),
        ("host='a\\'", '"host".* no closing quote'),
        ("hots=a", 'unknown connection parameter "hots"; did you mean "host"'),
        ("database=zoo", 'unknown connection parameter "database"; did you mean "dbname"'),
        ("mysql://u@h/d", 'cannot begin with "mysql://"'),
        ("POSTGRESQL://u@h/d", "in lower case"),
        ("embeded:", "expected name=value"),
        ("postgre://u:hush@h/d", 'cannot begin with "postgre://"; did you mean "postgres://"\\?'),
        ("postgres:/u:hush@h/d", 'cannot begin with "postgres:/"; did you mean "postgres://"\\?'),
        ("postgresql:u:hush@h/d?a=b", 'cannot begin with "postgresql:"; did you mean "postgresql://"\\?'),
        ("host:hush", "expected name=value"),
        (
            "keeper:hush@127.0.0.1/postgres",
            'at character 1 of the conninfo: a URI begins with "postgresql://"',
        ),
        (" u:hu=hush@h/d", 'at character 1 of the conninfo: a URI begins with "postgresql://"'),
        ("keeper@h/d?sslmode=require", 'a URI begins with "postgresql://"'),
        ("db:5432", 'a URI begins with "postgresql://"'),
        ("my-zoo", 'at character 1 of the conninfo: write "dbname=…"'),
        ("/var/run/postgresql", 'at character 1 of the conninfo: write "host=…"'),
        ("my-zoo=1", "at character 1 of the conninfo$"),
        ("hu-hush u@h", "at character 1 of the conninfo$"),
        ("host=a u@h/d", "at character 7 of the conninfo$"),
        ("postgresql://h?nothing=1", 'unknown connection parameter "nothing" in the query'),
        ("postgresql://h?sslmode", 'missing "=" after "sslmode"'),
        ("postgresql://h?&sslmode=a", 'missing "="'),
        ("postgresql://h?sslmode=a=b", 'second "=" in the value of "sslmode"'),
        ("postgresql://h?ssl=false", '"ssl"'),
        ("postgresql://[::1", 'no closing "]"'),
        ("postgresql://[]/d", "IPv6 address in the URI is empty"),
        ("postgresql://[::1]x/d", "after the IPv6 address"),
        ("postgresql://h/%zz", '"dbname" part.*hexadecimal'),
        ("postgresql://h/%4", '"dbname" part.*hexadecimal'),
        ("postgresql://h/%00", "%00"),
        ("postgresql://h/%ff", "not UTF-8"),
        ("postgresql://h/a b", 'space in the "dbname" part'),
        ("postgresql://h:port/d", "port in the URI is not a number"),
        ("postgresql://::1/d", "port in the URI is not a number"),
    ],
)
def test_wrong_syntax_names_the_piece(conninfo: str, message: str) -> None:
    with pytest.raises(ProgrammingError, match=message):
        parse(conninfo)


@pytest.mark.parametrize(
    "conninfo",
    [
        "host=h password=correct hOrse! user=u",
        "password=correct hOrse!=x",
        "password='correct hOrse!",
        "sslpassword=correct hOrse!",
        "postgresql://u:hOrse!@x@h/d",
        "postgresql://u:correct@hOrse!@h/d",
        "postgresql://u:hOrse!/x@h/d",
        "postgresql://u:hOrse!%/x@h/d",
        "postgresql://u:a%40hOrse!/x@h/d",
        "postgresql://u:hOrse!%zz@h/d",
        "postgresql://u:hOrse! x@h/d",
        "postgresql://u:hOrse!%ff@h/d",
        "postgresql://u:hOrse!%00@h/d",
        "postgresql://h?password=a&hOrse!",
        "postgresql://h?password=a&hOrse!=b",
        "postgresql://h?password=hOrse!=b",
        "mysql://u:hOrse!@h/d",
        "postgre://u:hOrse!@h/d",
        "postgres:/u:hOrse!@h/d",
        "postgres:hOrse!",
        "u:hOrse!@h/d",
        "u:hOrse!=x@h/d?sslmode=require",
        "hOrse!",
        "/hOrse!",
    ],
)
def test_no_error_shows_a_password(conninfo: str) -> None:
    with pytest.raises(ProgrammingError) as caught:
        parse(conninfo)
    assert "hOrse" not in repr(caught.value)
    assert caught.value.__context__ is None or "hOrse" not in repr(caught.value.__context__)


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS, min_size=1))
def test_what_is_made_is_read_back(values: dict[str, str]) -> None:
    assert conninfo_to_dict(make_conninfo(**values)) == values


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS))
def test_percent_encoding_is_read_back(values: dict[str, str]) -> None:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())
    assert parse(f"postgresql://?{query}") == values


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_the_parts_of_a_uri_are_read_back(user: str, password: str, host: str, dbname: str) -> None:
    parts = {"user": user, "password": password, "host": host, "dbname": dbname}
    user, password, host, dbname = (quote(part, safe="") for part in parts.values())
    assert parse(f"postgres://{user}:{password}@{host}/{dbname}") == {n: p for n, p in parts.items() if p}


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for conninfo in (text, f"postgresql://{text}", f"host='{text}"):
        try:
            parse(conninfo)
        except ProgrammingError:
            pass


def test_make_conninfo_quotes_what_must_be_quoted() -> None:
    assert (
        make_conninfo(host="h", user="o'neil", dbname="a b", options="")
        == r"host=h user=o\'neil dbname='a b' options=''"
    )


def test_make_conninfo_merges() -> None:
    assert (
        make_conninfo("postgresql://a/d", host="b", port=1, keepalives=False)
        == "host=b dbname=d port=1 keepalives=0"
    )
    assert make_conninfo("host=a", host=None, user="u") == "host=a user=u"
    assert make_conninfo(passfile=Path("/p")) == "passfile=/p"
    assert make_conninfo() == ""


def test_make_conninfo_leaves_a_string_alone() -> None:
    assert make_conninfo("postgresql://a/d?port=1") == "postgresql://a/d?port=1"
    with pytest.raises(ProgrammingError, match="missing"):
        make_conninfo("nonsense")


def test_make_conninfo_refuses_what_is_no_parameter() -> None:
    with pytest.raises(ProgrammingError, match='"hots"'):
        make_conninfo(hots="a")
    with pytest.raises(ProgrammingError, match=r'"host".*got bytes'):
        make_conninfo(host=b"a")
    with pytest.raises(ProgrammingError, match=r'"host".*NUL'):
        make_conninfo(host="a\0b")


def test_conninfo_to_dict_prefers_keyword_arguments() -> None:
    assert conninfo_to_dict("host=a port=1 user=u", host="b", port=2, user=None) == {
        "host": "b",
        "port": 2,
        "user": "u",
    }
    with pytest.raises(ProgrammingError, match='"hots"'):
        conninfo_to_dict("", hots="a")


def test_parameters_of_plugins_can_be_written_in_both_syntaxes() -> None:
    parameters = (*PARAMETERS, Parameter("trunk_length", int, 3))
    assert parse("trunk_length=4", parameters=parameters) == {"trunk_length": "4"}
    assert parse("postgresql://?trunk_length=4", parameters=parameters) == {"trunk_length": "4"}
    with pytest.raises(ProgrammingError, match='"trunk_length"'):
        parse("trunk_length=4")
