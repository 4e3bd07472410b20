"""The last check of entities before they are stored: what no column can hold is left out by name.

Payload models are bounded already; this is for what was derived from them, orders, sums and ids.
"""

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Fetched, Finding
from dp_pipeline.providers.reading import first_failure

T = TypeVar("T")


def fitting(fetched: Fetched[T]) -> Fetched[T]:
    """What was fetched, without the entities that cannot be stored; these are named.

    Raises InvalidShapeError when not one of them can be.
    """
    items: list[T] = []
    findings = list(fetched.findings)
    for item in fetched.items:
        try:
            _adapter(type(item)).validate_python(_values(item))
        except ValidationError as error:
            findings.append(_finding(item, error))
        else:
            items.append(item)
    if fetched.items and not items:
        message = f"Nothing of this can be stored. {findings[-1].subject}: {findings[-1].detail}"
        raise InvalidShapeError(message)
    return replace(fetched, items=tuple(items), findings=tuple(findings))


def _values(item: Any) -> Any:
    """What is validated: of an instance, pydantic would take its word."""
    if not is_dataclass(item):
        return item
    return {field.name: getattr(item, field.name) for field in fields(item)}


@cache
def _adapter(model: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def _finding(item: Any, error: ValidationError) -> Finding:
    where, why = first_failure(error)
    field = where.removeprefix(".")
    detail = f"Its {field} cannot be stored: {why}."
    return Finding("out_of_bounds", subject_of(item), detail, left_out=True, data={"field": field})


def subject_of(item: Any) -> str:
    """An entity in a person's words, as far as it has them itself."""
    names = [
        getattr(item, name, None) for name in ("label", "name", "team", "match", "external_id")
    ]
    return next((str(name)[:100] for name in names if name), type(item).__name__.lower())
