"""The user file, and the commands that change it."""

import stat
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from videoprep_nb.cli.main import app
from videoprep_nb.core.errors import InputError
from videoprep_nb.server.security.users import (
    Role,
    User,
    Users,
    add_user,
    new_token,
    read_users,
    remove_user,
    set_password,
)

PASSWORD = "four words are enough"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    add_user(tmp_path / "users.json", "anna", Role.MEMBER, PASSWORD)
    return tmp_path / "users.json"


def test_file_keeps_no_secret_and_is_for_its_owner_alone(file: Path):
    token = new_token(file, "anna")
    content = file.read_text()
    assert PASSWORD not in content
    assert token not in content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["users.json"]


def test_passwords_and_tokens_are_recognised(file: Path):
    token = new_token(file, "anna")
    users = Users(file)
    anna = users.with_password("anna", PASSWORD)
    assert anna is not None
    assert anna.user == User("anna", Role.MEMBER) == users.with_token(token)
    assert users.with_password("anna", PASSWORD + "x") is None
    assert users.with_password("nobody", PASSWORD) is None
    assert users.with_password("anna", "x" * 100_000) is None
    for wrong in ("", token + "x", "\ud800"[:0]):
        assert users.with_token(wrong) is None


def test_user_without_a_token_has_no_empty_one(file: Path):
    assert Users(file).with_token("") is None


def test_changes_are_seen_at_once(file: Path):
    users = Users(file)
    set_password(file, "anna", "another long password")
    assert users.with_password("anna", PASSWORD) is None
    assert users.with_password("anna", "another long password") is not None
    add_user(file, "bert", Role.ADMIN, PASSWORD)
    assert users.named("bert") is not None
    remove_user(file, "anna")
    assert users.named("anna") is None
    file.unlink()
    assert users.named("bert") is None


def test_changes_at_the_same_time_are_all_kept(file: Path):
    names = [f"user{number}" for number in range(8)]
    threads = [threading.Thread(target=add_user, args=(file, name, Role.MEMBER, PASSWORD)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {user.name for user in read_users(file).users} == {"anna", *names}


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "ä", "x" * 65, "a b", "<b>"])
def test_bad_names_are_refused(name: str, tmp_path: Path):
    with pytest.raises(InputError, match="user name"):
        add_user(tmp_path / "users.json", name, Role.MEMBER, PASSWORD)
    assert not (tmp_path / "users.json").exists()


@pytest.mark.parametrize("password", ["", "short", "x" * 1001])
def test_bad_passwords_are_refused(password: str, file: Path):
    before = file.read_bytes()
    with pytest.raises(InputError, match="characters"):
        add_user(file, "bert", Role.MEMBER, password)
    with pytest.raises(InputError, match="characters"):
        set_password(file, "anna", password)
    assert file.read_bytes() == before


def test_names_are_taken_once_and_must_be_known(file: Path):
    with pytest.raises(InputError, match="already"):
        add_user(file, "anna", Role.ADMIN, PASSWORD)
    for change in (remove_user, new_token):
        with pytest.raises(InputError, match="bert"):
            change(file, "bert")


@pytest.mark.parametrize("text", ["", "anna:secret", "{}", '{"users": []}', '{"users": [{"name": "anna"}]}', "\xff"])
def test_bad_user_files_are_refused(text: str, tmp_path: Path):
    (tmp_path / "users.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match="videoprep users add"):
        Users(tmp_path / "users.json")


def test_absent_user_file_is_said(tmp_path: Path):
    with pytest.raises(InputError, match="videoprep users add"):
        Users(tmp_path / "users.json")


def test_commands(tmp_path: Path):
    file = tmp_path / "users.json"

    def users(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(app, ["users", *arguments, "--auth-file", str(file)], input=typed)

    assert users("add", "root", "--role", "admin", typed=PASSWORD + "\n").exit_code == 0
    assert users("add", "anna", typed=PASSWORD).exit_code == 0
    assert [(user.name, user.role) for user in read_users(file).users] == [("root", "admin"), ("anna", "member")]
    token = users("token", "anna").stdout.strip()
    assert Users(file).with_token(token) == User("anna", Role.MEMBER)
    assert users("password", "anna", typed="another long password\n").exit_code == 0
    assert Users(file).with_password("anna", "another long password") is not None
    assert users("list").stdout.split("\n")[:2] == ["root  admin", "anna  member  has a token"]
    assert users("remove", "anna").exit_code == 0
    refused = users("remove", "anna")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "anna" in refused.stderr
    assert users("add", "bert", typed="short\n").exit_code == 2
    assert users("list").stdout.split() == ["root", "admin"]
