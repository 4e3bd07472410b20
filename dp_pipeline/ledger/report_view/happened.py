"""What happened in an execution, in a paragraph that needs no other knowledge."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from dp_pipeline.ledger.report_view.account import StoredAccount, line, moment_of, number
from dp_pipeline.ledger.vocabulary import REFUSED_BEFORE, SUSPICIOUS, how_settled
from dp_pipeline.pages.words import amount, counted, duration, listed, moment

SUBJECTS: Mapping[str, str] = {
    "tournaments": "the description",
    "teams": "the teams",
    "rounds": "the rounds",
    "matches": "the matches",
    "goals": "the goals",
    "standings": "the tables",
    "logos": "the logos",
}
_NOUNS: Mapping[str, tuple[str, str]] = {
    "teams": ("team", "teams"),
    "rounds": ("round", "rounds"),
    "matches": ("match", "matches"),
    "goals": ("goal", "goals"),
    "logos": ("logo", "logos"),
}
_ROWS = ("row", "rows")
VERDICTS: Mapping[str, tuple[str, str]] = {
    "written": ("good", "Stored"),
    "unchanged": ("good", "Nothing new"),
    "planned": ("good", "Dry run"),
    "nothing_yet": ("good", "Nothing there yet"),
    "not_applicable": ("good", "Nothing to store"),
    "blocked_dependency": ("bad", "Not begun"),
    SUSPICIOUS: ("bad", "Refused"),
    "failed": ("bad", "Failed"),
}


def verdict(account: StoredAccount) -> tuple[str, str]:
    """How it ended: good, doubtful or bad, and in a word or two."""
    if account.status == "in_progress":
        return "doubtful", "In progress"
    if account.status == "partial_failure":
        return "doubtful", "Stored in part" if account.outcome == "written" else "Done in part"
    return VERDICTS.get(account.outcome, ("doubtful", account.outcome or "How it ended is unknown"))


def subject(account: StoredAccount) -> str:
    """Such as "the matches of Bundesliga 2024/25"."""
    return f"{SUBJECTS.get(account.domain, account.domain or 'data')} of {account.tournament}"


def happened(account: StoredAccount, zone: ZoneInfo) -> str:
    """The paragraph."""
    sentences = [_began(account, zone), *_ended(account), *_doubts(account), _cost(account)]
    return " ".join(filter(None, sentences))


def _began(account: StoredAccount, zone: ZoneInfo) -> str:
    at = account.started_at
    when = f"On {moment(at, zone)}, " if at else ""
    replayed = moment_of(account.entry("summary").get("replays"))
    if replayed is not None:
        where = f"what {account.provider} had answered on {moment(replayed, zone)}"
        began = f"{subject(account)} were made again from {where}."
    elif account.outcome == "blocked_dependency":
        began = f"{subject(account)} were to be read from {account.provider}."
    elif account.status == "failed" and account.outcome != SUSPICIOUS:
        began = f"reading {subject(account)} from {account.provider} was tried."
    else:
        began = f"{subject(account)} were read from {account.provider}."
    if account.domain == "tournaments":
        began = began.replace(" were ", " was ", 1)
    there = moment_of(account.report.get("simulatedTime"))
    clock = f" There it was {moment(there, zone)}." if there else ""
    attempt = account.report.get("attempt")
    again = f" It was attempt {round(number(attempt))} of this run." if number(attempt) > 1 else ""
    return (when + began if when else began[0].upper() + began[1:]) + clock + again


def _ended(account: StoredAccount) -> list[str]:
    said = sentence(line(account.entry("error").get("message")) or _summed(account, "error"))
    if account.outcome == "blocked_dependency":
        return _not_begun(account) or [
            said or "Not begun, because something that it builds on had failed."
        ]
    if account.outcome == SUSPICIOUS:
        decided = how_settled(account.entry("summary"))
        before = account.entry("summary").get(REFUSED_BEFORE)
        return [
            "What came was not believed, and the last good data were kept.",
            said,
            "The same had been refused before." if before and not decided else "",
            decided or "",
        ]
    if account.status == "failed":
        retryable = account.entry("error").get("retryable")
        hope = "It may succeed when it is tried again." if retryable else ""
        return [f"It failed: {said}" if said else "It failed.", hope]
    if account.text("incomplete"):
        return [account.text("incomplete")]
    if account.outcome in {"nothing_yet", "not_applicable"}:
        because = sentence(_summed(account, "because"))
        return [
            f"There was nothing to store: {because}" if because else "There was nothing to store."
        ]
    return [*_accepted(account), _counts(account)]


def _not_begun(account: StoredAccount) -> list[str]:
    """Why, by the reasons of the domains that failed first; an older report does not have them."""
    failed: dict[str, list[str]] = {}
    for name, because in account.entry("causes").items():
        failed.setdefault(sentence(line(because)), []).append(SUBJECTS.get(name, line(name)))
    reasons = [f"Reading {listed(names)} failed: {because}" for because, names in failed.items()]
    return ["It was not begun, because what it builds on had failed.", *reasons] if reasons else []


def _accepted(account: StoredAccount) -> list[str]:
    accepted = account.entry("summary").get("accepted")
    if not isinstance(accepted, Mapping):
        return []
    by, reason = line(accepted.get("by")), line(accepted.get("reason"))
    return [f"It had been refused, and {by or 'a person'} accepted it: {sentence(reason)}"]


def _counts(account: StoredAccount) -> str:
    noun = _NOUNS.get(account.domain, _ROWS)
    new, changed, same = (account.count(name) for name in ("created", "updated", "unchanged"))
    stay = "stays as before" if same == 1 else "stay as before"
    if not new and not changed:
        if account.outcome == "written":
            return "Only what is stored beside it changed."
        kept = f": {counted(same, *noun)} {stay}" if same else ""
        return f"Nothing {'would change' if account.is_dry else 'had changed'}{kept}."
    parts = []
    if new:
        done = "would be" if account.is_dry else "was" if new == 1 else "were"
        parts.append(f"{counted(new, *noun)} {done} added")
    if changed:
        done = "would change" if account.is_dry else "changed"
        parts.append(f"{changed:,} {done}" if new else f"{counted(changed, *noun)} {done}")
    if same:
        parts.append(f"{same:,} {stay}")
    wrote = "It was a dry run, which writes nothing: " if account.is_dry else ""
    return f"{wrote}{listed(parts)}."


def _doubts(account: StoredAccount) -> list[str]:
    left_out, noticed = account.count("leftOut"), account.count("findings")
    said = []
    if left_out:
        why = "could not be stored soundly and " + ("was" if left_out == 1 else "were")
        said.append(f"{counted(left_out, 'thing', 'things')} {why} left out.")
    if noticed and account.outcome != SUSPICIOUS:
        things = counted(noticed, "thing is", "things are")
        said.append(f"{things} doubtful or remarkable.")
    return said


def _cost(account: StoredAccount) -> str:
    took = f"It took {duration(account.duration_ms)}"
    requests, size = account.count("requests"), account.count("bytes")
    if not requests:
        return f"{took} and made no request of its own."
    return f"{took} and {counted(requests, 'request', 'requests')}, which brought {amount(size)}."


def _summed(account: StoredAccount, name: str) -> str:
    return line(account.entry("summary").get(name))


def sentence(text: str) -> str:
    """A text that ends as a sentence does."""
    return text if not text or text[-1] in ".!?…" else f"{text}."
