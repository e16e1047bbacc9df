"""Results as the engine leaves them: tasks with sentinels that vouch, nights that close."""

import hashlib
import json
from pathlib import Path
from typing import Any

from nmma_fitter.engine.outbox import Parcel

NIGHT = "2459778-2459785"


class Results:
    """An output folder.

    Parameters
    ----------
    outdir : Path
    """

    def __init__(self, outdir: Path) -> None:
        self.outdir = outdir
        outdir.mkdir()

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a file in place as a whole, as the engine does."""
        path = self.outdir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content if isinstance(content, bytes) else content.encode())
        new.replace(path)
        return path

    def fit(self, obj: str, task: str = "toy", content: str = "result", night: str = NIGHT) -> None:
        """A task of an object has ended: its outputs, then the sentinel that vouches for them."""
        folder = f"{night}/{obj}/{task}"
        self.write(f"{folder}/out.json", content)
        self.write(f"{folder}/config.json", "{}")
        self.write(f"{folder}/log", "said")
        self.write(f"{folder}/unit.json", "{}")
        self.write(f"{folder}/job-1.sh", "#!/bin/sh")
        self.write(f"{folder}/attempts/1-7-0/out.json", content)
        self.write(f"{folder}/sentinels/abc-g1.fin", "{}")
        self.vouch(f"{folder}/{task}.fin", out_json=content)
        self.write(f"{night}/{obj}/ranking.json", json.dumps([task, content]))
        self.write(f"{night}/{obj}/slack.json", "{}")

    def vouch(self, name: str, **outputs: str) -> None:
        """Write a sentinel."""
        described = {
            output.replace("_", "."): {
                "size": len(content),
                "sha256": hashlib.sha256(content.encode()).hexdigest(),
            }
            for output, content in outputs.items()
        }
        self.write(name, json.dumps({"outcome": "done", "outputs": described}))

    def close(self, revision: int = 1, night: str = NIGHT) -> None:
        """Close a night."""
        self.write("index.html", f"<p>{revision}</p>")
        self.write("assets/style.css", "p {}")
        self.write(f"{night}/index.html", f"<p>{revision}</p>")
        self.write(f"{night}/{night}.fin", json.dumps({"revision": revision}))

    def withdraw(self, night: str = NIGHT) -> None:
        """Open a night again."""
        (self.outdir / night / f"{night}.fin").unlink()

    def parcel(self, obj: str = "", night: str = NIGHT) -> Parcel:
        """What the engine hands to a courier."""
        folder = self.outdir / night
        closed = (folder / f"{night}.fin").exists()
        return Parcel(night, obj, folder / obj if obj else folder, [], 1, closed)


def files(folder: Path) -> dict[str, Any]:
    """What lies in a destination that people see."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
