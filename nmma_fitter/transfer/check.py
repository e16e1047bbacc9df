"""Whether what was sent is there: compared on both sides, or read back."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from nmma_fitter.engine.files import sha256
from nmma_fitter.transfer.failures import FileTrouble
from nmma_fitter.transfer.marks import Sent
from nmma_fitter.transfer.rsync import Rsync
from nmma_fitter.transfer.settings import Verify


def send(client: Rsync, root: Path, files: Sequence[Sent], verify: Verify) -> None:
    """Send files and make sure that they are there, byte by byte.

    What differs although size and time agree, which is all that rsync looks at, is sent once more.

    Raises
    ------
    TransferError
        They could not be sent; `FileTrouble` when some are not there after all.
    """
    client.push(root, [one.name for one in files])
    wrong = not_there(client, root, files, verify)
    if wrong:
        client.push(root, wrong, compare=True)
        wrong = not_there(client, root, [one for one in files if one.name in wrong], verify)
    if wrong:
        more = f" and {len(wrong) - 1} more" if wrong[1:] else ""
        raise FileTrouble(
            f"{client.label}: {wrong[0]}{more} differs there after having been sent twice; does "
            "somebody else write there, or is its disk failing?"
        )


def not_there(client: Rsync, root: Path, files: Sequence[Sent], verify: Verify) -> list[str]:
    """Names of the files that the destination does not have as they were to be sent."""
    if verify == "checksum":
        return client.differing(root, [one.name for one in files])
    with tempfile.TemporaryDirectory(prefix="read-back-") as folder:
        client.fetch([one.name for one in files], Path(folder))
        return [one.name for one in files if not _is(Path(folder) / one.name, one)]


def _is(path: Path, one: Sent) -> bool:
    return path.is_file() and sha256(path) == one.sha256
