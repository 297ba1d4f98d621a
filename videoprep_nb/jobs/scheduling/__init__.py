"""Which tasks a job has, and which of them runs next."""
