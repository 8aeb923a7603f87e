"""Which calls and which strings are SQL."""

from __future__ import annotations

import ast
import re

from howdah_check.lexing import first_words, tokens

__all__ = [
    "COMMANDS",
    "CONVERTED",
    "EXECUTE",
    "OTHERS",
    "QUERY_KEYWORDS",
    "TEXTUAL",
    "begins_with_sql",
    "is_called_on_connection",
    "is_statement",
    "looks_like_sql",
]

#: The words that statements begin with.
COMMANDS = frozenset(
    {
        *("ABORT", "ALTER", "ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT"),
        *("COMMIT", "COPY", "CREATE", "DEALLOCATE", "DECLARE", "DELETE", "DISCARD", "DO", "DROP"),
        *("END", "EXECUTE", "EXPLAIN", "FETCH", "GRANT", "IMPORT", "INSERT", "LISTEN", "LOAD", "LOCK"),
        *("MERGE", "MOVE", "NOTIFY", "PREPARE", "REASSIGN", "REFRESH", "REINDEX", "RELEASE", "RESET"),
        *("REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "SET", "SHOW", "START", "TABLE"),
        *("TRUNCATE", "UNLISTEN", "UPDATE", "VACUUM", "VALUES", "WITH"),
    }
)
#: The methods whose first argument is a query, whatever it looks like.
EXECUTE = frozenset({"execute", "executemany", "mogrify", "execute_arrow", "stream_arrow"})
#: Those whose first argument is one if it looks like one: other objects have methods of these names.
OTHERS = frozenset(
    {
        *("fetch", "fetchrow", "fetchval", "fetchmany", "fetchone", "fetchall", "fetch_all", "fetch_one"),
        *("fetch_val", "prepare", "stream", "copy", "raw", "cursor", "copy_from_query", "query"),
    }
)
#: Those that convert placeholders without any parameters; so does what a project's own functions wrap.
CONVERTED = frozenset({"prepare"})
#: What makes the text of a query, and runs none.
TEXTUAL = frozenset({"SQL", "text", "dedent", "cleandoc"})
#: What the argument with the query is called.
QUERY_KEYWORDS = ("query", "statement", "sql", "operation")
#: What connections and cursors are called.
_HOLDER = re.compile(r"_?(\w*conn|\w*connection|\w*cur|\w*cursor|\w*pool|db|database|tx|transaction|session)")
#: What a whole statement looks like, by its first words.
_STATEMENT = re.compile(
    r"(?:SELECT|INSERT INTO|UPDATE \S+ SET|UPDATE ONLY|UPDATE \S+ \.|DELETE FROM|WITH RECURSIVE|WITH \w+ AS|"
    r"MERGE INTO|VALUES \(|COPY (?:\(|\S+ (?:\. \S+ )?(?:FROM|TO|\())|TABLE \w+$)(?!\w)"
)


def is_statement(text: str) -> bool:
    """Return whether a string of the program looks like a whole statement."""
    first = text.lstrip()[:1]
    if not (first.isalpha() or first in ("-", "/", "(")):
        return False
    words = [token.text for token in tokens(text) if token.kind not in ("space", "comment")]
    # "Select a file" is no SQL; "SELECT a, b" is a part of a statement.
    if not words or not (words[0].isupper() or words[0].islower()):
        return False
    if words[0].upper() == "SELECT" and not any(word.upper() == "FROM" for word in words):
        return False
    return _STATEMENT.match(" ".join(words[:5]).upper()) is not None


def looks_like_sql(text: str, name: str) -> bool:
    """Return whether a string looks like SQL, even if it has a mistake.

    Args:
        text: the string.
        name: the method that it is passed to.
    """
    words = first_words(text, 2).split(" ")
    if name == "copy":
        return words[0] == "COPY"
    # "SELCT name FROM elephant" is SQL, and so has to be reported; the key of a cache is not.
    return words[0] in COMMANDS or (len(words) == 2 and words[1].isidentifier() and len(text.split()) > 3)


def is_called_on_connection(node: ast.Call) -> bool:
    """Return whether the object whose method is called is named like a connection."""
    if not isinstance(node.func, ast.Attribute):
        return False
    match node.func.value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _HOLDER.fullmatch(name) is not None
    return False


def begins_with_sql(node: ast.expr) -> bool:
    """Return whether an expression begins with a literal that is the beginning of a statement."""
    while True:
        match node:
            case ast.BinOp(left=first) | ast.JoinedStr(values=[first, *_]):
                node = first
            case ast.Call(func=ast.Attribute(value=first)):
                node = first
            case ast.Constant(value=str(text)):
                return first_words(text, 1) in COMMANDS and " " in text
            case _:
                return False
