"""Reading of web pages in tests, with nothing but the standard library."""

import base64
from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """What a page loads, links to, shows and says."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value or "")
            elif name in ("src", "href", "srcset", "action", "data", "poster"):
                self.loaded.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def images(self) -> list[bytes]:
        """The images inside the page."""
        return [
            base64.b64decode(source.partition(",")[2]) for source in self.loaded if source.startswith("data:image/")
        ]

    @property
    def loads_from_outside(self) -> list[str]:
        """Everything that is not inside the page."""
        return [source for source in self.loaded if not source.startswith("data:")]
