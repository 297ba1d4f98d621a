"""What the formats of CVAT share: options, tasks with their tracks, labels, and the check before writing."""
