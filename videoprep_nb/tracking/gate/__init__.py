"""A gate before the detector: frames in which nothing moves are not detected one by one."""
