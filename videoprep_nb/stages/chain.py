"""The stages of one job: those that its parameters ask for, and what each of them reads from those before it."""

from collections.abc import Sequence
from dataclasses import dataclass

from videoprep_nb.stages.base import Stage
from videoprep_nb.stages.registry import STAGES


@dataclass(frozen=True)
class Chain:
    """The stages of a job.

    Args:
        stages: In the order of their notebooks.

    Example:
        >>> chain = Chain([STAGES["resize"], STAGES["clip"]])
        >>> chain.needs_of(STAGES["clip"]), chain.given_to(STAGES["extract_frames"])["clips"]
        (('resize',), 'clips')
    """

    stages: Sequence[Stage]

    def needs_of(self, stage: Stage) -> tuple[str, ...]:
        """Names of the stages that must be done before a stage; one that is left out stands for those before it."""
        names = {each.name for each in self.stages}
        needs: dict[str, None] = {}
        waiting = list(stage.after)
        while waiting:
            name = waiting.pop(0)
            if name in names:
                needs[name] = None
            else:
                waiting = [*STAGES[name].after, *waiting]
        return tuple(needs)

    def given_to(self, stage: Stage) -> dict[str, str]:
        """What the stages before a stage give it: templates below the scratch folder by name, empty if none does."""
        given = {name: "" for each in STAGES.values() for name in each.gives}
        for each in self._before(stage):
            given |= each.gives
        return given

    def given_at_end(self) -> dict[str, str]:
        """What all stages together give, the last of each name."""
        return {name: template for stage in self.stages for name, template in stage.gives.items()}

    def makes_preview(self, stage: Stage) -> bool:
        """Whether what people watch comes from a stage: the last one that makes it does."""
        makers = [each for each in self.stages if each.writes_preview]
        return bool(makers) and makers[-1].name == stage.name

    def hides_people_after(self, stage: Stage) -> bool:
        """Whether a later stage hides what this one would show."""
        before = {each.name for each in (*self._before(stage), stage)}
        return any(each.hides_people and each.name not in before for each in self.stages)

    def _before(self, stage: Stage) -> list[Stage]:
        return [each for each in self.stages if each.key < stage.key]
