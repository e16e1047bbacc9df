"""The three commands. Imports are late throughout, since ``--help`` must answer at once."""

import os


def nmma_fit_main() -> None:
    """Entry point of ``nmma-fit``."""
    _begin("nmma-fit")


def make_jobs_main() -> None:
    """Entry point of ``make-jobs``."""
    _begin("make-jobs")


def nmma_fitter_main() -> None:
    """Entry point of ``nmma-fitter``."""
    _begin("nmma-fitter")


def _begin(name: str) -> None:
    """Import a command and run it; Ctrl-C while it is imported ends it in a line too."""
    try:
        from nmma_fitter.cli.common import run

        if name == "nmma-fit":
            from nmma_fitter.cli.fit import fit_app as app

            many = {"--model"}
        elif name == "make-jobs":
            from nmma_fitter.cli.jobs import jobs_app as app

            many = {"--models", "--candidate"}
        else:
            from nmma_fitter.cli.tools import tools_app as app

            many = {"--object", "--model"}
    except KeyboardInterrupt:
        os.write(2, f"\n{name}: interrupted\n".encode())
        os._exit(130)
    run(app, name, many)
