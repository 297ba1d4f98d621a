"""Clients of version 0.1 send old names of parameters; they work until 0.3, with a warning."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, running_server

OLD = {"level_scores": False, "both_directions": False, "camera_motion": "sparse_flow", "second_look": True}
NEW = {"normalize_scores": False, "bidirectional": False, "estimate_camera_motion": "sparse_flow"}
"""The same; ``second_look`` was removed."""
BOTH = {"level_scores": False, "normalize_scores": False}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("videos")
    (folder / "a.mp4").write_bytes(b"no video")
    limits = replace(SMALL_LIMITS, import_roots=(folder,))
    with running_server(tmp_path_factory.mktemp("workspace"), limits) as running:
        yield running


@pytest.fixture
def video(server: RunningServer) -> dict[str, str]:
    return {"server_path": str(server.service.limits.import_roots[0] / "a.mp4")}


def job_file(server: RunningServer, job_id: str) -> Any:
    return json.loads((server.service.workspace.jobs_dir / job_id / "job.json").read_text())


def test_old_parameters_of_a_job_as_json(server: RunningServer, video: dict[str, str]):
    with pytest.warns(FutureWarning) as caught:
        answer = server.client.post("/api/jobs", json={"videos": [video], "params": {"track_persons": OLD}})
    assert answer.status_code == 202, answer.text
    assert job_file(server, answer.json()["job_id"])["params"] == {"track_persons": NEW}
    said = {str(warning.message) for warning in caught}
    assert "level_scores was renamed to normalize_scores; the old name is accepted until version 0.3" in said
    assert "second_look was removed and has no effect; it is accepted until version 0.3" in said


def test_old_parameters_in_yaml(server: RunningServer):
    text = yaml.safe_dump({"track_persons": OLD})
    with pytest.warns(FutureWarning, match="accepted until version 0.3"):
        answer = server.client.post("/api/params", content=text, headers={"Content-Type": "application/yaml"})
    assert answer.json() == {"params": {"track_persons": NEW}, "problems": []}


def test_old_and_new_name_together_are_refused(server: RunningServer, video: dict[str, str]):
    params = {"track_persons": BOTH}
    answer = server.client.post("/api/jobs", json={"videos": [video], "params": params})
    assert_problem(answer, 422, "level_scores: was renamed to normalize_scores, and both are given")
    found = server.client.post(
        "/api/params", content=yaml.safe_dump(params), headers={"Content-Type": "application/yaml"}
    ).json()
    assert [problem["field"] for problem in found["problems"]] == ["track_persons.level_scores"]
