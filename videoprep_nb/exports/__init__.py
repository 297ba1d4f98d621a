"""What leaves a job: the dense proposals, the package and its validator."""
