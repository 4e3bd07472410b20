"""What keeps good data from being replaced by less or worse: decisions on values."""

from collections import Counter
from collections.abc import Collection, Mapping

from dp_pipeline.database.store import RowId
from dp_pipeline.domains.judge import limit_of, most_missing
from dp_pipeline.domains.plan import Plan, refused
from dp_pipeline.providers.fetched import Finding


def missing(
    what: str,
    stored: Mapping[RowId, str],
    fetched: Mapping[RowId, object],
    uncounted: Collection[RowId] = (),
    *,
    accepted: bool,
) -> Plan | tuple[Finding, ...]:
    """The rows that a payload lacks, as findings; a refusal where it lacks many.

    Args:
        what: the rows, in the plural.
        stored: the names of those that are stored, by id.
        fetched: those of the payload, by id.
        uncounted: ids of those that may be missing.
        accepted: a person takes the payload in, whatever it lacks.
    """
    gone = stored.keys() - fetched.keys()
    if not accepted and len(gone - set(uncounted)) > most_missing(len(stored)):
        return refused(
            f"The provider gave {len(fetched)} {what}, and {len(gone)} of the {len(stored)} "
            "stored ones are not among them. Nothing was changed."
        )
    detail = f"Stored, but no longer among the provider's {what}; it was kept."
    return tuple(
        Finding("no_longer_at_provider", stored[id_], detail) for id_ in sorted(gone, key=str)
    )


def swapped(what: str, stored: Mapping[RowId, str], fetched: Mapping[RowId, str]) -> Plan | None:
    """A refusal where many of the names belong to other rows too; None where they may be stored.

    Args:
        what: the rows, in the plural.
        stored: names by id.
        fetched: names by id.
    """
    taken = set(stored.values())
    given = Counter(fetched.values())
    changed = sum(
        id_ in stored and name != stored[id_] and (name in taken or given[name] > 1)
        for id_, name in fetched.items()
    )
    if changed <= limit_of(len(stored)):
        return None
    return refused(
        f"Of the {len(stored)} stored {what} {changed} would have got the name of another one. "
        "Nothing was changed."
    )
