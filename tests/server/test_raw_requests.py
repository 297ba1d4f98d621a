"""Requests that no library sends: each gets exactly one answer, and none breaks the service."""

from collections.abc import Iterator

import pytest

from tests.support.raw_http import connect, exchange, read_answers, request
from tests.support.web_server import RunningServer, running_server

CHUNKED = "Transfer-Encoding: chunked"
HEALTH = request("GET /api/health")
YAML = "POST /api/params"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("raw")) as running:
        yield running


BROKEN = {
    "both lengths": request(YAML, "Content-Length: 4", CHUNKED, body=b"0\r\n\r\n" + HEALTH),
    "both lengths, other order": request(YAML, CHUNKED, "Content-Length: 4", body=b"0\r\n\r\n" + HEALTH),
    "both lengths, nobody reads": request("GET /api/health", "Content-Length: 4", CHUNKED, body=b"0\r\n\r\n" + HEALTH),
    "both lengths, no such path": request("POST /nothing", "Content-Length: 4", CHUNKED, body=b"0\r\n\r\n" + HEALTH),
    "two lengths": request(YAML, "Content-Length: 4", "Content-Length: 5", body=b"a: 1" + HEALTH),
    "list of lengths": request(YAML, "Content-Length: 4, 5", body=b"a: 1"),
    "negative length": request(YAML, "Content-Length: -4", body=b"a: 1"),
    "length with a sign": request(YAML, "Content-Length: +4", body=b"a: 1"),
    "hexadecimal length": request(YAML, "Content-Length: 0x4", body=b"a: 1"),
    "length of 30 digits": request(YAML, f"Content-Length: {'9' * 30}", body=b"a: 1"),
    "empty length": request(YAML, "Content-Length:", body=b"a: 1"),
    "packed chunks": request(YAML, "Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "chunks twice": request(YAML, CHUNKED, CHUNKED, body=b"0\r\n\r\n"),
    "chunks, no name of them": request(YAML, "Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "space before a colon": request(YAML, "Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "no chunk size": request(YAML, CHUNKED, body=b"zz\r\nabc\r\n0\r\n\r\n"),
    "negative chunk size": request(YAML, CHUNKED, body=b"-4\r\na: 1\r\n0\r\n\r\n"),
    "endless chunk size": request(YAML, CHUNKED, body=b"f" * 30 + b"\r\na: 1\r\n0\r\n\r\n"),
    "chunk longer than said": request(YAML, CHUNKED, body=b"4\r\na: 1, b: 2\r\n0\r\n\r\n"),
    "header without a name": request("GET /api/health", ": x"),
    "header without a colon": request("GET /api/health", "nothing"),
    "header with NUL": request("GET /api/health", "X: a\0b"),
    "header with a bare carriage return": request("GET /api/health", "X: a\rY: b"),
    "no host": b"GET /api/health HTTP/1.1\r\n\r\n",
    "two hosts": request("GET /api/health", "Host: localhost"),
    "version 0.9": b"GET /\r\n\r\n",
    "version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version 9.9": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(190) + b"\r\n\r\n",
    "junk": bytes(range(256)) + b"\r\n\r\n",
    "space in the target": request("GET /a b"),
    "bytes in the target": request("GET /caf\xe9"),
    "NUL in the target": request("GET /\0"),
    "absolute target": request("GET http://localhost/api/health"),
    "absolute target of somebody else": request("GET http://[::1/api/health"),
    "target of a proxy": request("CONNECT localhost:80"),
    "target of all": request("OPTIONS *"),
    "target without a slash": request("GET api/health"),
    "method with a space": request("GET GET /api/health"),
    "long target": request(f"GET /{'x' * 100_000}"),
    "long header": request("GET /api/health", f"X: {'x' * 100_000}"),
    "many headers": request("GET /api/health", *(f"X-{number}: x" for number in range(10_000))),
    "long method": request(f"{'G' * 100_000} /"),
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN.keys())
def test_broken_request_is_refused_once_and_ends_the_connection(sent: bytes, server: RunningServer):
    answers = exchange(server.port, sent)
    assert answers.statuses in ([400], [431]), answers.data
    assert answers.is_closed


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([request(YAML, CHUNKED), b"4\r\na: 1\r\n", b"zz\r\n"], id="chunk"),
        pytest.param([request("POST /nothing", CHUNKED), b"zz\r\n", HEALTH], id="nobody reads"),
        pytest.param([request("PATCH /api/uploads/x", CHUNKED), b"4\r\nabcd\r\n", b"zz\r\n"], id="upload"),
        pytest.param([request("POST /api/jobs", CHUNKED), b"4\r\nabcd\r\n", b"zz\r\n"], id="form"),
        pytest.param([request("POST /login", CHUNKED), b"4\r\na=b&\r\n", b"zz\r\n"], id="login"),
    ],
)
def test_body_that_breaks_later_gets_one_answer(pieces: list[bytes], server: RunningServer):
    with connect(server.port) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answers = read_answers(connection)
    [status] = answers.statuses
    assert 400 <= status < 500
    assert answers.is_closed


ODD = {
    "same length twice": request(YAML, "Content-Length: 4", "Content-Length: 4", body=b"a: 1"),
    "length of 20 digits": request(YAML, f"Content-Length: {'9' * 20}", body=b"a: 1"),
    "bare line feeds": HEALTH.replace(b"\r\n", b"\n"),
    "empty lines before": b"\r\n\r\n" + HEALTH,
    "folded header": request("GET /api/health", "X: a\r\n b"),
    "bytes in a header": request("GET /api/health", "X: \xff\xfe"),
    "version 1.0 without a host": b"GET /api/health HTTP/1.0\r\n\r\n",
    "unknown method": request("BREW /api/health"),
    "method of 1,000 letters": request(f"{'G' * 1000} /api/health"),
    "lower-case method": request("get /api/health"),
    "body that nobody reads": request("GET /api/health", "Content-Length: 4", body=b"a: 1"),
    "long body that nobody reads": request("GET /api/health", "Content-Length: 900000", body=b"x" * 300_000),
    "WebSocket": request("GET /", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "HTTP/2": request("GET /api/health", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"),
    "unknown expectation": request("GET /api/health", "Expect: tea"),
    "packed body": request(YAML, "Content-Encoding: gzip", "Content-Length: 4", body=b"\x1f\x8b\x08\0"),
    "host with a path": request("GET /api/health").replace(b"localhost", b"localhost/../x"),
    "host with bytes": request("GET /nothing").replace(b"localhost", b"\xff"),
    "host that does not end": request("GET /nothing").replace(b"localhost", b"[::1"),
    "endless port": request("GET /nothing").replace(b"localhost", b"localhost:" + b"9" * 5000),
    "bytes in a cookie": request("GET /", "Cookie: videoprep_session=\xff; \xfe=\xfd; ="),
    "bytes in a range": request("GET /page/static/page.js", "Range: bytes=\xff-"),
    "endless range": request("GET /page/static/page.js", f"Range: bytes={'9' * 5000}-{'9' * 5000}"),
    "thousand ranges": request("GET /page/static/page.js", f"Range: bytes={','.join(['0-'] * 1000)}"),
    "bytes in a date": request("GET /page/static/page.js", "If-Modified-Since: \xff", "If-None-Match: \xff"),
    "impossible date": request("GET /page/static/page.js", "If-Modified-Since: Mon, 99 Zzz 99999999 99:99:99 GMT"),
    "bytes in a token": request("GET /api/health", "Authorization: Bearer \xff"),
    "bytes in an origin": request("POST /api/clean", "Origin: http://\xff", "Content-Length: 0"),
    "origin that does not end": request("POST /api/clean", "Origin: http://[", "Content-Length: 0"),
    "bytes in a form": request("POST /login", "Content-Length: 12", body=b"name=\xff&next=%"),
    "unknown characters of a body": request(
        "POST /api/estimate", "Content-Type: application/json; charset=\xff", "Content-Length: 2", body=b"{}"
    ),
    "type without an end": request(
        "POST /api/jobs", 'Content-Type: multipart/form-data; boundary="', "Content-Length: 0"
    ),
    "boundary of bytes": request(
        "POST /api/jobs", "Content-Type: multipart/form-data; boundary=\xff", "Content-Length: 6", body=b"--\xff--\n"
    ),
    "UTF-16": request(
        "POST /api/estimate",
        "Content-Type: application/json",
        "Content-Length: 4",
        body="{}".encode("utf-16-le"),
    ),
    "no UTF-8": request("POST /api/estimate", "Content-Type: application/json", "Content-Length: 3", body=b'"\xff"'),
}


@pytest.mark.parametrize("sent", ODD.values(), ids=ODD.keys())
def test_odd_request_gets_one_answer(sent: bytes, server: RunningServer):
    [status] = exchange(server.port, sent).statuses
    assert 200 <= status < 500


TAILS = ["%00", "%FF%FE", "%ED%A0%80", "%", "%zz", "..%2f..%2fetc%2fpasswd", "%5c..%5c", "%0d%0aX:%20y", "x" * 5000]
PLACES = [
    "/",
    "//",
    "/api/",
    "/api/jobs/",
    "/api/jobs/1/reports/",
    "/api/jobs/1/preview/",
    "/api/jobs/1/exports/",
    "/api/uploads/",
    "/api/imports?path=/",
    "/api/imports/probe?path=",
    "/api/jobs?search=",
    "/api/jobs?state=",
    "/api/jobs?",
    "/assets/",
    "/static/",
    "/page/static/",
    "/page/live?view=job&job=",
    "/page/live?view=jobs&search=",
    "/page/live?view=compare&job=1&with=",
    "/login?next=",
    "/gradio_api/",
]


@pytest.mark.parametrize("place", PLACES)
def test_odd_bytes_in_a_path_or_query_break_nothing(place: str, server: RunningServer):
    for tail in TAILS:
        [status] = exchange(server.port, request(f"GET {place}{tail}", "Connection: close")).statuses
        assert 200 <= status < 500, tail


def test_requests_in_one_piece_are_answered_in_turn(server: RunningServer):
    assert exchange(server.port, HEALTH + request("GET /api/nothing") + HEALTH).statuses == [200, 404, 200]
