"""What runs in a worker of a Ray cluster, on any of its machines."""

from __future__ import annotations

import platform
from importlib import import_module
from importlib.metadata import version
from typing import Any

from index.errors import ClusterError


class WorkerLostError(ClusterError):
    """The workers that were given a call ended over it, each time."""


def run(function: str, wanted: str, arguments: tuple[Any, ...]) -> Any:
    """What "module:function" returns, on a machine with the `wanted` version of Pincite.

    Raises ClusterError where it has another, and whatever the function raises.
    """
    own = version("pincite")
    if own != wanted:
        raise ClusterError(
            f"The Ray node {node_name()} has Pincite {own} and not {wanted}: install the same "
            "version on every node."
        )
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)(*arguments)


def node_name() -> str:
    """The machine that this runs on, as people know it."""
    import ray

    return f"{platform.node()} ({ray.util.get_node_ip_address()})"
