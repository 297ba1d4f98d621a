"""Jobs: a chain of notebooks run in a folder of their own."""
