"""A place that candidates come from, a place they go to, and a clock that only waits when told."""

import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from nmma_fitter.candidates.sources.intake import pull
from nmma_fitter.candidates.sources.settings import SourceSettings

NIGHT = "2459778-2459785"
HEADER = "jd,mag,mag_unc,filter,limmag\n"
ROWS = [f"{2459780.5 + n:.4f},{19.1 + n / 10:.2f},0.1,g,20.5\n" for n in range(6)]
GOOD = HEADER + "".join(ROWS)
SETTINGS = TypeAdapter(dict[str, SourceSettings])


class Site:
    """An installation's candidates and state, and what is pulled into them."""

    def __init__(self, root: Path) -> None:
        self.candidates, self.state = root / "candidates", root / "state"
        self.there = root / "there"
        self.there.mkdir()
        self.sources: dict[str, dict[str, object]] = {
            "survey": {"kind": "folder", "path": self.there}
        }
        self.time = 1_700_000_000.0
        self.waits: list[float] = []
        self.meanwhile = lambda: None

    def write(self, name: str, content: str | bytes = GOOD, night: str = NIGHT) -> Path:
        """Write a file at the source."""
        path = self.there / night / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def sleep(self, seconds: float) -> None:
        """Pass the time, with what happens meanwhile."""
        self.waits.append(seconds)
        self.time += seconds
        self.meanwhile()

    def pull(self, **others: object) -> list[str]:
        """One pull, a minute after the last."""
        self.time += 60
        settings = SETTINGS.validate_python(self.sources)
        options = {"sleep": self.sleep, "now": lambda: self.time, **others}
        return pull(settings, self.candidates, self.state, **options)  # type: ignore[arg-type]

    def came(self, night: str = NIGHT) -> dict[str, str]:
        """Candidates of a night, with their content."""
        folder = self.candidates / night
        return {path.name: path.read_text() for path in sorted(folder.glob("*"))}

    def aside(self, name: str, source: str = "survey") -> Path:
        """Where a file is that was set aside."""
        return self.candidates / ".set-aside" / source / NIGHT / name


@pytest.fixture
def site(tmp_path) -> Site:
    return Site(tmp_path)


def touch(path: Path, seconds: float = 10) -> None:
    """Give a file a later time."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + int(seconds * 1e9)))
