"""The command line, as tests call it."""

from click.testing import CliRunner, Result

from cds_service.tools import cli


def run(*arguments: str) -> Result:
    """What ``cds-service ARGUMENTS`` answers: exit code and output."""
    return CliRunner().invoke(cli.main, list(arguments))


def run_on(given: bytes, *arguments: str) -> Result:
    """The same with ``given`` on standard input."""
    return CliRunner().invoke(cli.main, list(arguments), input=given)
