"""The real environment before `.env`, in every process of Dagster.

Dagster puts the `.env` of the directory it is started in over the environment, so that
`DP_DATABASE_URL=… dagster dev` silently worked on the database of a forgotten `.env`. Here what was
really set is put back: once when the instance is made, which is before any child is started, and
whenever Dagster would read `.env` again for a code location.
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from dp_pipeline.instance.dagster_internals import (
    ConfigurableClassData,
    PerProjectEnvFileLoader,
    UserConfigSchema,
    get_env_var_dict,
)


def put_real_environment_first() -> None:
    """Undo what `.env` has replaced; what it has added stays."""
    for name, value in get_env_var_dict(str(Path.cwd())).items():
        real = _environment_at_start().get(name)
        # Only what the file has said: something else was set since by this process itself.
        if real is not None and os.environ.get(name) == value:
            os.environ[name] = real


class RealEnvironmentFirst(PerProjectEnvFileLoader):
    """The `.env` of a project as `dg dev` has it read, without what is set already."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:  # ty: ignore[incompatible-method-override]
        """Nothing to configure: `dg dev` says where the file is."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "RealEnvironmentFirst":
        """Make it; without `inst_data`, which would be searched for the file's place."""
        del inst_data, config_value
        return cls()

    def get_secrets_for_environment(self, location_name: str | None) -> dict[str, str]:
        """What the file adds."""
        added = super().get_secrets_for_environment(location_name)
        return {name: value for name, value in added.items() if name not in os.environ}


@cache
def _environment_at_start() -> Mapping[str, str]:
    # os.environ is what Dagster has made of it by now.
    return psutil.Process().environ()
