"""Values that no form sends, in every parameter and field that the OpenAPI document names: never an error of ours."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support.web_server import RunningServer, running_server

TEXTS = [
    "", "0", "-1", "1e999", "-1e999", "NaN", "Infinity", "0.5", "9" * 19, "9" * 100, "9" * 4000, "1_000", "²", "٣",
    "0x1f", "true", "null", "[]", "\0", "\ufffe", "\u202e", "'", "../..", "/", "%", "x" * 4000,
]  # fmt: skip
JSON_TEXTS = [
    "1e999", "-1e999", "NaN", "-Infinity", "-1", "0.5", "9" * 19, "9" * 400, "9" * 5000, "-" + "9" * 5000, "true",
    "null", '""', r'"\ud800"', r'"\u0000"', r'"\udfff\ud800"', '"²"', "[]", "{}", "[[]]", r'{"\ud800": "\ud800"}',
    "[" * 300 + "]" * 300, "[" * 900 + "]" * 900, "[" * 5000, '{"a":' * 900 + "1" + "}" * 900, "", "'", "\x00",
]  # fmt: skip
BODIES = {
    "/api/estimate": {
        "videos": [{"duration_s": 1, "rate": 1}],
        "params": {
            "clip": {"clip_duration_s": 1},
            "resize": {"width": 640, "frame_rate": "25"},
            "track_persons": {"tracker": "sort", "tracker_options": ["a:1"], "frame_stride": 1},
            "package": {"exports": ["coco"], "labels": "label: person"},
        },
    },
    "/api/jobs": {
        "videos": [{"upload_id": "a"}, {"server_path": "/a"}],
        "params": {"clip": {"clip_duration_s": 1}},
        "options": {"keep_scratch": True, "clips_per_task": 1},
        "clips_per_unit": 1,
    },
    "/api/jobs/1/exports": {"format": "coco", "labels": "label: person", "options": {"a": 1}},
    "/api/jobs/1/annotations": {"uploads": ["a"], "labels": "label: person", "formats": ["ava"]},
}
PLACEHOLDER = "«here»"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("odd")) as running:
        answer = running.client.post("/api/jobs", files={"videos": ("a.mp4", b"no video")})
        job = answer.json()["job_id"]
        running.client.get(f"/api/jobs/{job}/events", timeout=120)  # until it has ended
        yield running


def _operations(server: RunningServer) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    document = server.client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation.get("parameters", [])


def _send(
    server: RunningServer, method: str, path: str, parameters: list[dict], name: str, text: str
) -> httpx.Response:
    """Send a request in which one parameter has an odd value and the others have sensible ones."""
    query, headers = {"follow": "false"}, {"Tus-Resumable": "1.0.0"}
    for parameter in parameters:
        value = text if parameter["name"] == name else "1"
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        elif parameter["in"] == "query" and (parameter["name"] == name or parameter.get("required")):
            query[parameter["name"]] = value
        elif parameter["in"] == "header" and parameter["name"] == name:
            headers[name] = value.encode("utf-8").replace(b"\0", b"").strip().decode("latin-1")
    encoded = {key: value.encode("latin-1") for key, value in headers.items()}
    return server.client.request(method, path, params=query, headers=encoded)


def test_odd_parameters(server: RunningServer):
    faults = []
    for method, path, parameters in _operations(server):
        if method == "delete" and path.startswith("/api/jobs"):
            continue  # the job is needed
        for parameter in parameters:
            for text in TEXTS:
                answer = _send(server, method, path, parameters, parameter["name"], text)
                if answer.status_code >= 500:
                    faults.append((method, path, parameter["name"], text[:30], answer.status_code))
    assert faults == []


def _places(value: Any) -> Iterator[Any]:
    """The value with each of its parts in turn replaced, keys too."""
    yield PLACEHOLDER
    if isinstance(value, dict):
        for key, part in value.items():
            for changed in _places(part):
                yield {**value, key: changed}
        yield {**value, "odd" + PLACEHOLDER: 1}
    elif isinstance(value, list):
        for index, part in enumerate(value):
            for changed in _places(part):
                yield [*value[:index], changed, *value[index + 1 :]]


@pytest.mark.parametrize("path", BODIES)
def test_odd_fields_of_json(path: str, server: RunningServer):
    faults = []
    for changed in _places(BODIES[path]):
        template = json.dumps(changed, ensure_ascii=False)
        for text in JSON_TEXTS:
            as_key = text.strip('"') if text.startswith('"') else "x"
            body = template.replace(f'"{PLACEHOLDER}"', text).replace(PLACEHOLDER, as_key)
            headers = {"Content-Type": "application/json"}
            answer = server.client.post(path, content=body.encode("utf-8"), headers=headers)
            if answer.status_code >= 500 or len(answer.content) > 10_000:
                faults.append((template[:200], text[:30], answer.status_code, len(answer.content)))
    assert faults == []


@pytest.mark.parametrize(
    "value",
    [
        "1.e+999", "-.inf", ".nan", "9" * 400, "9" * 5000, "0x" + "f" * 5000, "1:59:59", "2026-01-01", "2026-13-45",
        "!!binary aGFsbG8=", "!!set {a, b}", "!!python/object:os.system {}", "!!int x", "!!float ''", "!!timestamp x",
        '"\\ud800"', '"\\U00110000"', "? [a]\n: b", "{[a]: b}", "{{a: 1}: b}", "null", "\x07", "\ufeff", "- a\n b: -",
        "!!omap [a: 1]", "!!pairs [a: 1, a: 2]", "!!null x", "!<tag:a> b", "%YAML 9.9", "--- a\n--- b", "...",
    ],
)  # fmt: skip
def test_odd_yaml(value: str, server: RunningServer):
    values = [
        *(f"{stage}: {{{name}: {value}}}" for stage, name in [("clip", "clip_duration_s"), ("package", "exports")]),
        *(f"{stage}:\n  {name}: {value}" for stage, name in [("resize", "frame_rate"), ("track_persons", "tracker")]),
        f"clip: {value}",
        f"{value}: {{}}",
        f"clip: {{{value}: 1}}",
        value,
    ]
    for text in values:
        answer = server.client.post("/api/params", content=text.encode())
        assert answer.status_code == 200, (text[:100], answer.text[:500])
        assert len(answer.content) < 10_000
    labels = {"format": "coco", "labels": values[-1] or "x"}
    assert server.client.post("/api/jobs/1/exports", json=labels).status_code < 500


@pytest.mark.parametrize("name", ["params", "options", pytest.param("clips_per_unit", marks=pytest.mark.exhaustive)])
def test_odd_fields_of_a_form(name: str, server: RunningServer):
    for text in [*TEXTS, *JSON_TEXTS, '{"clip": 1e999}', '{"clips_per_task": 1e999}', '{"clips_per_task": "\\ud800"}']:
        answer = server.client.post("/api/jobs", files={"videos": ("a", b""), name: (None, text.encode())})
        assert 400 <= answer.status_code < 500, (text[:100], answer.text[:500])
        assert len(answer.content) < 10_000
