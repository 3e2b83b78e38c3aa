"""Landmark layouts: joint names, kinematic trees, mirror pairs, index maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ALIASES: dict[str, str] = {
    'root': 'pelvis',
    'right_foot': 'right_ankle',
    'left_foot': 'left_ankle',
    'neck': 'thorax',
    'upper_neck': 'neck_base',
    'head': 'head_top',
}
"""Names of one landmark in different layouts, each mapped to a common name."""


@dataclass(frozen=True)
class Skeleton:
    """A landmark layout with P joints, in the order of its name list.

    Attributes:
        name: The name of the layout, as in MMPose's metainfo.
        joint_names: P unique names.
        parents: P indices; the root's parent is -1.
        flip_pairs: Pairs (left, right) of indices that a mirror exchanges.
        root: Index of the root joint.
    """

    name: str
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    flip_pairs: tuple[tuple[int, int], ...]
    root: int

    def __post_init__(self) -> None:
        """Refuse a layout whose fields contradict each other."""
        count = len(self.joint_names)
        if len(set(self.joint_names)) != count:
            raise ValueError(f'{self.name}: joint names must be unique')
        if len(self.parents) != count:
            raise ValueError(
                f'{self.name}: expected {count} parents, one per joint, '
                f'got {len(self.parents)}'
            )
        if not 0 <= self.root < count or self.parents[self.root] != -1:
            raise ValueError(f'{self.name}: the parent of root {self.root} must be -1')
        for joint in range(count):
            self._check_reaches_root(joint)
        flat = [joint for pair in self.flip_pairs for joint in pair]
        if len(set(flat)) != len(flat) or not set(flat) <= set(range(count)):
            raise ValueError(f'{self.name}: flip pairs must be disjoint joint indices')

    def _check_reaches_root(self, joint: int) -> None:
        current = joint
        for _ in self.parents:
            if current == self.root:
                return
            if not 0 <= self.parents[current] < len(self.parents):
                break
            current = self.parents[current]
        if current != self.root:
            name = self.joint_names[joint]
            raise ValueError(f'{self.name}: {name} is not connected to the root')

    @property
    def num_joints(self) -> int:
        """The number P of joints."""
        return len(self.joint_names)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """The P - 1 pairs (parent, child), in the order of the children."""
        return tuple((p, c) for c, p in enumerate(self.parents) if p >= 0)

    @property
    def mirror(self) -> tuple[int, ...]:
        """The permutation of the P joints that a mirror image needs."""
        order = list(range(self.num_joints))
        for left, right in self.flip_pairs:
            order[left], order[right] = right, left
        return tuple(order)

    def index(self, name: str) -> int:
        """Index of the joint called ``name``.

        Raises:
            KeyError: If the layout has no such joint; the message lists them.
        """
        if name not in self.joint_names:
            raise KeyError(
                f'{self.name} has no joint {name!r}; it has {list(self.joint_names)}'
            )
        return self.joint_names.index(name)


@dataclass(frozen=True)
class JointMap:
    """Where each joint of one layout is found in another.

    Attributes:
        indices: One index into the source per joint of the target, or -1.
        missing: Names of the target's joints that the source lacks.
    """

    indices: tuple[int, ...]
    missing: tuple[str, ...]


def map_joints(source: Skeleton, target: Skeleton) -> JointMap:
    """Find the joints of ``target`` in ``source`` by name or alias."""
    places = {ALIASES.get(name, name): i for i, name in enumerate(source.joint_names)}
    indices = tuple(places.get(ALIASES.get(n, n), -1) for n in target.joint_names)
    missing = tuple(
        name for name, i in zip(target.joint_names, indices, strict=True) if i < 0
    )
    return JointMap(indices, missing)


def tree_of_links(links: Sequence[Sequence[int]], num_joints: int) -> tuple[int, ...]:
    """Parents of a tree that links lead to, from where the ways to all are shortest.

    Args:
        links: pairs of joints, of any graph, as in MMPose's metainfo.
        num_joints: P.

    Returns:
        P indices, -1 for the first.

    Raises:
        ValueError: the links do not reach all joints.
    """
    trees = [_shortest_ways(links, num_joints, first) for first in range(num_joints)]
    reached = max(len(tree) for tree in trees)
    if reached < num_joints:
        raise ValueError(
            f'links: expected to reach all {num_joints} joints, got {reached} of them'
        )
    best = min(trees, key=lambda tree: sum(length for _, length in tree.values()))
    return tuple(best[joint][0] for joint in range(num_joints))


def _shortest_ways(
    links: Sequence[Sequence[int]], num_joints: int, first: int
) -> dict[int, tuple[int, int]]:
    """Of the joints that can be reached, the one before them and the way's length."""
    found = {first: (-1, 0)}
    for joint in (queue := [first]):
        length = found[joint][1] + 1
        for a, b in (*links, *((b, a) for a, b in links)):
            if a == joint and b not in found:
                found[b] = (joint, length)
                queue.append(b)
    return found


HUMAN36M = Skeleton(
    name='h36m',
    joint_names=(
        *('root', 'right_hip', 'right_knee', 'right_foot'),
        *('left_hip', 'left_knee', 'left_foot'),
        *('spine', 'thorax', 'neck_base', 'head'),
        *('left_shoulder', 'left_elbow', 'left_wrist'),
        *('right_shoulder', 'right_elbow', 'right_wrist'),
    ),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    flip_pairs=((4, 1), (5, 2), (6, 3), (11, 14), (12, 15), (13, 16)),
    root=0,
)

MPII = Skeleton(
    name='mpii',
    joint_names=(
        *('right_ankle', 'right_knee', 'right_hip'),
        *('left_hip', 'left_knee', 'left_ankle'),
        *('pelvis', 'thorax', 'upper_neck', 'head_top'),
        *('right_wrist', 'right_elbow', 'right_shoulder'),
        *('left_shoulder', 'left_elbow', 'left_wrist'),
    ),
    parents=(1, 2, 6, 6, 3, 4, -1, 6, 7, 8, 11, 12, 7, 7, 13, 14),
    flip_pairs=((5, 0), (4, 1), (3, 2), (15, 10), (14, 11), (13, 12)),
    root=6,
)

LSP = Skeleton(
    name='lsp',
    joint_names=(
        *('right_ankle', 'right_knee', 'right_hip'),
        *('left_hip', 'left_knee', 'left_ankle'),
        *('right_wrist', 'right_elbow', 'right_shoulder'),
        *('left_shoulder', 'left_elbow', 'left_wrist'),
        *('neck', 'head_top'),
    ),
    parents=(1, 2, 12, 12, 3, 4, 7, 8, 12, 12, 9, 10, -1, 12),
    flip_pairs=((5, 0), (4, 1), (3, 2), (11, 6), (10, 7), (9, 8)),
    root=12,
)
