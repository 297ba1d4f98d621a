"""What the search in the list of jobs finds: id, number, user, names of videos, and what people call the job."""

from collections.abc import Iterable

from videoprep_nb.jobs.models import JobAbout, owner_name

CONDITION = "instr('job ' || number || char(10) || search_text, ?)"
"""Whether a job is found, in SQL."""


def search_text(job_id: str, owner: str, video_names: Iterable[str], about: JobAbout) -> str:
    """What the search reads of a job, but for its number."""
    return "\n".join([job_id, *video_names, owner_name(owner), about.name, about.note]).casefold()


def searched(text: str | None) -> str | None:
    """The value of the condition: upper and lower case are the same; None when nothing is searched for."""
    return text.casefold() if text else None
