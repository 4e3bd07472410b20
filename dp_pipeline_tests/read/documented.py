"""Questions of docs/data-model.md, each found by the words of its comment."""

import re
from pathlib import Path
from typing import LiteralString, cast

_PAGE = Path(__file__).resolve().parents[2] / "docs/data-model.md"


def question(words: str) -> LiteralString:
    """The question under the comment that begins with these words."""
    [questions] = re.findall(r"```sql\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    [found] = [each for each in questions.split("\n\n") if each.startswith(f"-- {words}")]
    return cast("LiteralString", found)
