"""slurmdbd and the MariaDB behind it."""

import subprocess
from pathlib import Path

from daemons import Daemon, wait_until
from reaper import Reaper
from slurm_config import slurmdbd_conf

GRANT = (
    "create database if not exists slurm_acct_db;"
    "create user if not exists slurm@localhost identified by 'slurm';"
    "grant all on slurm_acct_db.* to slurm@localhost;"
)


class Accounting:
    """Both daemons, in the folder of a cluster.

    Attributes
    ----------
    slurmdbd, database : Daemon
    """

    def __init__(self, root: Path, port: int, reaper: Reaper, environment: dict[str, str]) -> None:
        self._data = root / "db"
        self._socket = root / "db.socket"
        self._logs = root / "log"
        self._environment = environment
        conf = root / "etc" / "slurmdbd.conf"
        conf.touch(mode=0o600)
        conf.write_text(slurmdbd_conf(root, port))
        log = self._logs / "mariadb.out"
        self.database = Daemon(reaper, self._mariadb(), environment, log)
        self.slurmdbd = Daemon(
            reaper,
            ["/usr/sbin/slurmdbd", "-D"],
            {**environment, "MYSQL_UNIX_PORT": str(self._socket)},
            self._logs / "slurmdbd.out",
        )

    def _mariadb(self) -> list[str]:
        return [
            "/usr/sbin/mariadbd",
            "--no-defaults",
            "--user=root",
            f"--datadir={self._data}",
            f"--socket={self._socket}",
            f"--pid-file={self._data}/pid",
            "--skip-networking",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-lock-wait-timeout=900",
            "--performance-schema=OFF",
            "--skip-log-bin",
        ]

    def start(self) -> None:
        """Bring both up, and know the cluster and an account of root's."""
        if not (self._data / "mysql").exists():
            self._install()
        self.database.start()
        wait_until(lambda: self._works("mariadb", *self._client(), "-e", "select 1"), 60, "MariaDB")
        self._run("mariadb", *self._client(), "-e", GRANT)
        self.slurmdbd.start()
        wait_until(lambda: self._works("sacctmgr", "-n", "show", "cluster"), 60, "slurmdbd")
        for what in (["cluster", "test"], ["account", "tests"], ["user", "root", "account=tests"]):
            self._works("sacctmgr", "-i", "add", *what)

    def _install(self) -> None:
        self._run(
            *("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={self._data}"),
            *("--skip-test-db", "--auth-root-authentication-method=socket"),
        )

    def _client(self) -> list[str]:
        return ["--no-defaults", "-uroot", f"--socket={self._socket}"]

    def _run(self, *command: str) -> None:
        done = self._call(command)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr.decode()}")

    def _works(self, *command: str) -> bool:
        try:
            return self._call(command).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _call(self, command: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command, env=self._environment, capture_output=True, timeout=600, check=False
        )
