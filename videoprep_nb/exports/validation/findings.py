"""What is wrong with a package."""

from dataclasses import dataclass

MAX_FINDINGS_PER_CODE = 20


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        code: Kind of finding, a short name that programs can rely on: ``missing-entry``, ``box-out-of-range``, …
        where: Entry, clip, frame or box that it is about.
        message: What the package holds and what was expected.
    """

    code: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.code}]"


class Findings:
    """Collects findings and keeps the first ones of every code, so that a list stays readable and small."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._counts: dict[str, int] = {}

    def add(self, code: str, where: str, message: str) -> None:
        """Add a finding."""
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] <= MAX_FINDINGS_PER_CODE:
            self._kept.append(Finding(code, where, message))

    def listed(self) -> list[Finding]:
        """The findings in the order they were made; what was too much is counted at the end."""
        more = [
            Finding(code, "package", f"and {count - MAX_FINDINGS_PER_CODE} more findings of this kind")
            for code, count in self._counts.items()
            if count > MAX_FINDINGS_PER_CODE
        ]
        return self._kept + more
