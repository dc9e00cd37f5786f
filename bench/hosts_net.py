"""Network namespaces as hosts: each has its own address and its own link to a switch (a bridge), and can lose it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass

from desk_process import BenchError

_NET = "10.231.7"
_PREFIX = f"bt{os.getpid() % 100_000}"  # of two runs at the same time each has its own; a link's name has 15 letters
SWITCH_ADDRESS = f"{_NET}.1"
SUBNET = f"{_NET}.0/24"


@dataclass(frozen=True)
class Host:
    """One namespace; `name` is a letter."""

    name: str
    address: str

    @property
    def namespace(self) -> str:
        return f"{_PREFIX}{self.name}"

    @property
    def port(self) -> str:
        """The end of its link that is plugged into the switch."""
        return f"{_PREFIX}{self.name}0"

    def on(self, command: list[str]) -> list[str]:
        """The command as it is started on this host; the process id is its own."""
        return ["ip", "netns", "exec", self.namespace, *command]


class Network:
    """The switch is in the namespace of this process, which so is a host of its own with SWITCH_ADDRESS."""

    def __init__(self, names: str) -> None:
        self.hosts = {name: Host(name, f"{_NET}.{place}") for place, name in enumerate(names, 11)}
        self._switch = f"{_PREFIX}sw"

    def up(self) -> None:
        """BenchError where this user or kernel may not make namespaces."""
        try:
            _ip("link", "add", self._switch, "type", "bridge")
            _ip("addr", "add", f"{SWITCH_ADDRESS}/24", "dev", self._switch)
            _ip("link", "set", self._switch, "up")
            for host in self.hosts.values():
                self._plug(host)
        except (OSError, BenchError) as error:
            self.down()
            raise BenchError(f"no network namespaces here (they need root and iproute2): {error}") from error

    def _plug(self, host: Host) -> None:
        _ip("netns", "add", host.namespace)
        _ip("link", "add", host.port, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
        _ip("link", "set", host.port, "master", self._switch)
        _ip("link", "set", host.port, "up")
        for command in (["link", "set", "lo", "up"], ["link", "set", "eth0", "up"]):
            _ip("-n", host.namespace, *command)
        _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")

    def cut(self, host: Host) -> None:
        """Nothing gets through any more and nobody is told, as when a switch dies in between."""
        _ip("link", "set", host.port, "nomaster")

    def heal(self, host: Host) -> None:
        _ip("link", "set", host.port, "master", self._switch)

    def down(self) -> None:
        for host in self.hosts.values():
            with contextlib.suppress(BenchError, OSError):
                _ip("netns", "del", host.namespace)
        with contextlib.suppress(BenchError, OSError):
            _ip("link", "del", self._switch)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise BenchError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
