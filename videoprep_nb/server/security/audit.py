"""What somebody may have to answer for: log-ins, tokens, changes of users, and what was done with jobs."""

from videoprep_nb.server.logs import JsonLines
from videoprep_nb.server.security.user_file import UserFile, UserRecord
from videoprep_nb.server.security.users import Users


class AuditLog:
    """The audit log of a service. It never holds a password or a token.

    Args:
        lines: Where it is written.
    """

    def __init__(self, lines: JsonLines) -> None:
        self._lines = lines

    def note(
        self, action: str, outcome: str, name: str = "", address: str = "", subject: str = "", **more: int | str
    ) -> None:
        """Add a line.

        Args:
            action: What was done.
            outcome: What became of it.
            name: Who did it, or who they said they are; empty when that is not known.
            address: Where the request came from; empty for what came from none.
            subject: What it was done to, such as the id of a job.
            more: Numbers and words that only some actions have.
        """
        self._lines.write(name=name, address=address, action=action, object=subject, outcome=outcome, **more)

    def follow(self, users: Users) -> None:
        """Note who the users are now, and from now on every change of their file."""
        known = users.watch(self._note_changes)
        self.note("users at start", "done", subject=", ".join(f"{user.user_id} ({user.role})" for user in known.users))

    def _note_changes(self, before: UserFile, after: UserFile) -> None:
        old, new = ({user.user_id: user for user in file.users} for file in (before, after))
        for user_id in {**old, **new}:
            for action in _changes(old.get(user_id), new.get(user_id)):
                self.note(action, "done", subject=user_id)
        was, now = ({invite.invite_id: invite for invite in file.invites} for file in (before, after))
        for invite_id in now.keys() - was.keys():
            invite = now[invite_id]
            self.note(f"invite created for {invite.role}", "done", invite.made_by, subject=invite_id)
        for invite_id in was.keys() - now.keys():
            self.note("invite ended", "done", subject=invite_id)


def _changes(old: UserRecord | None, new: UserRecord | None) -> list[str]:
    if new is None:
        return ["user removed"]
    if old is None:
        return [f"user added as {new.role}", *(["token created"] if new.token else [])]
    changes = []
    if new.role is not old.role:
        changes.append(f"role changed to {new.role}")
    if new.password_hash != old.password_hash:
        changes.append("password changed")
    if new.token != old.token:
        changes.append("token created" if new.token else "token ended")
    return changes
