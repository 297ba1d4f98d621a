"""Records of a job that version 0.1 wrote."""

import json
from pathlib import Path

from videoprep_nb.jobs.models import JobSpec

OF_0_1 = {
    "job_id": "20260131-0123456789abcdef",
    "created_at": "2026-01-31T12:00:00Z",
    "version": "0.1.0",
    "videos": [{"video_id": "1", "original_name": "a.mp4", "path": "/videos/a.mp4"}],
    "params": {"clip": {"clip_duration_s": 10.0}},
    "keep_scratch": True,
    "previews": False,
    "clips_per_unit": 3,
}


def test_unfinished_job_of_the_last_version_keeps_its_options(tmp_path: Path):
    file = tmp_path / "job.json"
    file.write_text(json.dumps(OF_0_1))
    options = JobSpec.read(file).options
    assert (options.keep_scratch, options.previews, options.clips_per_task) == (True, False, 3)
