"""The user file, and the commands that change it."""

import json
import re
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner, Result

from videoprep_nb.cli.main import app
from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.models import owner_name
from videoprep_nb.server.security import user_file as user_file_module
from videoprep_nb.server.security.digests import digest_of
from videoprep_nb.server.security.user_file import (
    Role,
    User,
    add_user,
    new_token,
    read_users,
    remove_user,
    revoke_token,
    set_password,
)
from videoprep_nb.server.security.users import Users

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
    assert anna.user == User("anna", Role.MEMBER, anna.user_id)
    assert users.with_token(token) == anna
    assert users.with_password("anna", PASSWORD + "x") is None
    assert users.with_password("nobody", PASSWORD) is None
    assert users.with_password("anna", "x" * 100_000) is None
    for wrong in ("", token + "x", "\ud800"[:0]):
        assert users.with_token(wrong) is None


def test_changed_password_ends_the_token(file: Path):
    token = new_token(file, "anna")
    set_password(file, "anna", "another long password")
    assert Users(file).with_token(token) is None


def test_revoked_token_ends_and_another_user_keeps_theirs(file: Path):
    add_user(file, "bert", Role.MEMBER, PASSWORD)
    annas, berts = new_token(file, "anna"), new_token(file, "bert")
    users = Users(file)
    revoke_token(file, "anna")
    assert (users.with_token(annas), users.with_token(berts)) == (None, users.named("bert"))
    with pytest.raises(InputError, match="anna has no token"):
        revoke_token(file, "anna")


def test_ids_never_come_back(file: Path):
    first = read_users(file).named("anna").user_id
    remove_user(file, "anna")
    add_user(file, "anna", Role.MEMBER, PASSWORD)
    second = read_users(file).named("anna").user_id
    assert first != second
    assert (owner_name(first), owner_name(second)) == ("anna", "anna")


def old_file(folder: Path, token: str) -> Path:
    """A user file of version 0.1."""
    file = folder / "old.json"
    password_hash = PasswordHasher().hash(PASSWORD)
    user = {"name": "anna", "role": "member", "password_hash": password_hash, "token_sha256": digest_of(token)}
    file.write_text(json.dumps({"users": [user, user | {"name": "bert", "token_sha256": ""}]}))
    return file


def test_file_of_version_0_1_goes_on_and_its_tokens_get_an_end(tmp_path: Path):
    file = old_file(tmp_path, "an old token")
    now = datetime.now(UTC)
    users = Users(file, lambda: now)
    anna = users.with_token("an old token")
    assert anna == users.with_password("anna", PASSWORD) == users.named("anna")
    assert anna.user == User("anna", Role.MEMBER, "anna")
    assert users.named("bert").token is None
    assert not users.has_expired(anna.token)
    now += timedelta(days=91)
    assert users.has_expired(Users(file, lambda: now).named("anna").token)
    new_token(file, "bert")
    assert read_users(file).named("anna") == anna


def test_old_file_that_cannot_be_written_to_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = old_file(tmp_path, "an old token")

    def refuse(*_: object) -> None:
        raise InputError("read-only")

    monkeypatch.setattr(user_file_module, "write_private", refuse)
    users = Users(file)
    assert not users.has_expired(users.with_token("an old token").token)


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
    for change in (remove_user, new_token, revoke_token):
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

    assert users("invite").exit_code == 2
    assert not file.exists()
    assert users("add", "root", "--role", "admin", typed=PASSWORD + "\n").exit_code == 0
    assert users("add", "anna", typed=PASSWORD).exit_code == 0
    assert [(user.name, user.role) for user in read_users(file).users] == [("root", "admin"), ("anna", "member")]
    token = users("token", "anna").stdout.strip()
    assert Users(file).with_token(token).name == "anna"
    [listed] = users("tokens").stdout.splitlines()
    expiry = datetime.now(UTC) + timedelta(days=90)
    assert re.fullmatch(rf"anna  …{re.escape(token[-4:])}  created .* UTC  expires {expiry:%Y-%m-%d} .* UTC", listed)
    assert token not in listed
    brief = users("token", "anna", "--days", "0.5").stdout.strip()
    expires_at = Users(file).with_token(brief).token.expires_at
    assert expires_at - datetime.now(UTC) == pytest.approx(timedelta(days=0.5), abs=timedelta(minutes=5))
    assert users("token", "anna", "--days", "0").exit_code == 2
    assert users("revoke", "anna").exit_code == 0
    assert users("tokens").stdout == ""
    assert users("token", "anna").exit_code == 0
    assert users("password", "anna", typed="another long password\n").exit_code == 0
    assert Users(file).with_password("anna", "another long password") is not None
    assert users("list").stdout.split("\n")[:2] == ["root  admin", "anna  member"]
    link = users("invite", "--role", "admin", "--days", "2", "--address", "https://example.org/").stdout.strip()
    [invite] = read_users(file).invites
    assert re.fullmatch(r"https://example\.org/login/invite\?key=[\w-]{43}", link)
    [listed] = users("invites").stdout.splitlines()
    assert re.fullmatch(
        rf"{invite.invite_id}  admin  expires {datetime.now(UTC) + timedelta(days=2):%Y-%m-%d} .* UTC", listed
    )
    assert users("revoke-invite", invite.invite_id).exit_code == 0
    assert users("invites").stdout == ""
    assert users("revoke-invite", invite.invite_id).exit_code == 2
    assert users("remove", "anna").exit_code == 0
    refused = users("remove", "anna")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "anna" in refused.stderr
    assert users("add", "bert", typed="short\n").exit_code == 2
    assert users("list").stdout.split() == ["root", "admin"]
