"""What is not said by the page but shown on it: findings in files, help of settings, messages of jobs, refusals.

These sentences are written where they arise, in English, since reports, command line and logs tell them too. The page
has them in its own language where ``texts.SENTENCES`` has.
"""

import re
from functools import cache

from videoprep_nb.server.ui import texts

_BLANK = re.compile(r"{(\w+)}")
_BETWEEN_SENTENCES = re.compile(r"(?<=\.) ")


def translate(text: str) -> str:
    """Say something in the language of the page.

    Args:
        text: Sentences in English.

    Returns:
        The same in the language of the page; a sentence that has no translation stays as it is.
    """
    return " ".join(map(_translated, _BETWEEN_SENTENCES.split(text)))


def _translated(sentence: str) -> str:
    for pattern, translation in _patterns():
        if match := pattern.fullmatch(sentence):
            return translation.format(**match.groupdict())
    return sentence


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The keys as patterns: what stands for a blank may be anything."""
    patterns = []
    for english, translation in texts.SENTENCES.items():
        parts = _BLANK.split(english)  # words and names of blanks by turns
        pattern = "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        patterns.append((re.compile(pattern, re.DOTALL), translation))
    return patterns
