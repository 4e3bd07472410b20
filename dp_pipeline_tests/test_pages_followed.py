"""The pages for adding a domain and a provider, followed word for word in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from dp_pipeline.database import migrations
from dp_pipeline.database.database import Database
from dp_pipeline_tests.days import clock
from dp_pipeline_tests.providers.openligadb_payloads import round_robin
from dp_pipeline_tests.providers.openligadb_service import Service, of_season

ROOT = Path(__file__).resolve().parent.parent
MODULE = re.compile(r"```(?:python|toml) (\S+)\n(.*?)```", re.DOTALL)
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Copy:
    """A copy of the project that a page is followed in."""

    at: Path

    def add(self, path: str, text: str) -> None:
        """At the end of a file, which may be new."""
        file = self.at / path
        file.parent.mkdir(exist_ok=True)
        before = f"{file.read_text().rstrip()}\n\n\n" if file.exists() else ""
        file.write_text(before + text)

    def put(self, path: str, text: str, before: str) -> None:
        """Before the first place of a file that reads so."""
        file = self.at / path
        there = file.read_text()
        assert before in there, (path, before)
        file.write_text(there.replace(before, text + before, 1))

    def put_instead(self, path: str, text: str, pattern: str) -> None:
        """Instead of what reads so."""
        file = self.at / path
        changed, times = re.subn(pattern, lambda _: text, file.read_text(), flags=re.DOTALL)
        assert times == 1, (path, pattern)
        file.write_text(changed)

    def run(self, *command: str, **environment: str) -> str:
        """What a command prints here; it has to succeed."""
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.at,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(self.at), "DP_HOME": str(self.at)}
            | {"COLUMNS": "200", **clock(), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def check(self) -> None:
        """`make check`, after `make format`; and the import that names what is forgotten."""
        self.run("-m", "ruff", "format", "--quiet", "dp_pipeline")
        self.run("-m", "ruff", "check", "--quiet", "--fix", "dp_pipeline")
        self.run("-m", "ty", "check", "--quiet", "--python", sys.prefix, "dp_pipeline")
        self.run("-c", "import dp_pipeline.definitions")

    def ingest(self, url: str, key: str, base_url: str) -> None:
        """Take a tournament from a service."""
        setting = f"{key.partition(':')[0].upper()}_BASE_URL"
        self.run("-m", "dp_pipeline", "ingest", key, **{"DP_DATABASE_URL": url, setting: base_url})


@pytest.fixture
def project(tmp_path: Path) -> Copy:
    shutil.copytree(ROOT / "dp_pipeline", tmp_path / "dp_pipeline")
    for name in ("pyproject.toml", "dagster.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    return Copy(tmp_path)


def asked(url: str, question: str) -> Sequence[tuple[object, ...]]:
    database = Database(url)
    with database.transaction() as connection:
        rows = [tuple(row) for row in connection.execute(sa.text(question))]
    database.close()
    return rows


@pytest.mark.slow
def test_the_provider_of_its_page_reads_a_season(project: Copy, migrated_url: str) -> None:
    blocks = MODULE.findall((ROOT / "docs/adding-a-provider.md").read_text())
    registry = "dp_pipeline/providers/registry.py"
    for path, text in blocks:
        if path == registry:
            project.put_instead(path, text, r"PROVIDERS: tuple[^\n]*\n")
        elif path.endswith("competitions.toml"):
            entry = r'code = "de\.1"\ntitle = [^\n]*\nnames = [^\n]*\nsource = [^\n]*\n'
            project.put_instead(path, text, entry)
        else:
            project.add(path, text)
    line = "from dp_pipeline.providers.kicker import Kicker\n"
    project.put(registry, line, "from dp_pipeline.providers.openfootball import")
    project.check()

    def match(number: int, home: int, away: int, day: str) -> dict[str, object]:
        return {
            "id": number,
            "round": 1,
            "kickoff": f"{day}T18:30:00Z",
            "state": "over",
            "home": {"id": home, "name": f"Club {home}"},
            "away": {"id": away, "name": f"Club {away}"},
            "homeGoals": home,
            "awayGoals": away,
        }

    matches = [match(11, 3, 1, "2024-08-23"), match(12, 4, 2, "2024-08-24")]
    season = {"name": "Bundesliga", "matches": matches}
    with Service({"/bl/2024.json": season}, seconds=0).listening() as base_url:
        project.ingest(migrated_url, "kicker:bl:2024", base_url)
    question = "SELECT tournament, team, points, rule FROM league_table ORDER BY position LIMIT 2"
    first, second = asked(migrated_url, question)
    assert first[:3] == ("Bundesliga 2024/25", "Club 4", 3)
    assert second[1] == "Club 3"
    assert "bundesliga.com" in str(first[3]), "the competition's own rule"


@pytest.mark.slow
def test_the_domain_of_its_page_stores_what_a_provider_gives(
    project: Copy, postgres_url: str
) -> None:
    page = (ROOT / "docs/adding-a-domain.md").read_text()
    model, contract, parser, source, without, *rest = BLOCK.findall(page)
    table, row, migration, domain, registration = rest
    package, method = "dp_pipeline", "    async def standings("
    project.add(f"{package}/football/models.py", model)
    contract_py = f"{package}/providers/contract.py"
    project.put(contract_py, contract, f"    @abstractmethod\n{method}")
    project.add(f"{package}/providers/openligadb/venues.py", parser)
    sources = {"openligadb": source, "openfootball": without, "sofascore": without}
    for provider, text in sources.items():
        project.put(f"{package}/providers/{provider}/source.py", f"{text}\n", method)
    users = [f"{package}/providers/{provider}/source.py" for provider in sources]
    for path in (*users, contract_py, f"{package}/database/rows.py"):
        models = "from dp_pipeline.football.models import"
        project.put(path, f"{models} Venue\n", models)
    parsed = "from dp_pipeline.providers.openligadb.venues import venues_of\n"
    project.put(users[0], parsed, "from dp_pipeline.providers.polling import")
    project.put(users[1], "Absence, ", "Fetched\n")
    project.add(f"{package}/database/tables/football.py", table)
    path = f"{package}/database/tables/__init__.py"
    project.put(path, "    venue,\n", ")\nfrom dp_pipeline.database.tables.history")
    project.put(path, '    "venue",\n', "]\n")
    project.add(f"{package}/database/rows.py", row)
    project.put(f"{package}/database/tables/ledger.py", '"venues", ', '"logos")')
    number = f"{int(migrations.HEAD) + 1:04}"
    text = migration.replace('"0044"', f'"{migrations.HEAD}"').replace('"0045"', f'"{number}"')
    project.add(f"{package}/database/migrations/versions/{number}_venues.py", text)
    project.add(f"{package}/domains/venues.py", domain)
    path = f"{package}/domains/registry.py"
    project.put_instead(path, registration, r"DOMAINS: tuple.*?\)\n(?=\"\"\")")
    project.put(path, "from dp_pipeline.domains.venues import VENUES\n", "\nDOMAINS: ")
    project.check()
    place = {"locationStadium": "Volkspark", "locationCity": "Ahlen"}
    with of_season(round_robin((1, 2, 3, 4), location=place)).listening() as base_url:
        project.ingest(postgres_url, "openligadb:bl1:2024", base_url)
    assert asked(postgres_url, "SELECT name, city FROM venue") == [("Volkspark", "Ahlen")]
