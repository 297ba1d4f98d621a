"""Reading raw uploads: opening, time line, display, decoding. Runs in child processes only, as files may be hostile."""
