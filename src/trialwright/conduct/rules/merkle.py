"""Merkle trees by RFC 6962, section 2.1: tree heads, proofs of inclusion and of consistency, and their verification.

Hashes are 32 bytes. The arithmetic that a verifier of a whole history needs (`leaf_hash`, `Frontier`) stands in
`conduct.verifier`, which is a file of its own; here is what speaks of one event, or of two tree heads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from trialwright.conduct.verifier import Frontier, leaf_hash

__all__ = [
    "Frontier", "consistency", "includes", "inclusion", "is_consistent", "leaf_hash", "node_hash", "tree_hash",
]  # fmt: skip


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def tree_hash(leaves: Iterable[bytes]) -> bytes:
    """The root over the hashes of leaves: MTH of the RFC; SHA-256 of nothing for no leaves."""
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two below `size`: leaves of the left subtree."""
    return 1 << (size - 1).bit_length() - 1


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The path from the leaf `index` (from 0) to the root, lowest first. Raises ValueError for a leaf outside."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"There is no leaf {index} in a tree of {len(leaves)}.")
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*inclusion(index, leaves[:middle]), tree_hash(leaves[middle:])]
    return [*inclusion(index - middle, leaves[middle:]), tree_hash(leaves[:middle])]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that the leaf hash stands at `index` of the tree of `size` leaves with that root."""
    if not 0 <= index < size:
        return False
    found, last, steps = leaf, size - 1, iter(path)
    while last:
        if index & 1 or index < last:
            step = next(steps, None)
            if step is None:
                return False
            found = node_hash(step, found) if index & 1 else node_hash(found, step)
        index, last = index >> 1, last >> 1
    return next(steps, None) is None and found == root


def consistency(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The proof that the tree of the first `old` leaves is the beginning of the whole tree. Raises ValueError."""
    if not 0 < old <= len(leaves):
        raise ValueError(f"A tree of {len(leaves)} leaves has no beginning of {old}.")
    return list(_subproof(old, leaves, known=True))


def _subproof(old: int, leaves: Sequence[bytes], *, known: bool) -> Iterator[bytes]:
    """`known`: the verifier has this subtree's hash already, for it is the old root."""
    if old == len(leaves):
        if not known:
            yield tree_hash(leaves)
        return
    middle = _split(len(leaves))
    if old <= middle:
        yield from _subproof(old, leaves[:middle], known=known)
        yield tree_hash(leaves[middle:])
    else:
        yield from _subproof(old - middle, leaves[middle:], known=False)
        yield tree_hash(leaves[:middle])


def is_consistent(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree `old` (size, root) is the beginning of the tree `new` (RFC 9162, 2.1.4.2)."""
    (size, root), (new_size, new_root) = old, new
    if size == new_size:
        return not proof and root == new_root
    if not 0 < size < new_size:
        return False
    path = list(proof) if size & (size - 1) else [root, *proof]
    if not path:
        return False
    index, last = size - 1, new_size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    found = found_new = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            found, found_new = node_hash(step, found), node_hash(step, found_new)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found_new = node_hash(found_new, step)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root and found_new == new_root
