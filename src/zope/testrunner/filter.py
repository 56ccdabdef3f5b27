"""Choosing by name: patterns, the choice of layers, and words for a choice that left nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence

from zope.testrunner.core.config import Selection
from zope.testrunner.core.model import LayerName, LayerPlan, Plan, Reason, Rejected
from zope.testrunner.exceptions import UsageError
from zope.testrunner.feature import Feature

#: The name of the layer of tests that name no other.
UNITTEST_LAYER = LayerName("zope.testrunner.layer.UnitTests")

#: Finds a regular expression in a text.
Search = Callable[[str], "re.Match[str] | None"]

#: How many names of what was left out are kept, to find those that are close to what was asked for.
SAMPLE = 2000


def is_text(text: str) -> bool:
    """Whether the pattern ``.`` is found: it is in any text but the empty one and line ends alone."""
    return bool(text.strip("\n"))


def build_filtering_func(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A predicate that tells which texts the patterns select.

    Patterns are regular expressions that may match anywhere.  One with a leading ``!`` rejects, others select; a text is
    accepted if one selects it and none rejects it.  Where all reject, what none rejects is accepted.  No patterns at all
    accept nothing.  Raises `UsageError` for a pattern that is not a regular expression.

    >>> accept = build_filtering_func(['shelf', '!test_slow'])
    >>> accept('test_quick (library.shelf)'), accept('test_slow (library.shelf)'), accept('test_quick (library.desk)')
    (True, False, False)
    """
    selecting: list[str] = []
    rejecting: list[str] = []
    for pattern in patterns:
        if pattern.startswith("!"):
            rejecting.append(pattern[1:])
        else:
            selecting.append(pattern)
    if rejecting and not selecting:
        selecting.append(".")
    if not rejecting and selecting == ["."]:
        return is_text
    select = [_search(pattern) for pattern in selecting]
    reject = [_search(pattern) for pattern in rejecting]
    return _Accept(select, reject).__call__


class _Accept:
    """Whether one of the selecting functions finds something in a text and none of the rejecting ones does."""

    def __init__(self, select: Sequence[Search], reject: Sequence[Search]) -> None:
        self._select = select
        self._reject = reject

    def __call__(self, text: str) -> bool:
        # Loops rather than any(), which would make a generator for each of what may be many thousands of tests.
        for search in self._select:
            if search(text):
                break
        else:
            return False
        for search in self._reject:  # noqa: SIM110
            if search(text):
                return False
        return True


def _search(pattern: str) -> Search:
    try:
        return re.compile(pattern).search
    except re.error as error:
        raise UsageError(f"filter {pattern!r} is not a regular expression: {error}") from None


def select(plan: Plan, selection: Selection, resume_layer: LayerName | None = None) -> Plan:
    """The plan with the layers that are to be run, and with what was left out added to ``rejected``.

    With ``resume_layer``, only that layer is left.
    """
    accept = None if selection.layer is None else build_filtering_func(selection.layer)
    kept: list[LayerPlan] = []
    dropped: dict[Reason, list[LayerPlan]] = {}
    for layer in plan.layers:
        reason = _why_not(layer.name, selection, accept, resume_layer)
        if reason is None:
            kept.append(layer)
        else:
            dropped.setdefault(reason, []).append(layer)
    return plan.replace(layers=tuple(kept)).rejecting(
        *(
            Rejected(reason, sum(layer.size for layer in layers), tuple(layer.name for layer in layers))
            for reason, layers in dropped.items()
        )
    )


def _why_not(
    name: LayerName, selection: Selection, accept: Callable[[str], bool] | None, resume_layer: LayerName | None
) -> Reason | None:
    if name == UNITTEST_LAYER and selection.non_unit:
        return Reason.UNIT
    if resume_layer is not None and name != resume_layer:
        return Reason.OTHER_JOB
    # A layer that is run for a parent has passed the parent's filters.
    if accept is not None and (resume_layer is None or name == UNITTEST_LAYER) and not accept(name):
        return Reason.LAYER
    return None


class Filter(Feature):
    """Drops the layers that are not to be run."""

    active = True

    def arrange(self, plan: Plan) -> Plan:
        config = self.runner.config
        return select(plan, config.select, config.execute.resume_layer)


# Saying why there is nothing to run


def explain_empty(plan: Plan, selection: Selection) -> str | None:
    """One line on why no test was selected and what to do about it, or None if there are tests.

    It names what each filter left out, and what comes close to what was asked for.
    """
    if plan.layers:
        return None
    if not plan.rejected:
        return _nothing_found(plan, selection)
    parts = []
    for what, entries in (
        ("module", [entry for entry in plan.rejected if entry.reason is Reason.MODULE]),
        ("test", [entry for entry in plan.rejected if entry.reason is not Reason.MODULE]),
    ):
        removed = sum(entry.count for entry in entries)
        total = _count(max(removed, *(entry.whole for entry in entries)) if entries else 0, what)
        for number, entry in enumerate(entries):
            share = f"{entry.count} of {total} removed by" if number == 0 else f"{entry.count} by"
            parts.append(f"{share} {_filter_name(entry, selection)}")
    if plan.import_failures:
        parts.append(f"{_count(len(plan.import_failures), 'module')} could not be imported")
    hint = _advice(plan, selection)
    return f"No test selected: {', '.join(parts)}" + (f"; {hint}" if hint else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _nothing_found(plan: Plan, selection: Selection) -> str:
    failed = len(plan.import_failures)
    if failed:
        return f"No test selected: {_count(failed, 'module')} could not be imported, and there are no others"
    if not selection.paths:
        return "No test selected: there is no place to look for tests; name a directory with --path or --test-path"
    missing = [path for path in selection.paths if not os.path.isdir(path)]
    if missing:
        return f"No test selected: {', '.join(missing)} (--path, --test-path) is not a directory"
    if selection.packages:
        where = f"{', '.join(selection.packages)} (--package), as far as below the search paths"
    else:
        where = ", ".join(selection.paths)
    return (
        f"No test selected: no test module found in {where}; looked for modules and packages named like "
        f"{selection.tests_pattern!r} (--tests-pattern), and in such packages (with __init__.py) for modules named like "
        f"{selection.test_file_pattern!r} (--test-file-pattern){_lonely_file(selection)}"
    )


#: So many files and directories are looked at for a file that somebody may have expected to be found.
_LOOKED_AT = 10_000


def _lonely_file(selection: Selection) -> str:
    """How to run a file that is called like those in packages of tests, but is in none, if there is one."""
    is_named = _search(selection.test_file_pattern)
    left = _LOOKED_AT
    for place in selection.paths:
        for directory, below, files in os.walk(place):
            below[:] = sorted(name for name in below if name.isidentifier())
            left -= len(files) + len(below)
            if left < 0:
                return ""
            for name in sorted(files):
                stem, ending = os.path.splitext(name)
                if ending == ".py" and stem.isidentifier() and is_named(stem):
                    path = os.path.relpath(os.path.join(directory, name))
                    return f"; {path} is named like one of the latter: name it, or give --tests-pattern '^test'"
    return ""


def _filter_name(entry: Rejected, selection: Selection) -> str:
    match entry.reason:
        case Reason.MODULE:
            return f"the module filter {_spelled('-m', selection.module)}"
        case Reason.TEST:
            return f"the test filter {_spelled('-t', selection.test)}"
        case Reason.LEVEL if selection.levels.only is not None:
            return f"--only-level {selection.levels.only}"
        case Reason.LEVEL:
            return f"--at-level {selection.levels.at}"
        case Reason.LAYER if selection.unit:
            return "--unit"
        case Reason.LAYER:
            return f"the layer filter {_spelled('--layer', selection.layer or ())}"
        case Reason.UNIT:
            return "--non-unit"
        case Reason.LISTED:
            return "--load-list"
        case Reason.SHARD:
            return "--shard, as they are in other shards"
        case Reason.PASSED:
            return "--last-failed"
        case Reason.OTHER_JOB:
            return "the choice of one layer for this process"


def _spelled(option: str, patterns: Sequence[str]) -> str:
    return " ".join(f"{option} {pattern!r}" for pattern in patterns)


def _advice(plan: Plan, selection: Selection) -> str | None:
    """What to try instead, from the best that can be said to the least."""
    patterns: dict[Reason, Sequence[str]] = {
        Reason.MODULE: selection.module,
        Reason.TEST: selection.test,
        Reason.LAYER: () if selection.unit else selection.layer or (),
    }
    named = [entry for entry in plan.rejected if patterns.get(entry.reason) and entry.names]
    for entry in named:
        close = closest(patterns[entry.reason], entry.names)
        if close is not None:
            return f"did you mean {close}?"
    if any(entry.reason is Reason.LEVEL for entry in plan.rejected):
        return "--all runs the tests of all levels"
    for entry in named:
        return f"the first name left out is {entry.names[0]}"
    return None


def closest(patterns: Sequence[str], names: Sequence[str]) -> str | None:
    """The name that is nearest to what one of the patterns seems to look for, or None if none is near.

    Compared are the patterns with the names and with the dotted, blank-separated and single words in them, and the parts of
    these between underscores.
    """
    import difflib

    forms: dict[str, str] = {}
    for name in names:
        words = [word for pattern in (r"\S+", r"[\w.]+", r"\w+", r"[^\W_]+") for word in re.findall(pattern, name)]
        for form in (name, *words):
            forms.setdefault(form.lower(), name)
    best: tuple[float, str] | None = None
    for pattern in patterns:
        wanted = re.sub(r"\\.|[^\w.\s-]", "", pattern).strip().lower()
        if pattern.startswith("!") or not wanted:
            continue
        for form in difflib.get_close_matches(wanted, forms, n=1, cutoff=0.7):
            ratio = difflib.SequenceMatcher(None, form, wanted).ratio()
            if best is None or ratio > best[0]:
                best = ratio, forms[form]
    return None if best is None else best[1]
