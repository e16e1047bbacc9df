"""Settings of the scheduler ``slurm``, checked before any command sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nmma_fitter.schedulers.settings import Value
from nmma_fitter.schedulers.slurm_options import DROPPABLE, check_options

Command = Literal["sbatch", "squeue", "scancel", "sacct", "scontrol"]


def _options(options: Mapping[str, str | int | bool]) -> Mapping[str, str | int | bool]:
    check_options(options)
    return options


def _drop(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in DROPPABLE:
            raise ValueError(f"{name!r} cannot be dropped; what can: {', '.join(DROPPABLE)}")
    return names


class SlurmSettings(BaseModel):
    """``[scheduler.slurm]``; an empty text leaves an option to Slurm's own default.

    Attributes
    ----------
    cluster, partition, account, qos, constraint, reservation : str
    nice : int or None
    mail_type, mail_user : str
    extra : mapping
        Further long options of sbatch; True or an empty text for one without a value.
    drop : tuple of str
        Directives of ours to leave out, for sites that refuse them.
    warning_seconds : int
        How long before its time limit a job gets SIGUSR1, 0 for never. Slurm may send it up to
        60 s earlier.
    requeue : bool
        Whether Slurm may start a job again after a node failure or a preemption.
    command_seconds : float
        Time limit of each command. A paused controller makes sbatch wait for its message time-out,
        20 s unless the site has set another.
    commands : mapping
        Other names or whole paths of the commands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cluster: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    partition: Value = ""
    account: Value = ""
    qos: Value = ""
    constraint: Value = ""
    reservation: Value = ""
    nice: int | None = None
    mail_type: Value = ""
    mail_user: Value = ""
    extra: Annotated[dict[str, str | int | bool], AfterValidator(_options)] = {}
    drop: Annotated[tuple[str, ...], AfterValidator(_drop)] = ()
    warning_seconds: Annotated[int, Field(ge=0, le=65535)] = 120
    requeue: bool = True
    command_seconds: Annotated[float, Field(gt=0)] = 60.0
    commands: dict[Command, Annotated[str, Field(pattern="^(/.*|[^/]+)$")]] = {}
