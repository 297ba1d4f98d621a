"""Which schedulers are accepted, and the files that go with them."""

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.engine.tls import TlsFiles, write_certificate

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "many-machines.md"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.6.7", "localhost", "[::1]"])
@pytest.mark.parametrize("protocol", ["", "tcp://"])
def test_tcp_is_accepted_on_this_machine(host: str, protocol: str):
    assert EngineSettings(scheduler=f"{protocol}{host}:8786").scheduler


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "10.0.0.1:8786", "tcp://[fe80::1]:8786", "cluster:8786"])
def test_tcp_to_other_machines_needs_consent(address: str):
    with pytest.raises(InputError, match=r"run code as you.*--insecure-scheduler"):
        EngineSettings(scheduler=address)
    assert EngineSettings(scheduler=address, allow_insecure=True).scheduler == address


def test_tls_needs_files_and_files_need_tls(files: TlsFiles):
    assert EngineSettings(scheduler="tls://10.0.0.1:8786", tls=files).tls == files
    with pytest.raises(InputError, match="requires --tls-ca, --tls-cert and --tls-key"):
        EngineSettings(scheduler="tls://10.0.0.1:8786")
    with pytest.raises(InputError, match="does not use TLS files"):
        EngineSettings(scheduler="tcp://127.0.0.1:8786", tls=files)
    with pytest.raises(InputError, match="give its address"):
        EngineSettings(tls=files)


def test_files_that_cannot_be_used_are_named_at_once(files: TlsFiles, tmp_path: Path):
    other = write_certificate(tmp_path)
    text = tmp_path / "text.pem"
    text.write_text("This is no certificate.")
    for wrong, message in [
        (TlsFiles(tmp_path / "none.pem", files.cert, files.key), r"none\.pem cannot be read \(No such file"),
        (TlsFiles(files.ca, files.cert, tmp_path), r"cannot be read \(Is a directory\)"),
        (TlsFiles(text, files.cert, files.key), r"text\.pem does not hold a certificate"),
        (TlsFiles(files.ca, text, files.key), "do not belong together"),
        (TlsFiles(files.ca, files.cert, other.key), "do not belong together"),
    ]:
        with pytest.raises(InputError, match=message):
            EngineSettings(scheduler="tls://10.0.0.1:8786", tls=wrong)


def test_key_is_only_for_its_owner_and_never_overwritten(files: TlsFiles):
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    before = files.key.read_bytes()
    with pytest.raises(FileExistsError):
        write_certificate(files.key.parent)
    assert files.key.read_bytes() == before


def test_certificate_does_not_end_before_its_cluster(files: TlsFiles):
    certificate = x509.load_pem_x509_certificate(files.cert.read_bytes())
    assert (certificate.not_valid_before_utc.year, certificate.not_valid_after_utc.year) == (2000, 9999)


def test_command_of_the_guide_makes_files_that_work(tmp_path: Path):
    [command] = [block for block in GUIDE.read_text().split("```") if block.startswith("bash\nopenssl ")]
    try:
        subprocess.run(["bash", "-ec", command.removeprefix("bash\n")], cwd=tmp_path, capture_output=True, check=True)
    except subprocess.CalledProcessError as error:
        if error.returncode == 127:
            pytest.skip("openssl is not installed")
        raise
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    files.check()
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
