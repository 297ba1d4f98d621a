"""The chain of a job: stages that it leaves out, and stages that take the place of another's products."""

from dataclasses import replace

from videoprep_nb.stages.base import Scope
from videoprep_nb.stages.chain import Chain
from videoprep_nb.stages.registry import STAGES

COVER = replace(
    STAGES["extract_frames"],
    name="cover",
    notebook="04z_cover.ipynb",
    scope=Scope.VIDEO,
    after=("extract_frames", "track_persons"),
    gives={"frames": "covered/frames", "report": "covered/{video_id}.json"},
    outputs={"preview_dir": "{preview}"},
    hides_people=True,
)


def chain_without(name: str) -> Chain:
    return Chain([stage for stage in STAGES.values() if stage.name != name])


def with_cover() -> Chain:
    return Chain(sorted([*STAGES.values(), COVER], key=lambda stage: stage.key))


def test_a_stage_that_is_left_out_stands_for_those_before_it():
    joining = STAGES["generate_proposals"]
    assert set(joining.after) == set(Chain(list(STAGES.values())).needs_of(joining))
    assert set(chain_without("extract_frames").needs_of(replace(joining, after=("extract_frames",)))) == {"clip"}


def test_a_later_stage_takes_the_place_of_anothers_products():
    before, after = STAGES["track_persons"], STAGES["package"]
    assert with_cover().given_to(before)["frames"] == "frames"
    given = with_cover().given_to(after)
    assert (given["frames"], given["clips"]) == ("covered/frames", "clips")


def test_what_no_stage_of_the_job_gives_is_empty():
    assert chain_without("clip").given_to(STAGES["package"])["clips"] == ""
    assert Chain([]).given_to(STAGES["package"])["frames"] == ""


def test_only_the_last_that_makes_a_preview_does():
    made = {stage.name for stage in with_cover().stages if with_cover().makes_preview(stage)}
    assert made == {"cover"}
    assert Chain(list(STAGES.values())).makes_preview(STAGES["track_persons"])


def test_reports_before_the_stage_that_hides_people_show_none():
    chain = with_cover()
    hidden = [stage.name for stage in chain.stages if chain.hides_people_after(stage)]
    assert hidden == ["resize", "clip", "extract_frames", "track_persons"]
