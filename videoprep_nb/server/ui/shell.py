"""The page as Gradio builds it: the form of a new job, and a place for what is live."""

import gradio as gr

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.params import time_ranges_field
from videoprep_nb.jobs.presets import presets
from videoprep_nb.media.suffixes import VIDEO_SUFFIXES
from videoprep_nb.server.ui import texts
from videoprep_nb.server.ui.form import form_fields
from videoprep_nb.server.ui.templates import render

_LISTED_STATES = [State.QUEUED, State.RUNNING, State.DONE, State.COMPLETED_WITH_ERRORS, State.FAILED, State.CANCELLED]


def build_page() -> gr.Blocks:
    """The page, the same for all; its scripts ask for what depends on who sees it. Nothing is called by Gradio."""
    page = gr.Blocks(title=texts.TITLE, analytics_enabled=False)
    with page:
        gr.HTML('<div id="vp-top"></div>', elem_id="vp-header", apply_default_css=False)
        new_job = render(
            "new_job.html",
            stages=form_fields(),
            presets=presets(),
            suffixes=VIDEO_SUFFIXES,
            time_ranges=time_ranges_field(),
        )
        gr.HTML(new_job, elem_id="vp-new", apply_default_css=False)
        gr.HTML(render("view.html", states=_LISTED_STATES), elem_id="vp-content", apply_default_css=False)
    return page
