"""``python -m videoprep_nb.cli.main``."""

from videoprep_nb.cli.main import main

main()
