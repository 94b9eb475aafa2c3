"""How the work is spread, as a group of options."""

from dataclasses import dataclass
from typing import Annotated

from arbitrary_nst.options import Opt, Options


@dataclass(frozen=True, kw_only=True)
class ClusterOptions(Options):
    """Which cluster, and what of it each worker takes. No picture depends on it."""

    address: Annotated[
        str | None,
        Opt("auto: the cluster that runs here; local: one for this run alone; or its address.",
            unit="auto|local|HOST:PORT|ray://HOST:PORT", unset="RAY_ADDRESS, else one that runs here, else local"),
    ] = None  # fmt: skip
    workers: Annotated[
        int | None,
        Opt("So many, each with the model loaded once.", least=1, unit="N", unset="what the cluster has room for"),
    ] = None
    cpus_per_worker: Annotated[
        int | None,
        Opt("CPUs, and threads to compute with.", least=1, most=1024, unit="N", unset="4, or all of the smallest node"),
    ] = None
    gpus_per_worker: Annotated[
        float, Opt("GPUs, where the engine has one; 0.5 lets two workers share one.", least=0, most=64, unit="N")
    ] = 0.0
