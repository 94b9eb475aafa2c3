"""Edges too short to be a thing's."""

import numpy as np

from arbitrary_nst.images.islands import LONG, without_islands
from arbitrary_nst.images.steepening import on_edges


def test_short_pieces_go_and_long_ones_stay():
    edge = np.zeros((40, 60), np.float32)
    edge[5:8, 5 : 5 + LONG - 2] = 0.7  # short
    edge[20 : 20 + LONG, 30:32] = 0.6
    kept = without_islands(edge)
    assert not kept[:20].any()
    np.testing.assert_array_equal(kept[20:], edge[20:])


def test_an_edge_of_a_photo_is_found_and_its_leaves_are_not():
    guide = np.full((80, 120), 0.2, np.float32)
    guide[:, 60:] = 0.8
    guide[10:13, 20:23] = guide[50:53, 30:34] = 0.8  # leaves
    edge = without_islands(on_edges(guide))
    assert edge[5:-5, 59:61].min() > 0.9
    assert not edge[:, :50].any()
