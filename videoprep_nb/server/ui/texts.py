"""Every word of the page and of the login page, for people without technical background.

Names in braces are filled in.
"""

from videoprep_nb.jobs.models import State

TITLE = "videoprep"
LANGUAGE = "en"

# --- above every page ---
NEW_JOB = "New job"
JOBS = "Jobs"
HEALTH = "Health"
LOG_OUT = "Log out"
MAIN_MENU = "Main menu"
SKIP = "Skip to the content"

# --- login page ---
LOG_IN = "Log in"
LOGIN_PURPOSE = "From raw video to frames with persons boxed"
USER_NAME = "User name"
PASSWORD = "Password"  # noqa: S105 - a label
WRONG_LOGIN = "User name or password is wrong."
TOO_MANY_TRIES = "Too many wrong tries. Try again in {seconds} s."
LOGIN_ADVICE = "No account, or forgotten the password? Ask whoever runs this service."

# --- states ---
STATES = {
    State.WAITING: "waiting",
    State.QUEUED: "waiting its turn",
    State.RUNNING: "running",
    State.DONE: "done",
    State.COMPLETED_WITH_ERRORS: "done, with problems",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}
COUNTED = {"frames": ("frame", "frames"), "clips": ("clip", "clips"), "files": ("file", "files")}

# --- list of jobs ---
SEARCH = "Search by video or number"
ANY_STATE = "All states"
STATE = "State"
JOB = "Job"
PROGRESS = "Progress"
VIDEOS = "Videos"
SIZE = "Size"
STARTED_BY = "Started by"
HANDED_IN = "Handed in"
NOTHING = "–"
AND_MORE = "and {count} more"
NO_JOBS = "There are no jobs yet."
NO_JOBS_ADVICE = "Hand in your first videos"
NONE_FOUND = "No job matches. Change the search or choose another state."
SHOWN = "{first}–{last} of {total}"
NEWER = "Newer"
OLDER = "Older"
TIME_LEFT = "about {time} left"

# --- one job ---
JOB_TITLE = "Job {number}"
JOB_ADDRESS = "This page has its own address: bookmark it or send it to a colleague."
COPY_ADDRESS = "Copy address"
QUEUED_ADVICE = "The work begins as soon as a place is free. You can close this page; nothing is lost."
RUNNING_ADVICE = "You can close this page; the work goes on."
DONE_ADVICE = "The package is ready."
BAD_VIDEOS = "Videos that could not be processed: {count} of {total}."
RESULTS_DELETED = "Its files were deleted to make room. Hand the videos in again if you need them."
CANCEL = "Cancel job"
CANCEL_QUESTION = (
    "Cancel this job? You can try again later; for a week, videos that are done by then are not worked on again."
)
RETRY = "Try again"
DELETE = "Delete job"
DELETE_QUESTION = "Delete this job with its package and reports? This cannot be undone."
DOWNLOAD_PACKAGE = "Download package"
DOWNLOAD_REPORTS = "Download reports"
VIDEO = "Video"
ALL_VIDEOS = "All videos"
MESSAGES = "What you should know"
LATEST_FRAME = "Latest picture"
LATEST_FRAME_OF = "Latest tracked picture of {name}"
RESULT = "Result"
RESULT_PICTURE = "Picture {number} of {name}, with the persons found"
PREVIEW_OF = "Preview of {name} with tracks drawn"
REPORTS = "Reports"
REPORTS_ADVICE = "Every step leaves a report with pictures. Read it here or open it in a tab of its own."
REPORT_OVERVIEW = "Overview"
IN_A_TAB = "{name}, in a new tab"
REPORT_FRAME = "Report"
HISTORY = "Everything that happened"
PART = "part {number}"
PARTS = "{done} of {total} parts"
RATE = "{rate}/s"
PERCENT_DONE = "{percent} % done"

# --- health ---
HEALTH_GOOD = "Everything that is needed is there."
HEALTH_BAD = "Something that is needed is missing; see below."
HEALTH_UNKNOWN = "The check-up is under way."
DISK = "Disk"
DISK_FREE = "{free} of {total} free"
WORKERS = "Workers"
WORKER_COUNT = "{count} at work or ready"
NO_WORKERS = "none yet; they need a few seconds to start"
QUEUE = "Jobs by state"
NOTHING_QUEUED = "no jobs yet"
CHECKS = "Check-up"
CHECK_GOOD = "good"
CHECK_MISSING = "missing"
CHECK_USEFUL = "would be useful"
CLEAN = "Clean up"
CLEAN_ADVICE = (
    "Deletes what is no longer needed: left-over uploads and temporary files of ended jobs. It also happens by itself "
    "every hour."
)
CLEANED = "{size} freed."

# --- what the browser itself has to say ---
BROWSER = {
    "offline": "The connection to the server is gone. This page tries again by itself.",
    "yes": "Yes",
    "no": "No",
    "copied": "Copied",
    "uploading": "Upload of {name}",
    "interrupted": "The connection was cut. The upload goes on by itself.",
    "unsent": "That did not reach the server. Do it again when the connection is back.",
    "refused": "The server does not take this file.",
    "left_out": "This file will be left out; the others are worked on.",
    "looking": "Looking into the file …",
    "rate": "{rate} pictures per second",
    "up": "Move {name} up",
    "down": "Move {name} down",
    "remove": "Remove {name}",
    "folders": "Folders on the server",
    "empty_folder": "Nothing here.",
    "already": "{name} is in the list already.",
    "moved": "{name} is now number {number}.",
    "cost": "Takes about {time} when nothing else runs, and up to {disk} of disk space until it is done.",
    "pending": "{count} still on the way.",
    "no_videos": "Choose at least one video; then the job can start.",
    "not_on_page": "this cannot be set on the page; leave it out",
    "empty_input": "empty, expected a number",
    "started": "The job has been handed in. You can close this page; the work goes on.",
}

# --- new job ---
CHOOSE_VIDEOS = "Videos"
DROP_HERE = "Drop video files here, or"
CHOOSE_FILES = "Choose files"
CHOOSE_FROM_SERVER = "Choose a folder on the server"
TO_FOLDERS = "Back to all folders"
TAKE_ALL = "Take all files here"
CHOSEN = "Done"
NUMBER = "No."
PICTURE = "Picture"
FOUND = "What was found"
ORDER = "Order"
PRESET = "How thorough?"
PRESETS = {
    "standard": "Standard – every picture is looked at",
    "fast draft": "Fast draft – every third picture, about three times as fast, less exact",
    "crowded scene": "Crowded scene – finds small and half hidden persons, takes about four times as long",
}
SETTINGS = "Settings"
ADVANCED = "Advanced settings"
START = "Start"
PASTED = "Settings from a file"
PASTED_HELP = "paste what the tracker lab has written, or any settings as YAML; what is not named there stays as it is"
APPLY_PASTED = "Apply settings"
UNITS = {"s": "seconds", "px": "pixels"}
ACRONYMS = {"nms": "NMS", "iou": "IoU", "crf": "CRF", "jpeg": "JPEG"}
