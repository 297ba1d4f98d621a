"""Every word of the login page and of the pages about accounts.

Names in braces are filled in.
"""

from videoprep_nb.server.security.user_file import Role

# --- login page ---
LOG_IN = "Log in"
LOGIN_PURPOSE = "From raw video to frames with tracked people"
USER_NAME = "User name"
PASSWORD = "Password"  # noqa: S105 - a label
WRONG_LOGIN = "User name or password is wrong."
TOO_MANY_TRIES = "Too many failed attempts. Try again in {seconds} s."
LOGIN_ADVICE = "No account, or forgotten the password? Ask the administrator of this service."

# --- accounts ---
BACK = "Back to the jobs"
CHANGE_PASSWORD = "Change password"  # noqa: S105 - a label
OLD_PASSWORD = "Current password"  # noqa: S105 - a label
NEW_PASSWORD = "New password"  # noqa: S105 - a label
REPEAT_PASSWORD = "Repeat the password"  # noqa: S105 - a label
PASSWORD_ADVICE = "A password has 10 characters or more, such as four words."  # noqa: S105 - a label
CHANGE_ADVICE = "Other browsers are logged out, and your token for programs ends."
MAIL = "E-mail"
MAIL_ADDRESS = "Your address"
MAIL_ADVICE = "You get a message when a job of yours has ended. Leave it empty to get none."
MAIL_CHANGED = "Messages about your jobs go to this address."
MAIL_REMOVED = "You get no messages any more."
SAVE_MAIL = "Save address"
PASSWORD_CHANGED = "Your password is changed. Other browsers are logged out."  # noqa: S105 - a label
WRONG_PASSWORD = "The current password is wrong."  # noqa: S105 - a label
NOT_REPEATED = "The two passwords differ. Type the new password twice."
JOIN = "Create account"
NAME_ADVICE = "A user name has up to 64 of the characters A-Z a-z 0-9 . _ @ -"
INVITED = {
    Role.ADMIN: "You are invited as an administrator, who sees all jobs. Choose a name and a password.",
    Role.MEMBER: "You are invited. Choose a name and a password.",
}
INVITE_ENDED = "This invite was used, has expired, or was revoked. Ask the administrator of this service for a new one."
USERS = "Users"
USERS_ADVICE = "Users are removed, and forgotten passwords set, with the command videoprep users."
ROLE = "Role"
ROLES = {Role.MEMBER: "member: sees own jobs", Role.ADMIN: "administrator: sees all jobs"}
INVITE = "Invite a user"
INVITE_ADVICE = "You get a link that works once. Send it to one person, who chooses a name and a password."
DAYS_VALID = "Valid for (days)"
MAKE_INVITE = "Create invite"
INVITE_MADE = "Send this link to the person. It works once and is shown only now:"
INVITES = "Open invites"
INVITE_NUMBER = "Invite"
MADE_BY = "Created by"
EXPIRES = "Expires"
REVOKE = "Revoke"
REVOKE_INVITE = "Revoke invite {number}"
BAD_INVITE = "Got {days} days, expected a whole number from 1 to {max_days}."
