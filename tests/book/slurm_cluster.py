"""A Slurm cluster of two nodes on this machine, each with a pretended GPU, that ends with the tests.

Settings, sockets, keys and states lie in one folder. A job forgets every variable of Slurm, so the settings
are linked as ``/etc/slurm/slurm.conf`` meanwhile. It needs Debian's ``slurm-wlm`` and ``munge``, root, and no
other cluster.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NODES = 2
SYSTEM = Path("/etc/slurm/slurm.conf")
CONFIG = """
ClusterName=reread
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
MinJobAge=600
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdParameters=config_overrides
GresTypes=gpu
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def lacks() -> str:
    """Why no cluster can be started here; nothing if one can."""
    absent = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not _program(name)]
    if absent:
        return f"no {', '.join(absent)} here: apt-get install slurm-wlm munge"
    if SYSTEM.exists():
        return f"{SYSTEM} is there: this machine belongs to a cluster"
    return "" if os.geteuid() == 0 else "only root can start the nodes of a Slurm cluster"


@contextmanager
def cluster(folder: Path) -> Iterator[Path]:
    """Start the cluster, wait until its nodes are idle, and end it; yields its configuration."""
    config = _write(folder)
    SYSTEM.parent.mkdir(exist_ok=True)
    SYSTEM.unlink(missing_ok=True)  # a link of a cluster that is gone
    SYSTEM.symlink_to(config)
    munged = ["--socket", f"{folder}/munge.socket", "--key-file", f"{folder}/munge.key", "--force"]
    munged += ["--pid-file", f"{folder}/munged.pid", "--seed-file", f"{folder}/munge.seed"]
    started = [_start(folder, "munged", "--foreground", *munged, "--log-file", f"{folder}/munged.log")]
    try:
        started.append(_start(folder, "slurmctld", "-D", "-f", str(config)))
        nodes = [f"node{number}" for number in range(NODES)]
        started += [_start(folder, "slurmd", "-D", "-f", str(config), "-N", node) for node in nodes]
        _wait_for_nodes()
        yield config
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(timeout=30)
        SYSTEM.unlink()


def _write(folder: Path) -> Path:
    """Settings, the pretended GPU and the key of one cluster."""
    for name in ("state", *(f"spool-node{number}" for number in range(NODES))):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    (folder / "gres.conf").write_text("Name=gpu Count=1 File=/dev/null\n")
    host = socket.gethostname().partition(".")[0]
    text = CONFIG.format(host=host, port=_free_port(), user=getpass.getuser(), folder=folder)
    for number in range(NODES):
        text += f"NodeName=node{number} NodeHostname={host} NodeAddr=127.0.0.1 Port={_free_port()} "
        text += "CPUs=1 RealMemory=64000 Gres=gpu:1 State=UNKNOWN\n"
    config = folder / "slurm.conf"
    config.write_text(text)
    return config


def _start(folder: Path, name: str, *words: str) -> subprocess.Popen:
    with (folder / f"{name}.out").open("a") as stream:
        return subprocess.Popen([_program(name), *words], stdout=stream, stderr=stream)


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_nodes(limit_s: float = 30) -> None:
    end, said = time.monotonic() + limit_s, ""
    while time.monotonic() < end:
        asked = subprocess.run(
            ["sinfo", "-h", "-N", "-o", "%N %t"], capture_output=True, text=True, check=False
        )
        said = asked.stdout + asked.stderr
        if said.count(" idle") == NODES:
            return
        time.sleep(0.5)
    raise RuntimeError(f"The nodes are not idle after {limit_s:.0f} s: {said}")
