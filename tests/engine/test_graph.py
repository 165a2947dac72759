"""Parents before children, names sorted, cycles told once."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.engine.graph import order

names = st.sampled_from("abcdef")
graphs = st.dictionaries(names, st.sets(names, max_size=3))


@pytest.mark.parametrize(
    ("reason", "parents", "expected", "cycles"),
    [
        ("empty", {}, (), ()),
        ("names sorted", {"b": (), "a": ()}, ("a", "b"), ()),
        ("a parent first, whatever its name", {"a": ("z",), "z": ()}, ("z", "a"), ()),
        ("unknown parents are ignored", {"a": ("nobody",)}, ("a",), ()),
        ("a chain", {"a": ("b",), "b": ("c",), "c": ()}, ("c", "b", "a"), ()),
        ("its own parent", {"a": ("a",)}, (), (("a",),)),
        ("a circle starts with its smallest name", {"c": ("b",), "b": ("c",)}, (), (("b", "c"),)),
        ("behind a circle", {"a": ("b",), "b": ("c",), "c": ("b",)}, (), (("b", "c"),)),
        (
            "two circles and a bystander",
            {"a": ("b",), "b": ("a",), "c": ("d",), "d": ("c",), "e": ()},
            ("e",),
            (("a", "b"), ("c", "d")),
        ),
    ],
)
def test_order(reason, parents, expected, cycles):
    found = order(parents)
    assert (found.names, found.cycles) == (expected, cycles)


@given(graphs, st.randoms())
def test_the_order_of_the_input_is_nothing(graph, random):
    pairs = list(graph.items())
    random.shuffle(pairs)
    assert order(dict(pairs)) == order(graph)


@given(graphs)
def test_parents_come_first_and_all_that_is_missing_is_explained(graph):
    found = order(graph)
    at = {name: place for place, name in enumerate(found.names)}
    for name in found.names:
        assert all(at[each] < at[name] for each in graph[name] if each in graph)
    assert bool(found.cycles) == (len(found.names) < len(graph))
    for cycle in found.cycles:
        assert all(parent in graph[child] for child, parent in pairwise(cycle))
        assert cycle[0] in graph[cycle[-1]]
