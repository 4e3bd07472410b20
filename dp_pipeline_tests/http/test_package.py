import ast
from pathlib import Path

import dp_pipeline.http

PACKAGE = Path(dp_pipeline.http.__file__).parent


def test_http_knows_no_dagster_and_no_provider() -> None:
    named = {
        name
        for file in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    ours = {".".join(name.split(".")[:2]) for name in named if name.startswith("dp_pipeline")}
    assert ours == {"dp_pipeline.http", "dp_pipeline.database", "dp_pipeline.storage"}
    assert not [name for name in named if name.partition(".")[0].startswith("dagster")]
