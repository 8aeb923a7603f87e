"""howdah_pgvector: vectors, half vectors and sparse vectors."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest

import howdah
from howdah_pgvector import HalfVector, SparseVector, Vector, load_lists

np = pytest.importorskip("numpy")

EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector"


@pytest.fixture(scope="module")
def pgvector(howdah_dsn):
    """The conninfo of a server that has the extension."""
    with howdah.connect(howdah_dsn, autocommit=True) as conn:
        if not conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone():
            pytest.skip("pgvector is not installed on this server")
        conn.execute(EXTENSION)
    return howdah_dsn


@pytest.fixture
def vectors(pgvector):
    with closing(howdah.Driver().connect(pgvector)) as conn:
        yield conn


@pytest.fixture
def lists(pgvector):
    """A driver that loads vectors as lists."""
    driver = howdah.Driver()
    load_lists(driver)
    return driver


def same(got, expected):
    return type(got) is type(expected) and got.dtype == expected.dtype and np.array_equal(got, expected)


def test_arrays(pgvector, check_adapter):
    literals = {"'[1,2.5,-3e-8]'": np.array([1, 2.5, -3e-8], "f4"), "'[0.1]'": np.array([0.1], "f4")}
    check_adapter("vector", sql_literals=literals, equal=same, setup=EXTENSION)
    literals = {"'[1,2.5,-65504]'": np.array([1, 2.5, -65504], "f2"), "'[0.1]'": np.array([0.1], "f2")}
    check_adapter("halfvec", sql_literals=literals, equal=same, setup=EXTENSION)


@pytest.mark.parametrize(("type_name", "wrapper"), [("vector", Vector), ("halfvec", HalfVector)])
def test_lists(pgvector, check_adapter, lists, type_name, wrapper):
    literals = {"'[1,2.5,-0.125]'": wrapper([1, 2.5, -0.125]), "'[3,0]'": wrapper((3, 0))}
    check_adapter(
        type_name,
        [wrapper(np.array([1.5, 2])), wrapper(np.array([True]))],
        sql_literals=literals,
        returns=lambda value: list(map(float, value.values)),
        driver=lists,
        setup=EXTENSION,
    )


def test_sparse(pgvector, check_adapter):
    literals = {
        "'{1:1.5,3:-2}/5'": SparseVector({0: 1.5, 2: -2}, 5),
        "'{}/3'": SparseVector({}, 3),
        "'{1000000:1}/1000000000'": SparseVector({999_999: 1}, 1_000_000_000),
    }
    check_adapter("sparsevec", sql_literals=literals, setup=EXTENSION)


@pytest.mark.parametrize("placeholder", ["%t", "%b"])
@pytest.mark.parametrize("binary", [False, True])
def test_precision(vectors, lists, pgvector, placeholder, binary):
    (got,) = vectors.execute(f"SELECT {placeholder}", [Vector([0.1, 1e-40])], binary=binary).fetchone()
    assert same(got, np.array([0.1, 1e-40], "f4"))
    with lists.connect(pgvector) as conn:
        row = conn.execute(f"SELECT {placeholder}", [Vector([0.1])], binary=binary).fetchone()
        assert row == ([float(np.float32(0.1))],)
    (got,) = vectors.execute(f"SELECT {placeholder}", [SparseVector({1: 0.1}, 2)], binary=binary).fetchone()
    assert got == SparseVector({1: np.float32(0.1)}, 2)


def test_nearest(vectors):
    vectors.execute(
        "CREATE TEMP TABLE items (id int, embedding vector(3), half halfvec(3), sparse sparsevec(3))"
    )
    rows = [
        (1, np.array([1, 1, 1], "f4"), np.array([1, 1, 1], "f2"), SparseVector({0: 1}, 3)),
        (2, np.array([2.0, 2.0, 2.0]), HalfVector([2, 2, 2]), SparseVector.of([0, 2, 0])),
        (3, [1.0, 1.0, 2.0], Vector([1, 1, 2]), None),
    ]
    vectors.cursor().executemany("INSERT INTO items VALUES (%s, %s, %s, %s)", rows)
    query = "SELECT id FROM items ORDER BY embedding <-> %s LIMIT 2"
    for probe in (np.array([1, 1, 1.9], "f4"), Vector([1, 1, 1.9]), Vector(np.array([1, 1, 1.9]))):
        for _ in range(7):  # it is prepared meanwhile
            assert vectors.execute(query, [probe]).fetchall() == [(3,), (1,)]
    query = "SELECT id FROM items ORDER BY half <#> %s LIMIT 1"
    assert vectors.execute(query, [np.array([1, 0, 0], "f2")]).fetchone() == (2,)
    query = "SELECT id FROM items ORDER BY sparse <=> %s LIMIT 1"
    assert vectors.execute(query, [SparseVector({1: 5.0}, 3)]).fetchone() == (2,)


def test_what_is_no_vector_is_an_array(vectors):
    query = "SELECT pg_typeof(%s)::text"
    for array, type_name in (
        (np.array([1, 2], "f4"), "vector"),
        (np.array([1, 2], "f2"), "halfvec"),
        (np.array([1.0]), "double precision[]"),
        (np.array([[1.0]], "f4"), "real[]"),
        (np.array([], "f4"), "real[]"),
        (np.array([1]), "bigint[]"),
    ):
        assert vectors.execute(query, [array]).fetchone() == (type_name,)


def test_without_the_extension(pgvector):
    driver = howdah.Driver()
    with driver.connect(pgvector, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS howdah_without_vector")
        conn.execute("CREATE DATABASE howdah_without_vector")
    with driver.connect(pgvector, dbname="howdah_without_vector", autocommit=True) as conn:
        for _ in range(2):
            query = "SELECT pg_typeof(%s)::text, %s"
            array = np.array([1, 2], "f4")
            assert conn.execute(query, [array, array]).fetchone() == ("real[]", [1.0, 2.0])
        conn.execute("CREATE EXTENSION vector")
        assert same(conn.execute("SELECT %s::vector", [Vector([1, 2])]).fetchone()[0], np.array([1, 2], "f4"))
        assert conn.execute("SELECT pg_typeof(%s)::text", [array]).fetchone() == ("vector",)
    with driver.connect(pgvector, autocommit=True) as conn:
        conn.execute("DROP DATABASE howdah_without_vector")


def test_without_howdah_numpy(pgvector):
    driver = howdah.Driver(disable=["numpy"])
    with driver.connect(pgvector) as conn:
        array = np.array([1, 2], "f4")
        assert same(conn.execute("SELECT %s", [array]).fetchone()[0], array)
        with pytest.raises(howdah.ProgrammingError, match=r"dtype int64.*wrap it in howdah_pgvector\.Vector"):
            conn.execute("SELECT %s", [np.array([1])])
        assert same(conn.execute("SELECT %s", [Vector(np.array([1]))]).fetchone()[0], np.array([1], "f4"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Vector(["a"]), "a value of type 'list' is no vector"),
        (Vector([1e40]), "is no vector"),
        (HalfVector([1e6]), "is no halfvec"),
        (Vector([[1]]), "is no vector"),
        (Vector(np.array([[1.0]])), "numpy array of 2 dimensions and dtype float64 is no vector"),
        (Vector(np.array(["a"])), "dtype <U1 is no vector"),
        (Vector([0] * 16001), "16000 dimensions at most, not 16001"),
        (Vector([]), "vector must have at least 1 dimension"),
        (Vector([float("nan")]), "NaN not allowed in vector"),
    ],
)
def test_no_vectors(vectors, value, message):
    with pytest.raises(howdah.DataError, match=message):
        vectors.execute("SELECT %s", [value])


def test_sparse_vector():
    vector = SparseVector({4: 1, 0: 2.5, 3: 0}, 6)
    assert (vector.indices, vector.values, vector.dimensions) == ((0, 4), (2.5, 1.0), 6)
    assert vector.tolist() == [2.5, 0, 0, 0, 1, 0]
    assert SparseVector.of(vector.tolist()) == vector
    assert same(np.asarray(vector), np.array([2.5, 0, 0, 0, 1, 0], "f4"))
    assert eval(repr(vector)) == vector
    assert len({vector, SparseVector({4: 1, 0: 2.5}, 6), SparseVector({4: 1}, 6)}) == 2
    with pytest.raises(ValueError, match="indices 0 to 5"):
        SparseVector({6: 1}, 6)


def test_copy(pgvector):
    # With the first use of the type in the life of a driver.
    with howdah.Driver().connect(pgvector) as conn:
        conn.execute("CREATE TEMP TABLE items (id int4, embedding vector)")
        embeddings = np.random.default_rng(1).random((100, 16), "f4")
        with conn.cursor().copy("COPY items FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "vector"])
            for row in enumerate(embeddings):
                copy.write_row(row)
        rows = conn.execute("SELECT embedding FROM items ORDER BY id").fetchall()
        assert np.array_equal(np.array([row[0] for row in rows]), embeddings)


@pytest.mark.anyio
async def test_async(pgvector):
    array = np.array([1, 2], "f4")
    async with await howdah.Driver().AsyncConnection.connect(pgvector) as conn:
        cur = await conn.execute("SELECT %s, %s::vector <-> %s", [array, array, array])
        got, distance = await cur.fetchone()
    assert same(got, array)
    assert distance == 0


def test_numpy_comes_with_the_first_vector(pgvector):
    code = """
import sys
import howdah
with howdah.connect(sys.argv[1]) as conn:
    conn.execute("SELECT 1, %s", [[1.0]]).fetchone()
    assert "howdah_pgvector" in sys.modules
    print("numpy" in sys.modules)
    conn.execute("SELECT '[1]'::vector").fetchone()
    print("numpy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code, pgvector], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_no_numpy(pgvector):
    code = """
import sys
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "numpy" else find_spec(name, package)
import howdah
from howdah_pgvector import Vector
with howdah.connect(sys.argv[1]) as conn:
    for binary in (False, True):
        print(conn.execute("SELECT %s, '[3,4]'::halfvec", [Vector([1, 2])], binary=binary).fetchone())
assert "numpy" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code, pgvector], capture_output=True, text=True, check=True)
    assert done.stdout == "([1.0, 2.0], [3.0, 4.0])\n" * 2
