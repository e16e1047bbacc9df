"""Settings of the scheduler ``htcondor``, checked before any daemon sees them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nmma_fitter.schedulers.settings import Value, check_value

# Commands of a submit description that are ours, with where to say otherwise.
_FIXED = """
arguments checkpoint_exit_code environment error executable getenv initialdir input itemdata
leave_in_queue log output periodic_hold periodic_hold_reason periodic_hold_subcode periodic_release
periodic_remove queue transfer_checkpoint_files transfer_executable transfer_input_files
transfer_output_files universe when_to_transfer_output
"""
OURS = {
    **dict.fromkeys(_FIXED.split(), "nothing: jobs are run, found and read back by it"),
    "request_memory": "the model's memory_mb",
    "request_cpus": "the model's cores",
    "job_lease_duration": "scheduler.htcondor.lease_seconds",
    "job_max_vacate_time": "scheduler.htcondor.grace_seconds",
    "should_transfer_files": "scheduler.htcondor.files",
    "request_disk": "scheduler.htcondor.disk_mb",
    "accounting_group": "scheduler.htcondor.accounting_group",
    "container_image": "scheduler.htcondor.container_image",
    "requirements": "scheduler.htcondor.requirements",
}

# The manual's other commands for jobs like ours: HTCondor says nothing of one it cannot read.
_COMMANDS = """
accounting_group_user allowed_execute_duration allowed_job_duration batch_name batch_project
concurrency_limits concurrency_limits_expr container_target_dir copy_to_spool core_size
cuda_version deferral_prep_time deferral_time deferral_window docker_image docker_network_type
docker_override_entrypoint docker_pull_policy email_attributes gpus_maximum_capability
gpus_minimum_capability gpus_minimum_memory gpus_minimum_runtime hold hold_kill_sig image_size
job_ad_information_attrs job_machine_attrs job_machine_attrs_history_length keep_claim_idle kill_sig
kill_sig_timeout load_profile max_idle max_job_retirement_time max_materialize max_retries
max_transfer_input_mb max_transfer_output_mb mount_under_scratch next_job_start_delay nice_user
noop_job notification notify_user periodic_vacate preserve_relative_paths priority rank
remove_kill_sig request_gpus require_gpus retry_request_memory retry_request_memory_increase
retry_request_memory_max retry_until skip_filechecks stack_size starter_debug starter_log
stream_error stream_input stream_output success_exit_code transfer_container transfer_error
transfer_output transfer_plugins use_oauth_services use_x509userproxy ulog_execute_attrs
want_graceful_removal want_job_networking want_name_tag want_remote_io x509userproxy
"""
_KNOWN = frozenset(_COMMANDS.split())


def check_options(options: Mapping[str, str]) -> None:
    """Refuse a command that is ours, or that could be more than one line of a description.

    Raises
    ------
    ValueError
        Names the command.
    """
    for name, value in options.items():
        word = name.lower().removeprefix("+").removeprefix("my.")
        if word in OURS or word.startswith("nmmafitter"):
            remedy = OURS.get(word, "nothing: jobs are found by it")
            raise ValueError(f"command {name!r} is set for every batch; change {remedy}")
        close = difflib.get_close_matches(word, [*OURS, *_KNOWN], n=1, cutoff=0.8)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        wrong = not word.replace("_", "").replace(".", "").isalnum() or not word.isascii()
        if wrong or (close and word not in _KNOWN and word == name.lower()):
            raise ValueError(f"{name!r} is no command of a submit description{hint}")
        check_value(f"command {name!r}", str(value))


def _options(options: Mapping[str, str]) -> Mapping[str, str]:
    check_options(options)
    return options


class HTCondorSettings(BaseModel):
    """``[scheduler.htcondor]``; an empty text leaves a matter to the pool.

    Attributes
    ----------
    pool : str
        Collector to ask for the schedd; "" for the one that this machine's configuration names.
    schedd : str
        Name of the schedd; "" for this machine's own.
    files : {"shared", "transfer"}
        Whether nodes see the work folders, or get what a run needs and send back what it leaves.
    requirements, accounting_group, container_image : str
    extra : mapping
        Further commands of a submit description; ``+Name`` or ``My.Name`` for attributes.
    disk_mb : int
        Scratch space of a job.
    warning_seconds : int
        How long before its time limit a job gets SIGUSR1, 0 for never.
    grace_seconds : int
        Between SIGTERM and SIGKILL, for a job that is to end; with ``files = "transfer"`` its files
        come home within it.
    lease_seconds : int
        A node that is not heard of for so long is given up, and its jobs start elsewhere.
    checkpoint_seconds : int
        With ``files = "transfer"``: how often a run is stopped to send its checkpoint home, and
        goes on where it is; 0 for never.
    hold_tries : int
        How often a job that was held for what may pass by itself is released.
    hold_seconds : int
        How long such a hold lasts.
    keep_seconds : int
        How long ended jobs stay in the queue, where one question finds them; 0 for not at all.
    history : bool
        Whether jobs that left the queue are looked for in the schedd's history.
    command_seconds : float
        Time limit of each call to the pool.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pool: Value = ""
    schedd: Value = ""
    files: Literal["shared", "transfer"] = "shared"
    requirements: Value = ""
    accounting_group: Value = ""
    container_image: Value = ""
    extra: Annotated[dict[str, str], AfterValidator(_options)] = {}
    disk_mb: Annotated[int, Field(ge=1)] = 1000
    warning_seconds: Annotated[int, Field(ge=0)] = 120
    grace_seconds: Annotated[int, Field(ge=1)] = 30
    lease_seconds: Annotated[int, Field(ge=20)] = 300
    checkpoint_seconds: Annotated[int, Field(ge=0)] = 0
    hold_tries: Annotated[int, Field(ge=0)] = 3
    hold_seconds: Annotated[int, Field(ge=0)] = 60
    keep_seconds: Annotated[int, Field(ge=0)] = 3600
    history: bool = True
    command_seconds: Annotated[float, Field(gt=0)] = 60.0
