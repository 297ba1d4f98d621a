"""The page as Gradio builds it: the form of a new job, and a place for what is live."""

import gradio as gr

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Service
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.ui import texts
from videoprep_nb.server.ui.new_job import add_new_job
from videoprep_nb.server.ui.templates import render

_LISTED_STATES = [State.QUEUED, State.RUNNING, State.DONE, State.COMPLETED_WITH_ERRORS, State.FAILED, State.CANCELLED]


def build_page(service: Service) -> gr.Blocks:
    """The page of a service, the same for all; who looks at it is known when it asks for something."""

    def jobs_of(request: gr.Request) -> UserJobs:
        assert request.request is not None
        return UserJobs(service, request.request.state.user)

    def show_header(request: gr.Request) -> str:
        return render("header.html", user=jobs_of(request).user)

    page = gr.Blocks(title=texts.TITLE, analytics_enabled=False)
    with page:
        header = gr.HTML(elem_id="vp-header", apply_default_css=False)
        with gr.Column(elem_id="vp-new"):
            add_new_job(jobs_of)
        gr.HTML(render("view.html", states=_LISTED_STATES), elem_id="vp-content", apply_default_css=False)
        page.load(show_header, outputs=header, queue=False, show_progress="hidden", api_visibility="private")
    return page
