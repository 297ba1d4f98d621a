"""The form of a new job: which videos, how thorough, what it will cost, and its start."""

from collections.abc import Callable
from typing import Any

import gradio as gr
from pydantic import BaseModel, ValidationError

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.ui import texts
from videoprep_nb.server.ui.estimate import VideoFacts, estimate
from videoprep_nb.server.ui.form import FormField, build_component, form_fields, read_form, with_preset, with_yaml
from videoprep_nb.server.ui.presets import STANDARD, presets
from videoprep_nb.server.ui.templates import render
from videoprep_nb.server.uploads.sources import VideoSource
from videoprep_nb.stages.registry import STAGES

# answered like any other request: Gradio's queue would hold a connection open, and show its own progress
_AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# tells the script that looks after the uploads
_TELL_STARTED = "(id) => id && window.dispatchEvent(new CustomEvent('vp-started', {detail: id}))"


class DraftVideo(VideoSource):
    """A video that is ready, and what was found in it."""

    facts: VideoFacts


class Draft(BaseModel):
    """What the browser says about the videos of a new job.

    Args:
        videos: Those that are ready, in their order.
        pending: How many are still on their way.
        unsent: How often it could not be told to the server.
    """

    videos: list[DraftVideo] = []
    pending: int = 0
    unsent: int = 0


def add_new_job(jobs_of: Callable[[gr.Request], UserJobs]) -> None:
    """Add the form to the page that is being built.

    Args:
        jobs_of: The jobs of whoever sends a request.
    """
    fields = form_fields()

    def show_cost(draft_text: str, *values: Any) -> tuple[str, Any, str]:
        draft = Draft.model_validate_json(draft_text or "{}")
        try:
            html = _cost(draft, read_form(fields, values))
        except VideoPrepError as error:
            return render("alert.html", message=str(error)), gr.update(interactive=False), ""
        return html, gr.update(interactive=bool(draft.videos) and not draft.pending), ""

    def start(
        request: gr.Request, draft_text: str, chosen_preset: str, shown_preset: str, *values: Any
    ) -> tuple[str, str]:
        if chosen_preset != shown_preset:  # Start was pressed before the inputs followed the preset
            values = tuple(with_preset(fields, values, chosen_preset))
        try:
            draft = Draft.model_validate_json(draft_text or "{}")
            return "", jobs_of(request).submit_sources(draft.videos, read_form(fields, values))
        except (VideoPrepError, ValidationError) as error:
            return render("alert.html", message=str(error)), ""

    def take_pasted(text: str, *values: Any) -> tuple[Any, ...]:
        try:
            return "", "", *with_yaml(fields, values, text)
        except VideoPrepError as error:
            return render("alert.html", message=str(error)), text, *values

    gr.HTML(render("videos.html"), apply_default_css=False)
    gr.HTML(f"<h2>{texts.SETTINGS}</h2>", apply_default_css=False)
    preset = gr.Radio([(texts.PRESETS[name], name) for name in presets()], value=STANDARD, label=texts.PRESET)
    with gr.Accordion(texts.ADVANCED, open=False):
        inputs = _add_inputs(fields)
        pasted = gr.Textbox(label=texts.PASTED, info=texts.PASTED_HELP, lines=3, max_lines=12, elem_id="vp-pasted")
        take = gr.Button(texts.TAKE_PASTED, size="sm", elem_id="vp-take-pasted")
        pasted_problem = gr.HTML(apply_default_css=False)
    draft = gr.Textbox(visible="hidden", elem_id="vp-draft", show_label=False)
    cost = gr.HTML(elem_id="vp-cost", apply_default_css=False)
    button = gr.Button(texts.START, variant="primary", interactive=False, elem_id="vp-start")
    problem = gr.HTML(apply_default_css=False)
    started = gr.Textbox(visible="hidden", show_label=False)
    shown_preset = gr.Textbox(STANDARD, visible="hidden", show_label=False)

    preset.input(
        lambda name, *values: [name, *with_preset(fields, values, name)],
        [preset, *inputs],
        [shown_preset, *inputs],
        **_AT_ONCE,
    ).then(show_cost, [draft, *inputs], [cost, button, problem], **_AT_ONCE)
    take.click(take_pasted, [pasted, *inputs], [pasted_problem, pasted, *inputs], **_AT_ONCE).then(
        show_cost, [draft, *inputs], [cost, button, problem], **_AT_ONCE
    )
    gr.on(
        [draft.change, *(_when_set(component) for component in inputs)],
        show_cost,
        [draft, *inputs],
        [cost, button, problem],
        trigger_mode="multiple",
        **_AT_ONCE,
    )
    button.click(start, [draft, preset, shown_preset, *inputs], [problem, started], **_AT_ONCE).then(
        None, started, None, js=_TELL_STARTED, **_AT_ONCE
    )


def _add_inputs(fields: list[FormField]) -> list[gr.components.Component]:
    inputs = []
    for stage in dict.fromkeys(field.stage for field in fields):
        gr.HTML(f"<h3>{STAGES[stage].title}</h3>", apply_default_css=False)
        with gr.Row(elem_classes="vp-params"):
            inputs += [build_component(field) for field in fields if field.stage == stage]
    return inputs


def _cost(draft: Draft, params: JobParams) -> str:
    """What the job will cost."""
    return render("cost.html", cost=estimate([video.facts for video in draft.videos], params), draft=draft)


def _when_set(component: Any) -> Any:
    """The event of an input that has been filled in; not every key that is pressed on the way there."""
    return component.blur if isinstance(component, gr.Number | gr.Textbox) else component.input
