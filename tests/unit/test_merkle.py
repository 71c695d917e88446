"""The tree over a study's events is that of RFC 6962: known vectors, another implementation, and laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from trialwright.conduct.rules import merkle
from trialwright.conduct.rules.merkle import Frontier, leaf_hash, tree_hash

LEAVES = [
    leaf_hash(bytes.fromhex(text))
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The eight leaves that implementations of Certificate Transparency are tested with."""
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = {
    (0, 8): ("96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"),
    (5, 8): ("bc1a0643b12e4d2d", "ca854ea128ed050b", "d37ee418976dd957"),
    (2, 3): ("fac54203e7cc696c",),
    (1, 5): ("6e340b9cffb37a98", "5f083f0a1a33ca07", "bc1a0643b12e4d2d"),
    (0, 1): (),
}
CONSISTENCY = {
    (1, 8): ("96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"),
    (6, 8): ("0ebc5d3437fbe2db", "ca854ea128ed050b", "d37ee418976dd957"),
    (2, 5): ("5f083f0a1a33ca07", "bc1a0643b12e4d2d"),
    (1, 1): (),
}
contents = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


@pytest.mark.parametrize("size", range(9))
def test_tree_heads_are_the_known_ones(size: int) -> None:
    assert tree_hash(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_proofs_of_inclusion_are_the_known_ones(index: int, size: int) -> None:
    path = merkle.inclusion(index, LEAVES[:size])
    assert tuple(step.hex()[:16] for step in path) == INCLUSION[index, size]
    assert merkle.includes(LEAVES[index], index, size, path, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_proofs_of_consistency_are_the_known_ones(old: int, new: int) -> None:
    proof = merkle.consistency(old, LEAVES[:new])
    assert tuple(step.hex()[:16] for step in proof) == CONSISTENCY[old, new]
    assert merkle.is_consistent((old, bytes.fromhex(ROOTS[old])), (new, bytes.fromhex(ROOTS[new])), proof)


def test_another_implementation_makes_the_same_trees_and_paths() -> None:
    other = InmemoryTree(algorithm="sha256")
    leaves: list[bytes] = []
    for number in range(1, 41):
        data = f"event {number}".encode()
        other.append_entry(data)
        leaves.append(leaf_hash(data))
        assert tree_hash(leaves) == other.get_root(number)
    for index in range(40):
        theirs = other.prove_inclusion(index + 1, 40).serialize()["path"]
        ours = [step.hex() for step in merkle.inclusion(index, leaves)]
        assert sorted([leaves[index].hex(), *ours]) == sorted(theirs)


@given(contents, st.data())
def test_a_proof_shows_the_leaf_at_its_place_and_at_no_other(data: list[bytes], draw: st.DataObject) -> None:
    leaves = [leaf_hash(each) for each in data]
    size, root = len(leaves), tree_hash(leaves)
    index = draw.draw(st.integers(0, size - 1))
    path = merkle.inclusion(index, leaves)
    assert merkle.includes(leaves[index], index, size, path, root)
    assert not merkle.includes(leaf_hash(b"another leaf, longer"), index, size, path, root)
    assert not merkle.includes(leaves[index], size, size, path, root)
    assert not merkle.includes(leaves[index], index, size, [*path, root], root)
    assert not path or not merkle.includes(leaves[index], index, size, path[:-1], root)


@given(contents, st.data())
def test_a_longer_history_is_shown_to_begin_with_the_shorter_one(data: list[bytes], draw: st.DataObject) -> None:
    leaves = [leaf_hash(each) for each in data]
    old = draw.draw(st.integers(1, len(leaves)))
    before, after = (old, tree_hash(leaves[:old])), (len(leaves), tree_hash(leaves))
    proof = merkle.consistency(old, leaves)
    assert merkle.is_consistent(before, after, proof)
    assert not merkle.is_consistent((old, leaf_hash(b"forged, and longer")), after, proof)
    assert not merkle.is_consistent(before, (len(leaves), leaf_hash(b"forged, and longer")), proof)
    assert not merkle.is_consistent(before, after, [*proof, leaves[0]])
    assert not proof or not merkle.is_consistent(before, after, proof[:-1])


@given(contents, st.data())
def test_a_tree_that_is_kept_by_its_edge_goes_on_as_if_it_had_never_stopped(
    data: list[bytes], draw: st.DataObject
) -> None:
    leaves = [leaf_hash(each) for each in data]
    stop = draw.draw(st.integers(0, len(leaves)))
    first = Frontier()
    for leaf in leaves[:stop]:
        first.append(leaf)
    again = Frontier(first.size, first.roots)
    for leaf in leaves[stop:]:
        again.append(leaf)
    assert (again.size, again.root()) == (len(leaves), tree_hash(leaves))
    assert len(again.roots) <= len(leaves).bit_length()


def test_what_lies_outside_a_tree_has_no_proof() -> None:
    with pytest.raises(ValueError, match="no leaf 8 in a tree of 8"):
        merkle.inclusion(8, LEAVES)
    with pytest.raises(ValueError, match="no beginning of 9"):
        merkle.consistency(9, LEAVES)
    with pytest.raises(ValueError, match="3 complete subtrees"):
        Frontier(7, LEAVES[:2])
