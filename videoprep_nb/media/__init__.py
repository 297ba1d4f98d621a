"""Video files: ffmpeg, probing, resizing, clips and frames."""
