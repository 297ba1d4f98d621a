"""Every word of the page, for people without technical background; those of accounts are in ``account_texts.py``.

Names in braces are filled in. What the scripts of the page have to say is in ``browser_texts.py``.
"""

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.pushes import PushState
from videoprep_nb.server.ui.browser_texts import AND_MORE as AND_MORE
from videoprep_nb.server.ui.browser_texts import BROWSER as BROWSER
from videoprep_nb.server.ui.browser_texts import TITLE as TITLE

LANGUAGE = "en"

# --- above every page ---
NEW_JOB = "New job"
JOBS = "Jobs"
HEALTH = "Health"
LOG_OUT = "Log out"
MAIN_MENU = "Main menu"
SKIP = "Skip to the content"

# --- states ---
STATES = {
    State.WAITING: "not started",
    State.QUEUED: "queued",
    State.RUNNING: "running",
    State.DONE: "done",
    State.COMPLETED_WITH_ERRORS: "completed with errors",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}
SKIPPED = "skipped"
CANCELLING = "being cancelled"
_FRAMES = ("frame", "frames")
_CLIPS = ("clip", "clips")
COUNTED = {
    "frames": _FRAMES,
    "clips": _CLIPS,
    "standard_frame_count": _FRAMES,
    "clip_count": _CLIPS,
    "frame_count": _FRAMES,
    "person_count": ("person", "people"),
}
NO_PEOPLE = "no people found"
OUTCOME = "What came out"
PEOPLE = "People"
CLIPS = "Clips"
FRAMES = "Frames"
LENGTH = "Length"
TIME_TAKEN = "Time taken"
TOOK = "in {time}"

# --- list of jobs ---
SEARCH = "Name, note, video, number or user"
ANY_STATE = "All states"
STATE = "State"
JOB = "Job"
PROGRESS = "Progress"
VIDEOS = "Videos"
SIZE = "Size"
SUBMITTED_BY = "Submitted by"
SUBMITTED = "Submitted"
NOTHING = "–"
NO_JOBS = "There are no jobs yet."
NO_JOBS_ADVICE = "Submit your first videos"
NONE_FOUND = "No job matches. Change the search or the state."
SHOWN = "{first}–{last} of {total}"
NEWER = "Newer"
OLDER = "Older"
TIME_LEFT = "about {time} left"
NEXT_IN_QUEUE = "next in the queue"
JOBS_AHEAD = ("1 job in front", "{count} jobs in front")
ON_DISK = "On disk"
ALL_ON_DISK = "All jobs: {size} on disk"
CHOOSE_ALL = "Choose all on this page"
CHOOSE_JOB = "Choose {title}"
CANCEL_MANY = "Cancel jobs"
CANCEL_MANY_QUESTION = "Cancel {count}: {titles}? They can be retried later. Finished work is kept for a week."
DELETE_MANY = "Delete jobs"
DELETE_MANY_QUESTION = "Delete {count} with packages and reports: {titles}? This cannot be undone."
KEEP_JOBS = "Keep jobs"

# --- one job ---
VIDEO_SIZE = "{size} of video"
SIZE_ON_DISK = "{size} on disk"
NAME_AND_NOTE = "Name and note"
NAME = "Name"
NOTE = "Note"
ABOUT_ADVICE = "Optional, for finding the job again; both can be changed later. Whoever sees the job sees them."
EDIT_ABOUT = "Edit name and note"
SAVE = "Save"
JOB_ADDRESS = "This page has its own address: bookmark it or send it to a colleague."
COPY_ADDRESS = "Copy address"
QUEUED_ADVICE = "The job starts as soon as a worker is free. You can close this page."
QUEUE_ORDER = ("1 job is in front of it.", "{count} jobs are in front of it.")
QUEUE_ORDER_OF_USER = ("1 job of the same user is in front of it.", "{count} jobs of the same user are in front of it.")
QUEUE_TURNS = (
    "1 other user has jobs, too; users take turns.",
    "{count} other users have jobs, too; users take turns.",
)
RUNNING_ADVICE = "You can close this page. The job continues."
DONE_ADVICE = "The package is ready."
BAD_VIDEOS = "Videos that could not be processed: {count} of {total}."
RESULTS_DELETED = "The files of this job were deleted to free disk space. Submit the videos again if you need them."
NOTIFY = "Notify me when it ends"
CANCEL = "Cancel job"
CANCEL_QUESTION = "Cancel this job? You can retry it later. Finished work is kept for a week."
KEEP_RUNNING = "Keep running"
RETRY = "Retry"
AGAIN = "New job from this one"
DELETE = "Delete job"
DELETE_QUESTION = "Delete this job with its package and reports? This cannot be undone."
KEEP_JOB = "Keep job"
DOWNLOAD_PACKAGE = "Download package"
DOWNLOAD_REPORTS = "Download reports"
VIDEO = "Video"
ALL_VIDEOS = "All videos"
MESSAGES = "Notes"
LATEST_FRAME = "Latest frame"
LATEST_FRAME_OF = "Latest tracked frame of {name}"
RESULT = "Result"
RESULT_FRAME = "Frame {number} of {name} with tracked people"
PREVIEW_OF = "Preview video of {name} with tracks"
FORMATS = "Formats"
FORMATS_ADVICE = "The same result for annotation tools and training. Creating a format repeats no work on the videos."
FORMAT = "Format"
CREATE = "Create"
CREATE_FORMAT = "Create {title}"
BEING_CREATED = "being created"
DOWNLOAD = "Download"
DOWNLOAD_FORMAT = "Download {title}"
PUSH_ADVICE = "The CVAT project backup becomes a project on {server}."
PUSH = "Push to CVAT"
PUSH_AGAIN = "Push to CVAT again"
PUSH_QUESTION = "Create another project on the CVAT server? The project that is there stays."
KEEP_PROJECT = "Keep one project"
PUSH_STATES = {
    PushState.WAITING: "waiting",
    PushState.UPLOADING: "uploading",
    PushState.IMPORTING: "being imported by CVAT",
}
PUSH_PROGRESS = "{uploaded} of {total}"
OPEN_PROJECT = "Open the project on CVAT"
OUTDATED_PROJECT = "The project was created from an older package of this job."
PLACES = "Where to look first"
PLACES_ADVICE = (
    "Nobody knows the truth here, but some patterns are typical of wrong tracks. Play the moment to judge it."
)
PLACE_IN_REPORT = "images"
PLACE_IN_REPORT_OF = "Images of {name} at {time} in the report"
PLAY_PLACE = "Play {name} at {time}"
SETTINGS_GIVEN = "Settings that differ from the defaults"
CORRECTIONS = "Corrections"
CORRECTIONS_ADVICE = (
    "What is wrong here, annotators would have to correct in every frame: merge two tracks of one person, split a "
    "track that jumps to another person, delete a track of nobody. Then make the package again; that takes seconds."
)
CORRECTED = "Corrected so far"
UNDO = "Undo"
UNDO_LINE = "Undo: {line} in {video}"
TRACKS_OF = "Tracks of {name}"
TRACK = "Track {name}"
TRACK_TIMES = "{start} to {end}"
TRACK_PIECES = "consists of {pieces}"
SPLIT_HERE = "Split track {name} here, at {time}"
SPLIT_HINT = "Choose a thumbnail to split the track there: it begins the later piece."
NOT_IN_A_FRAME = "in no extracted frame"
MERGE = "Merge chosen tracks"
DELETE_TRACKS = "Delete chosen tracks"
CHOOSE_TWO = "Choose two or more tracks of one person first."
CHOOSE_ONE = "Choose the tracks to delete first."
MAKE_PACKAGE = "Make the package again"
LEFT_OUT = "Left out"
LEFT_OUT_ADVICE = "The selection left these clips out of the package. They come back in seconds, without working again."
LEFT_OUT_CLIPS = "Clips with reasons"
LEFT_OUT_MORE = "… and {count:,} more, see the report of the selection"
BRING_BACK = "Bring back"
BRING_ALL_BACK = "Bring all back"
BRING_CLIP_BACK = "Bring {clip} back"
MAKING_PACKAGE = "The package is being made again"
PACKAGE_IS_OLDER = "The package does not have these corrections yet."
PACKAGE_HAS_THEM = "The package has these corrections; reports and preview videos show the tracks before."
ANNOTATIONS = "Annotations"
ANNOTATIONS_ADVICE = (
    "Upload what annotators exported from CVAT (XML or ZIP, one file per annotator or all tasks) to get training data "
    "for AVA. A new import replaces the last one. Where annotators disagree without a majority, the first file decides."
)
OUTDATED_TRAINING = "The training data was made for an older package of this job. Import the exports again."
CHOOSE_EXPORTS = "Choose exports"
BEING_IMPORTED = "being imported"
DOWNLOAD_TRAINING = "Download training data"
ANNOTATION_REPORT = "Annotation report"
REPORTS = "Reports"
REPORTS_ADVICE = "Each stage writes a report. Read it here or open it in a new tab."
REPORT_OVERVIEW = "Overview"
IN_A_TAB = "{name} in a new tab"
REPORT_FRAME = "Report"
HISTORY = "Activity log"
SHARE = "Share this job"
SHARE_ADVICE = (
    "Whoever has the link sees what came out of this job, without an account: previews, reports and package. "
    "They see no other job and can change nothing."
)
MAKE_SHARE = "Create link"
SHARE_NUMBER = "Link"
SHARE_MADE = "Whoever has this link sees the results of this job. It is shown only now:"
COPY_LINK = "Copy"
CLOSE = "Close"
REVOKE_SHARE = "Revoke link {number}"
REVOKE_QUESTION = "Revoke this link? Whoever has it sees nothing any more."
KEEP_SHARE = "Keep link"

# --- two jobs side by side ---
COMPARE = "Compare"
COMPARE_TITLE = "Compare {title} with another job"
COMPARE_ADVICE = "These jobs have a video of the same content. Choose one to see what changed."
NOTHING_TO_COMPARE = (
    "No other finished job has a video of the same content. Start a new job from this one with other settings, then "
    "compare the two."
)
COMPARED = "{left} compared with {right}"
TO_JOB = "Open {title}"
BEING_COMPARED = "The jobs are being compared"
PACKAGE = "Package"
PACKAGE_COUNTS = {"clips": "Clips", "frames": "Frames", "persons": "People", "boxes": "Boxes on frames"}
SETTINGS_DIFFER = "Settings that differ"
SAME_SETTINGS = "Both jobs have the same settings."
VERSIONS_DIFFER = "Versions that differ"
ONLY_IN = "Only in {title}"
NO_SAME_VIDEO = "The two jobs have no video of the same content."
IN_BOTH = "{count} in both"
ONLY_HERE = "{count} only here"
PERSON_SECONDS = "Person-seconds"
SAME_BOXES = "{count} with the same boxes"
PLACE_COUNT = "Places to inspect"
PREVIEW_OF_JOB = "Preview video of {name} in {title}"
CHANGES = "What changed in the tracks"
CHANGES_ADVICE = (
    "Play a moment in both preview videos to judge which job is right. Moments without ▶ are in no preview video."
)
NO_CHANGES = "Both jobs have the same people with the same ids."
CHANGES_IN_WORDS = {
    "split": "One person in {left} has two ids in {right}",
    "merged": "Two ids in {left} are one person in {right}",
    "swapped": "Two people change their ids",
    "moved": "The boxes of one person differ",
    "only left": "Only in {left}",
    "only right": "Only in {right}",
    "left longer": "Seen longer in {left}",
    "right longer": "Seen longer in {right}",
}
PLAY_BOTH = "Play both jobs at {time}"
PLACES_CHANGED = "Places to inspect that differ"

# --- what somebody with a link to a job sees ---
SHARED_JOB = "Shared job"
SHARED_ADVICE = "Somebody shared the results of this job with you."
SHARED_UNTIL = "The link is valid until"
SHARED_TOO_EARLY = "The job has not ended. This page shows its results as soon as there are any."
RESULTS_GONE = "The files of this job were deleted to free disk space."
PART = "part {number}"
PARTS = "{done} of {total} parts"
RATE = "{rate} {unit}/s"
PERCENT_DONE = "{percent} % done"

# --- health ---
READY = "The service is ready."
NOT_READY = "The service is not ready:"
HEALTH_GOOD = "All required checks passed."
HEALTH_BAD = "A required check failed; see below."
HEALTH_UNKNOWN = "The checks are running."
DISK = "Disk"
DISK_FREE = "{free} of {total} free"
DISK_TAKEN = "jobs {jobs}, uploads {uploads}"
WORKERS = "Workers"
WORKER_COUNT = "{count} ready or busy"
NO_WORKERS = "none yet; workers need a few seconds to start"
QUEUE = "Jobs by state"
NOTHING_QUEUED = "no jobs yet"
CHECKS = "Checks"
CHECK_GOOD = "ok"
CHECK_MISSING = "missing"
CHECK_USEFUL = "optional"
CLEAN = "Clean up"
CLEAN_ADVICE = "Deletes unused uploads and temporary files of ended jobs. The service does this every hour as well."
CLEANED = "Freed {size}."

# --- new job ---
INTRODUCTION = (
    "Raw videos become one package for people who annotate actions: clips, frames, and every person detected and "
    "tracked. Choose videos and press Start; you can close the page, and download the package when the job is done."
)
CHOOSE_VIDEOS = "Videos"
DROP_HERE = "Drop videos or folders here, or"
CHOOSE_FILES = "Choose files"
CHOOSE_FOLDER = "Choose a folder"
TRY_SAMPLE = "Try it with the sample"
TRY_SAMPLE_ADVICE = "No video at hand? This one shows people in a street for 20 s. Nothing is uploaded."
CHOOSE_FROM_SERVER = "Choose a folder on the server"
TO_FOLDERS = "Back to all folders"
ADD_ALL = "Add all videos"
CHOSEN = "Done"
CUT_ADVICE = "Only the part between start and end is processed. The frames below are the first and the last one of it."
PART_START = "From (seconds)"
PART_END = "To (seconds)"
FIRST_FRAME = "First frame"
LAST_FRAME = "Last frame"
SHOW_PEOPLE = "Show detected people"
SHOW_PEOPLE_ADVICE = "Detects people in three frames of the part with the chosen preset and settings, in some seconds."
WHOLE_VIDEO = "Whole video"
NUMBER = "No."
THUMBNAIL = "Preview"
PROPERTIES = "Properties"
ORDER = "Order"
PRESET = "Quality and speed"
PRESETS = {
    "standard": "Standard – inspects every frame",
    "fast draft": "Fast draft – inspects 8 frames per second or more, faster, less accurate",
    "crowded scene": "Crowded scene – finds small and partly occluded people, slower",
}
SETTINGS = "Settings"
OUTPUT = "Clips, frames and exports"
FOR_ENGINEERS = "For engineers"
START = "Start"
SORT = "Sort by name"
REMOVE_ALL = "Remove all"
PASTED = "Settings from a file"
PASTED_HELP = "paste settings from the tracker lab, or any settings as YAML; all other settings stay as they are"
APPLY_PASTED = "Apply settings"
UNITS = {"s": "seconds", "px": "pixels"}
ACRONYMS = {"nms": "NMS", "iou": "IoU", "crf": "CRF", "jpeg": "JPEG"}
