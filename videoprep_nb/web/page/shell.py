"""The page as Gradio builds it: the form of a new job, and a place for what is live."""

from typing import Any

import gradio as gr

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Service
from videoprep_nb.web import texts
from videoprep_nb.web.access import UserJobs
from videoprep_nb.web.page.form import build_component, form_fields, form_values
from videoprep_nb.web.page.presets import PRESETS, STANDARD
from videoprep_nb.web.page.templates import render

_LISTED_STATES = [State.QUEUED, State.RUNNING, State.DONE, State.COMPLETED_WITH_ERRORS, State.FAILED, State.CANCELLED]
# answered like any other request: Gradio's queue would hold a connection open, and show its own progress
_AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def build_page(service: Service) -> gr.Blocks:
    """The page of a service."""
    fields = form_fields()

    def show_header(request: gr.Request) -> str:
        return render("header.html", user=_user_jobs(service, request).user)

    page = gr.Blocks(title=texts.TITLE, analytics_enabled=False)
    with page:
        header = gr.HTML(elem_id="vp-header", apply_default_css=False)
        with gr.Column(elem_id="vp-new"):
            gr.HTML(render("videos.html"), apply_default_css=False)
            preset = gr.Radio(
                choices=[(texts.PRESETS[name], name) for name in PRESETS],
                value=STANDARD,
                label=texts.PRESET,
                elem_id="vp-preset",
            )
            with gr.Accordion(texts.ADVANCED, open=False):
                components = []
                for stage in dict.fromkeys(field.stage for field in fields):
                    gr.HTML(f"<h3>{texts.STAGES[stage]}</h3>", apply_default_css=False)
                    with gr.Row():
                        components += [build_component(field) for field in fields if field.stage == stage]
            gr.Button(texts.START, variant="primary", elem_id="vp-start")
        gr.HTML(render("view.html", states=_LISTED_STATES), elem_id="vp-content", apply_default_css=False)
        preset.input(lambda name: form_values(fields, PRESETS[name]), preset, components, **_AT_ONCE)
        page.load(show_header, outputs=header, **_AT_ONCE)
    return page


def _user_jobs(service: Service, request: gr.Request) -> UserJobs:
    assert request.request is not None
    return UserJobs(service, request.request.state.user)
