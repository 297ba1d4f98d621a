"""Parameters and costs of a job before it is submitted, as the page and other programs ask for them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, running_server
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.presets import STANDARD, presets
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.api.estimate import VideoFacts, estimate

HOUR = VideoFacts(duration_s=3600, rate=25)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("estimate")) as running:
        yield running


def ask(server: RunningServer, params: dict[str, Any], videos: int = 1) -> dict[str, Any]:
    body = {"videos": [HOUR.model_dump()] * videos, "params": params}
    answer = server.client.post("/api/estimate", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def paste(server: RunningServer, text: str | bytes) -> dict[str, Any]:
    answer = server.client.post("/api/params", content=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_job_is_estimated_and_not_submitted(server: RunningServer):
    found = ask(server, {"track_persons": {"frame_stride": 3}})
    assert found["problems"] == []
    assert 0 < found["time_s"] < ask(server, {})["time_s"]
    assert found["disk_bytes"] > 1e9
    assert server.client.get("/api/jobs").json()["total"] == 0


@pytest.mark.parametrize(
    ("stage", "name", "value"),
    [
        ("clip", "clip_duration_s", -1),
        ("clip", "clip_duration_s", None),
        ("resize", "width", 1281),
        ("resize", "width", 1280.5),
        ("track_persons", "tracker", "abc"),
        ("resize", "frame_rate", "fast"),
        ("track_persons", "weights", "/etc/passwd"),
        ("resize", "input_file", "/etc/passwd"),
    ],
    ids=["out of range", "empty", "odd", "no whole number", "no tracker", "no rate", "file", "set by the job"],
)
def test_invalid_parameter_is_named(stage: str, name: str, value: object, server: RunningServer):
    found = ask(server, {stage: {name: value}})
    assert [problem["field"] for problem in found["problems"]] == [f"{stage}.{name}"]
    assert found["problems"][0]["detail"]
    assert found["time_s"] == 0


def test_each_stage_names_its_own_problem(server: RunningServer):
    found = ask(server, {"clip": {"clip_duration_s": -1}, "resize": {"width": 1}, "clop": {}})
    assert [problem["field"] for problem in found["problems"]] == ["clip.clip_duration_s", "resize.width", "stage"]
    assert "clop" in found["problems"][2]["detail"]


def test_submitting_names_the_parameter_too(server: RunningServer):
    body = {"videos": [{"upload_id": "a"}], "params": {"clip": {"clip_duration_s": -1}}}
    answer = server.client.post("/api/jobs", json=body)
    assert_problem(answer, 422, "clip.clip_duration_s")
    assert answer.json()["field"] == "clip.clip_duration_s"


@pytest.mark.parametrize("videos", ["x", [{"duration_s": -1, "rate": 1}], [{"duration_s": 1}], [{}] * 1001])
def test_broken_questions_are_refused(videos: object, server: RunningServer):
    assert_problem(server.client.post("/api/estimate", json={"videos": videos}), 422)


def test_settings_of_the_lab_can_be_pasted(server: RunningServer):
    lab = LabSettings().changed(["tracker:sort", "tracker_options:match_iou:0.4", "frame_stride:2"])
    found = paste(server, yaml.safe_dump({"track_persons": lab.model_dump() | {"image_size": 960}}))
    assert found["problems"] == []
    given = found["params"]["track_persons"]
    assert given["tracker"] == "sort"
    assert given["tracker_options"] == ["match_iou:0.4"]
    assert (given["frame_stride"], given["image_size"]) == (2, 960)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("track_persons: {trackr: sort}", "trackr"),
        ("track_persons: {tracker: nope}", "nope"),
        ("track_persons: {weights: /etc/passwd}", "weights"),
        ("resize: {input_file: /etc/passwd}", "leave it out"),
        ("clip: {clip_duration_s: -1}", "clip_duration_s"),
        ("just words", "expected a stage"),
        ("a: [", "not YAML: line 1"),
        ("[" * 5000, "at most 10 levels"),
        ("&a [*a]", "written out"),
        (b"\xff\xfe", "YAML"),
    ],
)
def test_nonsense_cannot_be_pasted(text: str | bytes, words: str, server: RunningServer):
    found = paste(server, text)
    assert found["params"] == {}
    assert words in "; ".join(f"{problem['field']}: {problem['detail']}" for problem in found["problems"])


def test_endless_yaml_is_refused(server: RunningServer):
    assert_problem(server.client.post("/api/params", content=b"#" * 100_000), 413)


def test_presets_cost_what_their_names_promise():
    standard, draft, crowd = (
        estimate([HOUR], presets()[name]).time_s for name in (STANDARD, "fast draft", "crowded scene")
    )
    assert draft < 0.6 * standard
    assert crowd > 2 * standard


def test_estimate_grows_with_the_videos():
    one, two = estimate([HOUR], JobParams({})), estimate([HOUR, HOUR], JobParams({}))
    assert two.time_s == pytest.approx(2 * one.time_s)
    assert two.disk_bytes == pytest.approx(2 * one.disk_bytes)
    assert estimate([], JobParams({})).time_s == 0
    tiled = estimate([HOUR], JobParams({"track_persons": {"tiles": 2}}))
    assert tiled.time_s / one.time_s == pytest.approx(5, rel=0.2)


@pytest.mark.parametrize(
    ("stage", "values", "field", "words"),
    [
        ("resize", {"width": 7680, "height": 4320}, "resize.width", "33.2 megapixels, expected at most 8.3"),
        ("resize", {"max_frame_rate": 240}, "resize.max_frame_rate", "240 frames per second, expected at most 120"),
        ("resize", {"frame_rate": "200"}, "resize.frame_rate", "200 frames per second, expected at most 120"),
        ("extract_frames", {"frames_per_second": 200}, "extract_frames.frames_per_second", "choose a lower rate"),
    ],
)
def test_too_much_is_refused_before_any_work(stage: str, values: dict, field: str, words: str, server: RunningServer):
    params = {stage: values}
    found = ask(server, params)
    assert [problem["field"] for problem in found["problems"]] == [field]
    assert words in found["problems"][0]["detail"]
    assert words in paste(server, yaml.safe_dump(params))["problems"][0]["detail"]
    form = {"params": json.dumps(params)}
    assert_problem(server.client.post("/api/jobs", files={"videos": ("a.mp4", b"x")}, data=form), 422, field, words)
    assert server.client.get("/api/jobs").json()["total"] == 0


def test_part_of_a_video_costs_less_and_must_lie_in_it(server: RunningServer):
    whole, part = (ask(server, params) for params in ({}, {"resize": {"time_ranges": ["1:60-120"]}}))
    assert part["time_s"] < whole["time_s"] / 10
    [problem] = ask(server, {"resize": {"time_ranges": ["1:4000-"]}})["problems"]
    assert problem["field"] == "resize.time_ranges"
    assert problem["detail"] == "start (4000 s) is after the end of video 1 (1 h 00 min)"
    form = {"params": json.dumps({"resize": {"time_ranges": ["2:1-2"]}})}
    answer = server.client.post("/api/jobs", files={"videos": ("a.mp4", b"x")}, data=form)
    assert_problem(answer, 422, "got video '2', expected 1 or a file name")


def test_scratch_of_a_job_is_limited_before_it_begins(tmp_path: Path):
    """As soon as its video was inspected; the page says so even before."""
    write_sample(tmp_path / "sample.mp4", duration_s=2.0)
    limits = replace(SMALL_LIMITS, scratch_bytes=1_000_000, import_roots=(tmp_path,))
    with running_server(tmp_path / "workspace", limits) as server:
        found = ask(server, {})
        assert found["disk_bytes"] > 1e9
        assert [problem["field"] for problem in found["problems"]] == [""]
        assert "GB, at most 0.001 GB are allowed; make several jobs" in found["problems"][0]["detail"]
        path = str(tmp_path / "sample.mp4")
        assert server.client.get("/api/imports/probe", params={"path": path}, timeout=120).json()["problem"] == ""
        answer = server.client.post("/api/jobs", json={"videos": [{"server_path": path}]})
        assert_problem(answer, 413, "at most 0.001 GB")
        assert server.client.get("/api/jobs").json()["total"] == 0
