"""The chain of a job: stages that it leaves out, and stages that take the place of another's products."""

from dataclasses import replace

from videoprep_nb.jobs.params import JobParams
from videoprep_nb.stages.chain import Chain
from videoprep_nb.stages.registry import STAGES

ALWAYS = JobParams({}).chain
HIDING = JobParams({"anonymize": {"hide": "faces"}}).chain


def chain_without(name: str) -> Chain:
    return Chain([stage for stage in ALWAYS.stages if stage.name != name])


def test_a_stage_that_is_left_out_stands_for_those_before_it():
    joining = STAGES["generate_proposals"]
    assert set(ALWAYS.needs_of(joining)) == {"extract_frames", "track_persons"}
    assert HIDING.needs_of(joining) == ("anonymize",)
    assert chain_without("extract_frames").needs_of(replace(joining, after=("extract_frames",))) == ("clip",)


def test_optional_stages_follow_each_other():
    everything = {
        "sample_frames": {"budget_per_minute": 10},
        "anonymize": {"hide": "faces"},
        "select": {"mode": "keep"},
    }
    chain = JobParams(everything).chain
    assert chain.needs_of(STAGES["anonymize"]) == ("sample_frames",)
    assert chain.given_to(STAGES["anonymize"])["frames"] == "sampled/frames"
    given = chain.given_to(STAGES["package"])
    assert given["frames"] == "anonymized/frames"
    assert given["tracks"] == "sampled/tracks"
    assert given["selection"] == "selection/selection.json"


def test_a_later_stage_takes_the_place_of_anothers_products():
    assert HIDING.given_to(STAGES["track_persons"])["clips"] == "clips"
    given = HIDING.given_to(STAGES["package"])
    assert (given["frames"], given["clips"], given["tracks"]) == ("anonymized/frames", "anonymized/clips", "tracks")
    assert HIDING.given_at_end()["clips"] == "anonymized/clips"


def test_what_no_stage_of_the_job_gives_is_empty():
    assert chain_without("clip").given_to(STAGES["package"])["clips"] == ""
    assert Chain([]).given_to(STAGES["package"])["frames"] == ""


def test_only_the_last_that_makes_a_preview_does():
    makers = [[stage.name for stage in chain.stages if chain.makes_preview(stage)] for chain in (ALWAYS, HIDING)]
    assert makers == [["track_persons"], ["anonymize"]]


def test_reports_before_the_stage_that_hides_people_show_none():
    hidden = [stage.name for stage in HIDING.stages if HIDING.hides_people_after(stage)]
    assert hidden == ["resize", "clip", "extract_frames", "track_persons"]
    assert not any(ALWAYS.hides_people_after(stage) for stage in ALWAYS.stages)
