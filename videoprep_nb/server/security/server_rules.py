"""Which parameters of a job may come over the network."""

from collections.abc import Iterator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.jobs.params import JobParams


def check_server_rules(params: JobParams) -> None:
    """Check that parameters may come over the network: some values are for those who sit at the machine.

    Raises:
        ParameterError: One may not, such as a file of the server.
    """
    for problem in rule_problems(params):
        raise problem


def rule_problems(params: JobParams) -> Iterator[ParameterError]:
    """The parameters that may not come over the network, each with its reason."""
    for stage, of_stage in params.each():
        for name, rule in stage.server_rules.items():
            if not rule.accepts(str(getattr(of_stage, name))):
                yield ParameterError(f"{stage.name}.{name}", rule.reason)
