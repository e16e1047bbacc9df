"""Executables that speak like Slurm's clients, for what a cluster does not do on demand."""

import shlex
from pathlib import Path

CONFIG = "AccountingStorageType = accounting_storage/slurmdbd\nMaxArraySize = 1001\n"
# squeue prints what it is asked with: the separators are from its own arguments. With a header,
# as the real one; then `row` prints a job.
QUEUE = r"""
for word in "$@"; do case $word in --format=*|--Format=*) format=$word;; esac; done
s=${format#*:}; s=${s%%,*}; end="${s%|}."
row() {
  for field in "${@:1:6}"; do printf '%s%s' "$field" "$s"; done
  printf '%s%s\n' "$7" "$end"
}
row JOBID STATE exit_code REASON RESTARTS NAME COMMENT
"""
# scontrol, of which a job, a partition or a node is shown where these variables say so.
CONTROL = r"""
case "$*" in
  *"show config"*) printf '%s' "$config";;
  *"show partition"*) printf '%s' "$partitions";;
  *"show node"*) printf '%s' "$nodes";;
  *"show job"*) printf '%s' "${jobs:-No jobs in the system}";;
esac
"""
# Each call notes its arguments NUL-separated, its environment and its standard input.
NOTE = """#!/bin/bash
n=$(ls "{folder}" | grep -c '^{name}\\.[0-9]*$')
printf '%s\\0' "$@" >"{folder}/{name}.$n"
env -0 >"{folder}/{name}.$n.env"
{body}
"""


class StandIns:
    """A folder of commands; `says` sets what one of them does, `calls` tells what it was told."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.notes = folder / "bin", folder / "notes"
        self.bin.mkdir()
        self.notes.mkdir()
        self.says("sbatch", "echo 7")
        self.says("squeue", QUEUE)
        self.says("sacct", "true")
        self.says("scancel", "true")
        self.control()

    def says(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(NOTE.format(folder=self.notes, name=name, body=body))
        path.chmod(0o755)

    def control(
        self, config: str = CONFIG, partitions: str = "", nodes: str = "", jobs: str = ""
    ) -> None:
        """What scontrol shows."""
        given = {"config": config, "partitions": partitions, "nodes": nodes, "jobs": jobs}
        values = (f"{name}={shlex.quote(text)}" for name, text in given.items())
        self.says("scontrol", "\n".join(values) + CONTROL)

    def calls(self, name: str) -> list[list[str]]:
        """Arguments of each call, in order."""
        files = [path for path in self.notes.iterdir() if path.suffix[1:].isdigit()]
        mine = sorted(
            (path for path in files if path.stem == name), key=lambda path: int(path.suffix[1:])
        )
        return [path.read_text().split("\0")[:-1] for path in mine]

    def environment(self, name: str) -> dict[str, str]:
        """Environment of the first call."""
        text = (self.notes / f"{name}.0.env").read_text()
        return dict(item.split("=", 1) for item in text.split("\0")[:-1])
