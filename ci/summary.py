#!/usr/bin/env python3
"""Counts what one `bazel test --build_event_json_file=EVENTS` has found.

    ci/summary.py EVENTS [NAME=passed|failed]...

Names what failed or was skipped; the last line is `N passed, N failed[, N skipped]`. Counted are
test cases, as far as the tests name them in their test.xml; a test that gives no cases, one that
crashed, and a target that does not build count as one each, and so does each NAME of the command
line. The exit status is 1 unless all is well.

Why not read bazel-testlogs: that folder keeps the results of older runs.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree
from collections import namedtuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

Result = namedtuple("Result", "outcome label what")


def read_events(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                return  # Bazel was cut short; missing events are told below


def outcome_of(case):
    """The outcome of a <testcase>, and why if it was skipped or did not end well."""
    for tag, outcome in ("failure", FAILED), ("error", FAILED), ("skipped", SKIPPED):
        found = case.find(tag)
        if found is not None:
            return outcome, " ".join((found.get("message") or "").split())
    if case.get("result") == "skipped" or case.get("status") == "notrun":
        return SKIPPED, "disabled"
    return PASSED, ""


def cases_of(label, outputs):
    """The results that a test's test.xml lists; None if there is no such file or it is damaged."""
    path = next((urllib.parse.urlparse(o["uri"]).path for o in outputs if o["name"] == "test.xml"), "")
    try:
        root = xml.etree.ElementTree.parse(urllib.parse.unquote(path)).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return None
    results = []
    for case in root.iter("testcase"):
        outcome, why = outcome_of(case)
        name = ".".join(filter(None, [case.get("classname"), case.get("name")]))
        # For a test that writes no test.xml Bazel makes one up, with one case named as the target.
        if name.startswith(label.lstrip("/").replace(":", "/")):
            name = ""
        results.append(Result(outcome, label, ": ".join(filter(None, [name, why]))[:200]))
    return results


def test_results(label, event):
    status = event["status"]
    results = cases_of(label, event.get("testActionOutput", []))
    if results is None:
        results = [Result(PASSED, label, "")] if status == "PASSED" else []
    if status not in ("PASSED", "FAILED"):  # a time-out, say: no case ran that could tell
        results = [r for r in results if r.outcome != FAILED]
    if status != "PASSED" and not any(r.outcome == FAILED for r in results):
        results.append(Result(FAILED, label, status.replace("_", " ").lower()))
    return results


def count(events):
    last_attempt = {}
    broken = {}
    exit_code = None
    for event in events:
        kind, identity = next(iter(event["id"].items()))
        if kind == "testResult":
            run = (identity["label"], identity.get("run"), identity.get("shard"))
            attempt = identity.get("attempt", 1)
            if attempt >= last_attempt.get(run, (0,))[0]:
                last_attempt[run] = attempt, event.get("testResult", {"status": "NO STATUS"})
        elif kind == "targetCompleted" and not event.get("completed", {}).get("success"):
            broken[identity["label"]] = Result(FAILED, identity["label"], "does not build")
        elif kind == "buildFinished":
            exit_code = event["finished"]["exitCode"]["name"]

    results = list(broken.values())
    for (label, _, _), (_, event) in last_attempt.items():
        results += test_results(label, event)
    if exit_code != "SUCCESS" and not any(r.outcome == FAILED for r in results):
        results.append(Result(FAILED, "bazel test", exit_code or "ended early"))
    return results


def main(arguments):
    if not arguments or any(not check.endswith(("=passed", "=failed")) for check in arguments[1:]):
        sys.exit(__doc__)
    results = count(read_events(arguments[0]))
    for check in arguments[1:]:
        name, _, outcome = check.rpartition("=")
        results.append(Result(outcome, name, ""))

    for outcome in SKIPPED, FAILED:
        for result in sorted(r for r in results if r.outcome == outcome):
            print(("%s %s %s" % (outcome.upper(), result.label, result.what)).rstrip())
    total = {o: sum(r.outcome == o for r in results) for o in (PASSED, FAILED, SKIPPED)}
    line = "%d passed, %d failed" % (total[PASSED], total[FAILED])
    if total[SKIPPED]:
        line += ", %d skipped" % total[SKIPPED]
    print(line)
    return 1 if total[FAILED] or not total[PASSED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
