"""A RabbitMQ of its own: free loopback ports, a directory of its own, stopped by its process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BINARY = shutil.which("rabbitmq-server") or "/usr/lib/rabbitmq/bin/rabbitmq-server"


def is_installed() -> bool:
    return Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def rabbitmq(folder: Path) -> Iterator[int]:
    """Run a server in *folder* and give its port."""
    port, distribution, epmd = _free_port(), _free_port(), _free_port()
    (folder / "plugins").write_text("[].", encoding="utf-8")
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nloopback_users = none\n", encoding="utf-8"
    )
    environment = {
        **os.environ,
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"test{os.getpid()}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": str(folder / "rabbit.log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }
    output = (folder / "output").open("wb")
    server = subprocess.Popen(
        ["/usr/lib/rabbitmq/bin/rabbitmq-server"], env=environment, stdout=output, stderr=output, start_new_session=True
    )
    try:
        _wait_for(port, server, folder)
        yield port
    finally:
        _stop(server, epmd)
        output.close()


def _wait_for(port: int, server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(2)
            if not probe.connect_ex(("127.0.0.1", port)):
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                if probe.recv(1):
                    return
        time.sleep(0.2)
    msg = f"no server: {(folder / 'output').read_text(errors='replace')[-2000:]}"
    raise RuntimeError(msg)


def _stop(server: subprocess.Popen[bytes], epmd: int) -> None:
    """End the process group of the server, and the name daemon that it has started."""
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(5)
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "environ").read_bytes().split(b"\0")
                name = (process / "comm").read_text(encoding="utf-8").strip()
            except OSError:
                continue
            if name == "epmd" and f"ERL_EPMD_PORT={epmd}".encode() in words:
                os.kill(int(process.name), signal.SIGTERM)
