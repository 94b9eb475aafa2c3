"""What the workers are at: so that a block that comes again, since its worker died, does only what is left."""

from dataclasses import dataclass, field
from typing import Any

from arbitrary_nst.cluster.parts import Row

DEATHS = 2  # of workers, from which on a photo that was in flight each time is left out


@dataclass
class _Block:
    begun: dict[int, int] = field(default_factory=dict)  # how often each photo was
    ended: dict[int, list[Row]] = field(default_factory=dict)  # what became of it


class Ledger:
    """An actor beside the driver: Ray tries again what a dead worker was at, and this tells what may be the cause."""

    def __init__(self) -> None:
        self._blocks: dict[int, _Block] = {}

    def begin(self, block: int) -> tuple[dict[int, list[Row]], dict[int, int]]:
        """What became of a block's photos in tries before, and how often each that has no end was begun."""
        known = self._blocks.setdefault(block, _Block())
        return known.ended, {photo: times for photo, times in known.begun.items() if photo not in known.ended}

    def step(self, block: int, ended: dict[int, list[Row]], begun: list[int]) -> None:
        """Take in what became of some photos, and that others are begun."""
        known = self._blocks.setdefault(block, _Block())
        known.ended.update(ended)
        for photo in begun:
            known.begun[photo] = known.begun.get(photo, 0) + 1

    def forget(self, block: int) -> None:
        """Let go of a block whose rows have reached the driver."""
        self._blocks.pop(block, None)


WORKERS_EACH = 16  # of one ledger, which takes 0.8 ms of a CPU for each photo


def started(workers: int) -> list[Any]:
    """Ledgers for so many workers, as actors on this very machine, which end with the driver. Blocks take turns."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(Ledger).options(num_cpus=0, scheduling_strategy=here)
    return [actor.remote() for _ in range(1 + workers // WORKERS_EACH)]
