"""Start the service, like ``videoprep serve`` and with the same options."""

import typer

from videoprep_nb.cli.console import escape_what_terminals_lack
from videoprep_nb.cli.serve import serve

if __name__ == "__main__":
    escape_what_terminals_lack()
    typer.run(serve)
