"""Units without astronomy: one output file, any command."""

from pathlib import Path

from nmma_fitter.engine.files import canonical_digest
from nmma_fitter.engine.unit import Unit
from nmma_fitter.schedulers.base import Resources
from nmma_fitter.shipped import shipped

TEMPLATES = shipped("templates")


def small_unit(
    outdir: Path,
    obj: str = "ZTF22a",
    version: int = 0,
    *,
    night: str = "n1",
    task: str = "model",
    generation: int = 0,
    command: tuple[str, ...] = ("true",),
) -> Unit:
    """A unit whose digest depends on object, task and version of its data only.

    Its results' folder is there, as that of an installation is.
    """
    outdir.mkdir(parents=True, exist_ok=True)
    (outdir / ".nmma-fitter.json").touch()
    return Unit(
        campaign="test",
        night=night,
        object=obj,
        task=task,
        digest=canonical_digest([obj, task, version]),
        generation=generation,
        folder=outdir / night / obj / task,
        command=command,
        outputs=("out.txt",),
        resources=Resources(seconds=60, memory_mb=500),
        inputs={"config.json": {"object": obj, "version": version}},
    )
