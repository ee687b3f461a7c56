"""Functions that become measures: what they must be, may return, and when they are the same."""

import pickle
import re
import subprocess
import sys
import types

import numpy as np
import pytest

import wkmp_lab as wl
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.measuring.code_hash import hash_code
from wkmp_lab.measuring.measure import Measure
from wkmp_lab.measuring.returned import MAX_ERROR, MAX_TEXT, read_returned, shorten_error
from wkmp_lab.model import MeasureInfo

INFO = MeasureInfo("both", "1", "ab", (("one", "Hz"), ("other", "1")))


def make(name="own_hz", unit="Hz", **changes):
    @wl.measure(**{"version": 1, "columns": {name: unit}, **changes})
    def own(y, *, sr, passage):
        """Tells something."""
        return {name: 1.0}

    return own


def compile_measure(body, *, name="f", **known):
    """A function as a notebook cell has it: compiled from text, in a module without a file."""
    module = types.ModuleType("cell")
    vars(module).update(known)
    exec(body, vars(module))
    return vars(module)[name]


def test_a_measure_is_called_and_explained_like_its_function():
    own = make()
    assert isinstance(own, Measure)
    assert own(np.zeros(3), sr=22_050, passage=None) == {"own_hz": 1.0}
    assert (own.__name__, own.__doc__, own.name) == ("own", "Tells something.", "own")


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "<b>",
        "a b",
        "",
        "1st",
        "_private",
        "a\u202eb",
        "x" * 65,
        'q"',
        "a,b",
        "$1$",
        7,
        None,
    ],
)
def test_a_column_name_that_no_table_takes_is_refused(name):
    with pytest.raises(InvalidInputError, match="a column is named by letters, digits and _"):
        make(name)


@pytest.mark.parametrize(
    "name",
    ["path", "loudness_lufs", "Loudness_LUFS", "centroid_hz_mean", "tag_title", "measure_errors"],
)
def test_a_column_name_that_exists_is_refused_in_words(name):
    with pytest.raises(InvalidInputError, match=f"'{name}' must be a new one: there is a column"):
        make(name)


def test_a_full_width_twin_of_a_name_is_the_same_name():
    with pytest.raises(InvalidInputError, match="there is a column 'path'"):
        make("ｐath")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": ""}, "version must be a number or a text"),
        ({"version": None}, "version must be a number or a text"),
        ({"columns": {}}, "with one column or more"),
        ({"columns": ["a"]}, "columns must be a dict"),
        ({"columns": {"a": 3}}, "the unit of column 'a' must be a text"),
        ({"columns": {"a": "x\ny"}}, "the unit of column 'a' must be a text"),
        ({"on": "album"}, "on must be one of passage, file"),
        ({"sr": 44_100}, "sr must be 22050 or None"),
    ],
)
def test_what_a_measure_is_made_with_is_checked_at_once(changes, words):
    with pytest.raises(InvalidInputError, match=words):
        make(**changes)


def test_a_function_that_cannot_be_called_so_is_refused():
    with pytest.raises(InvalidInputError, match=r"is a function of \(y, \*, sr, passage\), got"):

        @wl.measure(version=1, columns={"a": ""})
        def own(y, sr):
            return {}

    with pytest.raises(InvalidInputError, match=r"is a function of .*file"):

        @wl.measure(version=1, columns={"a": ""}, on="file")
        def whole(y):
            return {}

    with pytest.raises(InvalidInputError, match="that def has made, got <built-in"):
        wl.measure(version=1, columns={"a": ""})(len)


def test_a_measure_of_files_may_call_its_file_either_way():
    for body in ("def f(y, *, sr, file): return {}", "def f(y, *, sr, passage): return {}"):
        made = wl.measure(version=1, columns={"a": ""}, on="file")(compile_measure(body))
        assert made.info.on == "file"


def test_settings_take_measures_that_do_not_stand_in_each_others_way():
    with pytest.raises(InvalidInputError, match=r"below @wl\.measure"):
        wl.Settings(measures=[len])
    with pytest.raises(InvalidInputError, match="measures must be a list of measures, got"):
        wl.Settings(measures=make())
    with pytest.raises(InvalidInputError, match="each measure needs a name of its own, got 'own'"):
        wl.Settings(measures=[make("a"), make("b")])
    other = wl.measure(version=1, columns={"A": ""})(
        compile_measure("def f(y, *, sr, passage): pass")
    )
    with pytest.raises(InvalidInputError, match="no two measures may fill one column, got 'a'"):
        wl.Settings(measures=[make("a"), other])
    whole = wl.measure(version=1, columns={"a": ""}, on="file")(
        compile_measure("def f(y, *, sr, file): pass")
    )
    assert len(wl.Settings(measures=[make("a"), whole]).measures) == 2


def test_a_measure_that_holds_what_cannot_travel_is_refused_in_words(tmp_path):
    with (tmp_path / "open.txt").open("w") as file:

        @wl.measure(version=1, columns={"a": ""})
        def own(y, *, sr, passage):
            file.write("heard")

        with pytest.raises(InvalidInputError, match="measure 'own' must be able to travel"):
            wl.Settings(measures=[own])


def test_settings_with_measures_travel_and_are_the_same_there():
    settings = wl.Settings(measures=[make()])
    there = pickle.loads(pickle.dumps(settings))
    assert there == settings
    assert there.measures[0](None, sr=1, passage=None) == {"own_hz": 1.0}
    again = pickle.loads(pickle.dumps(settings))
    assert again.measures[0].function is there.measures[0].function, "it keeps what it has made"
    assert settings.without_measures() == wl.Settings()


BODY = "def f(y, *, sr, passage):\n    return {'a': y[::2].sum() + 1}"


@pytest.mark.parametrize(
    "changed",
    [
        BODY.replace("+ 1", "+ 2"),
        BODY.replace("::2", "::3"),
        BODY.replace("sum", "max"),
        BODY.replace("passage)", "passage, k=1)"),
        BODY.replace("y[::2].sum()", "(lambda z: z)(y)"),
    ],
)
def test_other_code_has_another_hash(changed):
    assert hash_code(compile_measure(changed)) != hash_code(compile_measure(BODY))


@pytest.mark.parametrize(
    "alike",
    [BODY, "\n\n# a word\n" + BODY, BODY.replace("return", "# as said\n    return")],
)
def test_where_code_stands_and_what_is_said_of_it_does_not_count(alike):
    assert hash_code(compile_measure(alike)) == hash_code(compile_measure(BODY))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"hop": 512}, {"hop": 256}),
        ({"hop": (1, 2)}, {"hop": (1, 3)}),
        (
            {"hop": compile_measure("def g(): return 1", name="g")},
            {"hop": compile_measure("def g(): return 2", name="g")},
        ),
    ],
)
def test_what_the_code_names_of_its_module_counts(one, other):
    body = "def f(y, *, sr, passage): return {'a': [hop for _ in y]}"
    for known in (one, other):
        for value in known.values():
            if isinstance(value, types.FunctionType):
                value.__module__ = "cell"
    first = compile_measure(body, unused=1, **one)
    assert hash_code(first) == hash_code(compile_measure(body, unused=2, **one))
    assert hash_code(first) != hash_code(compile_measure(body, **other))


def test_closures_and_defaults_count_where_they_can_be_hashed():
    def outer(value):
        def inner(y, *, sr, passage, scale=value):
            return value, scale

        return inner

    values = [1, 1.0, "1", b"1", [1], {"k": 1}, frozenset({"a", "b"}), np.ones(2), np.zeros(2)]
    assert len({hash_code(outer(value)) for value in values}) == len(values)
    assert hash_code(outer(np.ones(2))) == hash_code(outer(np.ones(2)))
    assert hash_code(outer(object())) == hash_code(outer(object())), "by its type alone"
    loop = []
    loop.append(loop)
    assert hash_code(outer(loop)) == hash_code(outer(loop))


def test_a_function_that_names_itself_has_a_hash():
    def make_recursive():
        def count(n):
            return 0 if n == 0 else count(n - 1)

        return count

    assert hash_code(make_recursive()) == hash_code(make_recursive())
    lazy = compile_measure("def f():\n    def g(): return late\n    if 0: late = 1\n    return g")
    assert hash_code(lazy())


def test_equal_code_has_an_equal_hash_in_another_process():
    code = (
        "from wkmp_lab.measuring.code_hash import hash_code\n"
        "def f(y, *, sr, passage): return {'a': y in {'b', 'c', 'd', 'e'}}\n"
        "print(hash_code(f))"
    )
    run = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert run[0] == run[1]
    assert len(run[0].strip()) == 16


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1, 1),
        (np.int16(3), 3),
        (np.float32(0.5), 0.5),
        (np.array(2.0), 2.0),
        (np.bool_(True), True),
        (False, False),
        ("word", "word"),
        (None, None),
        (float("nan"), None),
        (np.float64("nan"), None),
    ],
)
def test_a_value_that_fits_is_kept_and_nan_is_missing(value, kept):
    found = read_returned(INFO, {"one": value, "other": 1.5})
    assert dict(found.cells).get("one") == kept
    assert type(dict(found.cells).get("one")) is type(kept)
    assert dict(found.cells)["other"] == 1.5
    assert found.error is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1.0], "one must be a number, a text, a bool or None, got list"),
        (np.ones(2), r"got ndarray of shape \(2,\)"),
        (1j, "got complex"),
        (float("inf"), "one must be finite"),
        (2**70, "an integer of 64 bits"),
        ("x" * (MAX_TEXT + 1), "a text of at most"),
        ("\udce9", "a text that UTF-8 can hold"),
    ],
)
def test_a_value_that_does_not_fit_costs_its_cell_alone(value, words):
    found = read_returned(INFO, {"one": value, "other": 1.5})
    assert found.cells == (("other", 1.5),)
    assert re.search(words, found.error)


@pytest.mark.parametrize("returned", [None, 3.0, [("one", 1)], "one"])
def test_what_is_no_dict_is_told(returned):
    found = read_returned(INFO, returned)
    assert found.cells == ()
    assert "must return a dict of one, other, got" in found.error


def test_an_unknown_column_is_told_and_the_others_are_kept():
    found = read_returned(INFO, {"one": 1, "<b>": 2})
    assert found.cells == (("one", 1),)
    assert found.error == "returned '<b>', which is none of its columns: one, other"


def test_long_and_odd_errors_become_one_line_that_can_be_kept():
    assert shorten_error("a\n  b\udce9") == "a b\\udce9"
    assert len(shorten_error("x" * 1000)) == MAX_ERROR
