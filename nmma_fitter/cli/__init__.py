"""The three commands. Imports are late throughout, since ``--help`` must answer at once."""


def nmma_fit_main() -> None:
    """Entry point of ``nmma-fit``."""
    from nmma_fitter.cli.common import run
    from nmma_fitter.cli.fit import fit_app

    run(fit_app, "nmma-fit", {"--model"})


def make_jobs_main() -> None:
    """Entry point of ``make-jobs``."""
    from nmma_fitter.cli.common import run
    from nmma_fitter.cli.jobs import jobs_app

    run(jobs_app, "make-jobs", {"--models", "--candidate"})


def nmma_fitter_main() -> None:
    """Entry point of ``nmma-fitter``."""
    from nmma_fitter.cli.common import run
    from nmma_fitter.cli.tools import tools_app

    run(tools_app, "nmma-fitter", {"--object", "--model"})
