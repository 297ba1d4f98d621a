"""A reader of nginx configurations, enough to ask which location serves a path, and with what."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"""\s*(?:#[^\n]*\n|("(?:\\.|[^"])*")|([{};])|((?:[^\s{};"'#\\]|\\.)+))""")


@dataclass
class Directive:
    """``name arguments;`` or ``name arguments { block }``."""

    name: str
    arguments: list[str]
    block: list["Directive"] = field(default_factory=list)

    def all(self, name: str) -> list["Directive"]:
        return [directive for directive in self.block if directive.name == name]

    def value(self, name: str) -> str | None:
        """The arguments of the last directive of a name; None when there is none."""
        found = self.all(name)
        return " ".join(found[-1].arguments) if found else None


def read_nginx(text: str) -> Directive:
    """The whole file as the block of a nameless directive.

    Raises:
        ValueError: A brace or semicolon is missing.
    """
    root = Directive("", [])
    open_blocks = [root]
    words: list[str] = []
    position = 0
    text = f"{text.rstrip()}\n"
    while match := _TOKEN.match(text, position):
        position = match.end()
        quoted, mark, word = match.groups()
        if quoted or word:
            words.append(quoted.strip('"') if quoted else word)
        elif mark == "}":
            if words or len(open_blocks) == 1:
                raise ValueError(f"unexpected }} after {words}")
            open_blocks.pop()
        elif mark:
            if not words:
                raise ValueError(f"nothing before {mark}")
            directive = Directive(words[0], words[1:])
            open_blocks[-1].block.append(directive)
            words = []
            if mark == "{":
                open_blocks.append(directive)
    if words or len(open_blocks) > 1 or text[position:].strip():
        raise ValueError(f"not closed: {words or text[position:][:50]}")
    return root


def location_of(server: Directive, path: str) -> Directive:
    """The location that nginx takes: an exact one, else the first regular expression, else the longest prefix."""
    locations = server.all("location")
    exact = [one for one in locations if one.arguments == ["=", path]]
    expressions = [one for one in locations if one.arguments[0] == "~" and re.search(one.arguments[1], path)]
    prefixes = [one for one in locations if len(one.arguments) == 1 and path.startswith(one.arguments[0])]
    return [*exact, *expressions, *sorted(prefixes, key=lambda one: -len(one.arguments[0]))][0]


def setting(server: Directive, path: str, name: str) -> str | None:
    """What holds for a path: the directive of its location, else that of the server."""
    return location_of(server, path).value(name) or server.value(name)
