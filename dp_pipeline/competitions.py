"""Which competitions are followed: the file people write, read and checked as a whole.

The file is YAML; competitions.yaml beside this module is the default and shows its form.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from dp_pipeline.providers.errors import InvalidTournamentKeyError
from dp_pipeline.providers.key import TournamentKey, tidied
from dp_pipeline.providers.registry import BY_NAME

if TYPE_CHECKING:
    import yaml

MOST_SEASONS_BACK = 100
MOST_BYTES = 2_000_000
"""5,000 competitions of four lines each are 400 kB."""
# The form has three levels. PyYAML's composer in C recurses, and 100,000 "[" end the process.
DEEPEST = 10

_DEFAULT = "competitions.yaml"
_FIELDS = ("provider", "competition", "seasons_back", "approve")
_YES_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, order=True)
class Competition:
    """A competition that is followed at a provider.

    Args:
        provider: its name, as in a tournament key.
        competition: as in a tournament key.
        seasons_back: how many seasons before the newest are followed too; 0 for the newest alone.
        approve: whether its seasons are ingested without being asked for.
    """

    provider: str
    competition: str
    seasons_back: int = 0
    approve: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the file, and where; lines count from 1."""

    line: int
    sentence: str


class CompetitionsError(Exception):
    """The file of followed competitions cannot be used. The text names every error with its line.

    `problems` is empty when the file could not be read at all.
    """

    def __init__(self, file: str, problems: tuple[Problem, ...], reason: str = "") -> None:
        lines = [f"{file}, line {problem.line}: {problem.sentence}" for problem in problems]
        super().__init__("\n".join(lines) or f"{file} cannot be read: {reason}")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Competitions:
    """The followed competitions, in the file's order."""

    followed: tuple[Competition, ...] = ()

    @property
    def digest(self) -> str:
        """Equal for files that say the same, whatever their comments and order."""
        return hashlib.sha256(repr(sorted(self.followed)).encode()).hexdigest()[:16]


def load(path: Path | None) -> Competitions:
    """Read the file, or the default one for None.

    Raises:
        CompetitionsError: it is not there, or something in it is wrong.
    """
    try:
        if path is None:
            found = resources.files("dp_pipeline").joinpath(_DEFAULT).read_bytes()
        else:
            with path.open("rb") as file:
                found = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = f"{error.strerror or type(error).__name__}."
        raise CompetitionsError(str(path), (), reason) from error
    name = str(path or _DEFAULT)
    if len(found) > MOST_BYTES:
        raise CompetitionsError(name, (), f"it is larger than {MOST_BYTES:,} bytes.")
    try:
        text = found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        problem = Problem(line, "This is not UTF-8; save the file in that encoding.")
        raise CompetitionsError(name, (problem,)) from error
    return _remembered(text, name)


@lru_cache(maxsize=2)
def _remembered(text: str, file: str) -> Competitions:
    # A sensor asks every few seconds, and 5,000 competitions take 0.4 s.
    return parse(text, file)


def parse(text: str, file: str = _DEFAULT) -> Competitions:
    """The competitions in a text.

    Raises:
        CompetitionsError: naming everything that is wrong.
    """
    problems: list[Problem] = []
    root = _compose(text, problems)
    followed: dict[tuple[str, str], tuple[Competition, int]] = {}
    for node in _entries(root, problems):
        competition = _entry(node, problems)
        if competition is None:
            continue
        name = (competition.provider, competition.competition)
        if name in followed:
            sentence = f"{':'.join(name)} is followed already, in line {followed[name][1]}."
            problems.append(Problem(_line(node), sentence))
        else:
            followed[name] = (competition, _line(node))
    if problems:
        raise CompetitionsError(file, tuple(sorted(problems, key=lambda p: p.line)))
    return Competitions(tuple(competition for competition, _ in followed.values()))


def _compose(text: str, problems: list[Problem]) -> "yaml.Node | None":
    import yaml
    from yaml.reader import ReaderError

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                sentence = "Lists within lists within lists: that is not the form of this file."
                problems.append(Problem(event.start_mark.line + 1, sentence))
                return None
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        problems.append(Problem(line, f"This is not YAML: {error.problem or error.context}."))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.append(Problem(line, "This is not YAML: a character that must not be in it."))
    return None


def _entries(root: "yaml.Node | None", problems: list[Problem]) -> Iterator["yaml.MappingNode"]:
    import yaml

    if root is None or _is_null(root):
        return
    if not isinstance(root, yaml.MappingNode):
        problems.append(Problem(_line(root), "The file must begin with `competitions:`."))
        return
    for name, node in _fields(root, ("competitions",), problems).items():
        if _is_null(node):
            continue
        if not isinstance(node, yaml.SequenceNode):
            sentence = f"`{name}` must be a list, each entry beginning with `- provider:`."
            problems.append(Problem(_line(node), sentence))
            continue
        for entry in node.value:
            if isinstance(entry, yaml.MappingNode):
                yield entry
            else:
                sentence = "An entry needs `provider:` and `competition:`."
                problems.append(Problem(_line(entry), sentence))


def _entry(node: "yaml.MappingNode", problems: list[Problem]) -> Competition | None:
    before = len(problems)
    fields = _fields(node, _FIELDS, problems)
    missing = [name for name in _FIELDS[:2] if name not in fields]
    problems += [Problem(_line(node), f"`{name}` is missing.") for name in missing]
    provider = _text(fields, "provider", problems)
    provider = None if provider is None else tidied(provider)
    typed = _text(fields, "competition", problems) or ""
    competition = tidied(typed) or None
    seasons_back = _text(fields, "seasons_back", problems) or "0"
    approve = _text(fields, "approve", problems) or "false"
    if provider is not None and provider not in BY_NAME:
        sentence = f"There is no provider {provider!r}; the providers are {', '.join(BY_NAME)}."
        problems.append(Problem(_line(fields["provider"]), sentence))
    elif competition is not None and not _can_be_in_a_key(competition):
        sentence = (
            f"The competition {typed[:100]!r} cannot be part of a tournament key: it may "
            "hold only lower-case letters, digits, '.', '_' and '-'."
        )
        problems.append(Problem(_line(fields["competition"]), sentence))
    if not _is_count(seasons_back):
        sentence = (
            f"`seasons_back` must be a whole number from 0 to {MOST_SEASONS_BACK}, "
            f"not {seasons_back[:100]!r}."
        )
        problems.append(Problem(_line(fields["seasons_back"]), sentence))
    if approve.lower() not in _YES_NO:
        sentence = f"`approve` must be true or false, not {approve[:100]!r}."
        problems.append(Problem(_line(fields["approve"]), sentence))
    if len(problems) > before or provider is None or competition is None:
        return None
    return Competition(provider, competition, int(seasons_back), _YES_NO[approve.lower()])


def _fields(
    node: "yaml.MappingNode", known: tuple[str, ...], problems: list[Problem]
) -> dict[str, "yaml.Node"]:
    """The values of a mapping by name; what is unknown or said twice is a problem."""
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key.value, str) else "a list"
        if name not in known:
            expected = ", ".join(f"`{field}`" for field in known)
            sentence = f"{name[:100]!r} is not known here; known is {expected}."
            problems.append(Problem(_line(key), sentence))
        elif name in fields:
            sentence = f"`{name}` is given already, in line {_line(fields[name])}."
            problems.append(Problem(_line(key), sentence))
        else:
            fields[name] = value
    return fields


def _text(fields: Mapping[str, "yaml.Node"], name: str, problems: list[Problem]) -> str | None:
    """A value as it is written: `17` and `no` are competitions, whatever they mean to YAML."""
    node = fields.get(name)
    if node is None:
        return None
    if not isinstance(node.value, str):
        problems.append(Problem(_line(node), f"`{name}` must be one value, not a list."))
        return None
    if not node.value.strip():
        problems.append(Problem(_line(node), f"`{name}` has no value."))
        return None
    return node.value.strip()


def _can_be_in_a_key(competition: str) -> bool:
    try:
        TournamentKey.parse(f"p:{competition}:0")
    except InvalidTournamentKeyError:
        return False
    return True


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 5 and int(text) <= MOST_SEASONS_BACK  # noqa: PLR2004 - longer ones are too large


def _is_null(node: "yaml.Node") -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def _line(node: "yaml.Node") -> int:
    return node.start_mark.line + 1
