"""Stage 4b: faces, persons and regions hidden in all that leaves the job."""
