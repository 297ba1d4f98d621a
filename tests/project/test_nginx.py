"""nginx itself with examples/deploy/nginx.conf in front of a service; skipped where there is no nginx."""

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.job_services import wait_until
from tests.support.web_server import PASSWORDS, free_port, make_users, server_process
from videoprep_nb.jobs.engine.tls import write_certificate

CONFIGURATION = Path(__file__).resolve().parents[2] / "examples" / "deploy" / "nginx.conf"
MAIN = """
daemon off; pid {0}/pid; user root; error_log stderr;
events {{}}
http {{
    access_log off; client_body_temp_path {0}/bodies; proxy_temp_path {0}/answers;
    fastcgi_temp_path {0}/fastcgi; uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
    include {0}/videoprep.conf;
}}
"""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx")]


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client that reaches a service through nginx, by HTTPS."""
    folder = tmp_path_factory.mktemp("nginx")
    files = write_certificate(folder)
    plain, secure, port = free_port(), free_port(), free_port()
    text = CONFIGURATION.read_text()
    text = re.sub(r"listen \[::\].*\n", "", text).replace("listen 80", f"listen {plain}")
    text = text.replace("listen 443", f"listen {secure}").replace(":7860", f":{port}")
    text = re.sub(r"/etc/ssl/\S+fullchain.pem", str(files.cert), text)
    text = re.sub(r"/etc/ssl/\S+privkey.pem", str(files.key), text)
    (folder / "videoprep.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder))
    users = make_users(folder)
    command = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with server_process(folder / "workspace", port, "--auth-file", str(users), "--trusted-proxy", "127.0.0.1"):
        nginx = subprocess.Popen(command)
        try:
            with httpx.Client(
                base_url=f"https://127.0.0.1:{secure}", verify=trust, timeout=60, trust_env=False
            ) as client:
                assert wait_until(lambda: answers(client), 30)
                yield client
        finally:
            nginx.terminate()
            nginx.wait(timeout=30)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/health/live").status_code == 200
    except httpx.TransportError:
        return False


def test_login_cookie_is_for_https_and_the_origin_is_that_of_the_proxy(proxied: httpx.Client):
    login = {"name": "anna", "password": PASSWORDS["anna"]}
    own, foreign = str(proxied.base_url), "https://elsewhere.example.org"
    refused = proxied.post("/login", data=login, headers={"Origin": foreign})
    assert refused.status_code == 403
    answer = proxied.post("/login", data=login, headers={"Origin": own})
    assert answer.status_code == 303
    assert "; Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_videos_pass_whatever_their_size_and_events_come_at_once(proxied: httpx.Client):
    assert proxied.post("/login", data={"name": "anna", "password": PASSWORDS["anna"]}).status_code == 303
    assert proxied.post("/api/estimate", content=b"x" * (17 << 20)).status_code == 413
    files = [("videos", (f"{number}.mp4", b"no video" * (3 << 20))) for number in range(3)]
    job = f"/api/jobs/{proxied.post('/api/jobs', files=files).json()['job_id']}"
    with proxied.stream("GET", f"{job}/events") as stream:
        assert next(stream.iter_lines()).startswith("event:")
        assert proxied.get(job).json()["state"] in ("queued", "running")
    assert proxied.post(f"{job}/cancel").status_code == 202
