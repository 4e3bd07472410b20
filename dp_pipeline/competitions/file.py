"""Which competitions are followed: the file people write, read and checked as a whole.

The file is YAML; competitions.yaml beside this module is the default and shows its form.
"""

import dataclasses
import hashlib
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from dp_pipeline.football.key import MalformedKeyError, TournamentKey, tidied
from dp_pipeline.providers.registry import BY_NAME

if TYPE_CHECKING:
    import yaml
    from pydantic_core import ErrorDetails

_Path = tuple[int | str, ...]
_Lines = dict[_Path, int]
MOST_SEASONS_BACK = 100
MOST_BYTES = 2_000_000
"""5,000 competitions of four lines each are 400 kB."""
# The form has three levels. PyYAML's composer in C recurses, and 100,000 "[" end the process.
DEEPEST = 10

_DEFAULT = "competitions.yaml"
_LEVELS = 3
_NULL = "tag:yaml.org,2002:null"
_KEY = "key"
_OURS = "competitions"
_SENTENCES = {
    "seasons_back": f"`seasons_back` must be a whole number from 0 to {MOST_SEASONS_BACK}, not "
    "{0}.",
    "approve": "`approve` must be true or false, not {0}.",
}
_FORM = (
    "The file must begin with `competitions:`.",
    "`competitions` must be a list, each entry beginning with `- provider:`.",
    "An entry needs `provider:` and `competition:`.",
)


def _refuse(sentence: str) -> NoReturn:
    raise PydanticCustomError(_OURS, "{sentence}", {"sentence": sentence})


def _given(value: object, info: ValidationInfo) -> object:
    if isinstance(value, list | dict):
        _refuse(f"`{info.field_name}` must be one value, not a list.")
    return _refuse(f"`{info.field_name}` has no value.") if value == "" else value


def _provider(value: str) -> str:
    name = tidied(value)
    if name not in BY_NAME:
        _refuse(f"There is no provider {name!r}; the providers are {', '.join(BY_NAME)}.")
    return name


def _competition(value: str) -> str:
    name = tidied(value)
    try:
        TournamentKey.parse(f"p:{name}:0")
    except MalformedKeyError:
        _refuse(
            f"The competition {value[:100]!r} cannot be part of a tournament key: it may "
            "hold only lower-case letters, digits, '.', '_' and '-'."
        )
    return name


_GIVEN = BeforeValidator(_given)  # the last validator of a field comes first


@dataclass(frozen=True, order=True, config=ConfigDict(extra="forbid"))
class FollowedCompetition:
    """A competition that is followed at a provider.

    Args:
        provider: its name, as in a tournament key.
        competition: as in a tournament key.
        seasons_back: how many seasons before the newest are followed too; 0 for the newest alone.
        approve: whether its seasons are ingested without approval by a person.
    """

    provider: Annotated[str, BeforeValidator(_provider), _GIVEN]
    competition: Annotated[str, BeforeValidator(_competition), _GIVEN]
    seasons_back: Annotated[int, Field(ge=0, le=MOST_SEASONS_BACK), _GIVEN] = 0
    approve: Annotated[bool, _GIVEN] = False


class _File(BaseModel, extra="forbid"):
    competitions: list[FollowedCompetition] = []


@dataclasses.dataclass(frozen=True, slots=True)
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


@dataclasses.dataclass(frozen=True)
class Competitions:
    """The followed competitions, in the file's order."""

    followed: tuple[FollowedCompetition, ...] = ()

    @cached_property  # two sensors want it every few seconds, and 5,000 competitions take 15 ms
    def digest(self) -> str:
        """Equal for files that say the same, whatever their comments and order."""
        return hashlib.sha256(repr(sorted(self.followed)).encode()).hexdigest()[:16]


def none_followed(path: Path | None) -> str:
    """That a file follows no competition, and what to do about it, in a sentence."""
    if path is None:
        return "No competition is followed; DP_COMPETITIONS names the file that says which."
    return f"{path} follows no competition; take the # from the entries that are wanted."


def load(path: Path | None) -> Competitions:
    """Read the file, or the default one for None.

    Raises:
        CompetitionsError: it is not there, or something in it is wrong.
    """
    try:
        if path is None:
            content = resources.files("dp_pipeline.competitions").joinpath(_DEFAULT).read_bytes()
        else:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = f"{error.strerror or type(error).__name__}."
        raise CompetitionsError(str(path), (), reason) from error
    name = str(path or _DEFAULT)
    if len(content) > MOST_BYTES:
        raise CompetitionsError(name, (), f"it is larger than {MOST_BYTES:,} bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(line, "This is not UTF-8; save the file in that encoding.")
        raise CompetitionsError(name, (problem,)) from error
    return parse(text, name)


@lru_cache(
    maxsize=2
)  # a sensor reads the file every few seconds, and 5,000 competitions take 0.4 s
def parse(text: str, file: str = _DEFAULT) -> Competitions:
    """The competitions in a text.

    Raises:
        CompetitionsError: naming everything that is wrong.
    """
    problems: list[Problem] = []
    lines: _Lines = {}
    data = _data(_compose(text, problems), (), lines, problems)
    followed: dict[tuple[str, str], int] = {}
    try:
        competitions = _File.model_validate(data or {}).competitions
    except ValidationError as error:
        competitions = []
        problems += [_problem(each, lines) for each in error.errors(include_url=False)]
    for at, each in enumerate(competitions):
        name, line = (each.provider, each.competition), lines["competitions", at]
        if name in followed:
            sentence = f"{':'.join(name)} is followed already, in line {followed[name]}."
            problems.append(Problem(line, sentence))
        followed.setdefault(name, line)
    if problems:
        raise CompetitionsError(file, tuple(sorted(problems, key=lambda p: p.line)))
    return Competitions(tuple(competitions))


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


def _data(node: "yaml.Node | None", path: _Path, lines: _Lines, problems: list[Problem]) -> object:
    """What the node at a path says, every value as it is written: `17` and `no` are competitions.

    `lines` takes the line of each path, that of a field's name at (*path, name, KEY); `problems`
    takes fields that are given twice.
    """
    import yaml

    if node is None:
        return None
    lines[path] = _line(node)
    if isinstance(node, yaml.ScalarNode):
        # what is empty above an entry says nothing
        empty: object = [] if path == ("competitions",) else ""
        return empty if node.tag == _NULL else node.value.strip()
    if len(path) > _LEVELS:  # also of a list that holds itself
        return []
    if isinstance(node, yaml.SequenceNode):
        return [_data(each, (*path, at), lines, problems) for at, each in enumerate(node.value)]
    fields: dict[str, object] = {}
    for key, value in node.value:
        name = key.value if isinstance(key.value, str) else "a list"
        if name in fields:
            sentence = f"`{name}` is given already, in line {lines[*path, name]}."
            problems.append(Problem(_line(key), sentence))
        else:
            fields[name] = _data(value, (*path, name), lines, problems)
            lines[*path, name, _KEY] = _line(key)
    return fields


def _problem(error: "ErrorDetails", lines: _Lines) -> Problem:
    """An error of pydantic in our words."""
    path = error["loc"]
    name = str(path[-1])[:100] if path else ""
    line = next(lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in lines)
    if error["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        known = ("competitions",) if len(path) == 1 else FollowedCompetition.__match_args__
        expected = ", ".join(f"`{field}`" for field in known)
        return Problem(lines[*path, _KEY], f"{name!r} is not known here; known is {expected}.")
    if error["type"] == "missing":
        sentence = f"`{name}` is missing."
    elif error["type"] == _OURS:
        sentence = error["msg"]
    else:
        sentence = (_SENTENCES.get(name) or _FORM[len(path)]).format(repr(error["input"])[:100])
    return Problem(line, sentence)


def _line(node: "yaml.Node") -> int:
    return node.start_mark.line + 1
