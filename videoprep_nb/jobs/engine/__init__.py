"""Where tasks run: Dask workers."""
