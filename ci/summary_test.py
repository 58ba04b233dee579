#!/usr/bin/env python3
"""Runs summary.py on made-up event files."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "summary.py")

GTEST = """<testsuites><testsuite name="A">
<testcase name="Good" status="run" result="completed" classname="A"/>
<testcase name="Good2" status="run" result="completed" classname="A"/>
<testcase name="Bad" status="run" result="completed" classname="A"><failure message="a.cc:1&#x0A;1 != 2"/></testcase>
<testcase name="Skip" status="run" result="skipped" classname="A"><skipped message="no kernel"/></testcase>
<testcase name="DISABLED_Off" status="notrun" result="suppressed" classname="A"/>
</testsuite></testsuites>"""
CLEAN = '<testsuites><testsuite><testcase name="Good" status="run" classname="A"/></testsuite></testsuites>'
# What Bazel makes up for a test that is not gtest's.
SCRIPT = '<testsuites><testsuite name="x/t"><testcase name="x/t" status="run">%s</testcase></testsuite></testsuites>'


class Summary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.events = []

    def add_result(self, status="PASSED", xml=None, label="//x:t", shard=1, attempt=1):
        outputs = [{"name": "test.log", "uri": "file:///nonexistent"}]
        if xml is not None:
            path = self.folder / ("%d of 3.xml" % len(self.events))  # a space: the URI is escaped
            path.write_text(xml)
            outputs.append({"name": "test.xml", "uri": path.as_uri()})
        self.events.append({
            "id": {"testResult": {"label": label, "run": 1, "shard": shard, "attempt": attempt}},
            "testResult": {"status": status, "testActionOutput": outputs},
        })

    def target(self, label, **completed):
        self.events.append({"id": {"targetCompleted": {"label": label}}, "completed": completed})

    def finish(self, name):
        self.events.append({"id": {"buildFinished": {}}, "finished": {"exitCode": {"name": name}}})

    def check(self, status, last, *contains, checks=(), tail=""):
        path = self.folder / "events.json"
        path.write_text("".join(json.dumps(event) + "\n" for event in self.events) + tail)
        run = subprocess.run([sys.executable, SUMMARY, path, *checks], stdout=subprocess.PIPE, text=True)
        lines = run.stdout.splitlines()
        self.assertEqual((last, status), (lines[-1], run.returncode), run.stdout)
        for line in contains:
            self.assertIn(line, lines)

    def test_all_well(self):
        self.target("//x:t", success=True)
        self.add_result(xml=CLEAN)
        self.add_result(xml=SCRIPT % "", label="//y:t")
        self.finish("SUCCESS")
        self.check(0, "2 passed, 0 failed")
        self.check(0, "3 passed, 0 failed", checks=["lint=passed"])
        self.check(1, "2 passed, 1 failed", "FAILED lint", checks=["lint=failed"])

    def test_cases_of_gtest(self):
        self.add_result("FAILED", GTEST)
        self.finish("TESTS_FAILED")
        self.check(
            1,
            "2 passed, 1 failed, 2 skipped",
            "FAILED //x:t A.Bad: a.cc:1 1 != 2",
            "SKIPPED //x:t A.Skip: no kernel",
            "SKIPPED //x:t A.DISABLED_Off: disabled",
        )

    def test_shards_add_up(self):
        for shard in 1, 2, 3:
            self.add_result(xml=CLEAN, shard=shard)
        self.finish("SUCCESS")
        self.check(0, "3 passed, 0 failed")

    def test_only_the_last_attempt_counts(self):
        self.add_result("FAILED", SCRIPT % '<error message="exited with error code 1"/>', attempt=1)
        self.add_result("PASSED", SCRIPT % "", attempt=2)
        self.finish("SUCCESS")
        self.check(0, "1 passed, 0 failed")

    def test_script(self):
        self.add_result("FAILED", SCRIPT % '<error message="exited with error code 3"/>')
        self.finish("TESTS_FAILED")
        self.check(1, "0 passed, 1 failed", "FAILED //x:t exited with error code 3")

    def test_time_out(self):
        self.add_result("TIMEOUT", SCRIPT % '<error message="exited with error code 142"/>')
        self.finish("TESTS_FAILED")
        self.check(1, "0 passed, 1 failed", "FAILED //x:t timeout")

    def test_failure_after_the_last_case(self):
        self.add_result("FAILED", CLEAN)  # a leak, say
        self.finish("TESTS_FAILED")
        self.check(1, "1 passed, 1 failed", "FAILED //x:t failed")

    def test_no_xml(self):
        self.add_result("PASSED")
        self.add_result("FAILED", label="//y:t")
        self.add_result("PASSED", xml="<testsuites", label="//z:t")
        self.finish("TESTS_FAILED")
        self.check(1, "2 passed, 1 failed", "FAILED //y:t failed")

    def test_build_failure(self):
        self.target("//x:broken")
        self.target("//x:broken_test")
        self.add_result(xml=CLEAN)
        self.finish("BUILD_FAILURE")
        self.check(1, "1 passed, 2 failed", "FAILED //x:broken does not build")

    def test_a_build_that_names_no_target(self):
        self.finish("PARSING_FAILURE")
        self.check(1, "0 passed, 1 failed", "FAILED bazel test PARSING_FAILURE")

    def test_cut_short(self):
        self.add_result(xml=CLEAN)
        self.check(1, "1 passed, 1 failed", "FAILED bazel test ended early", tail='{"id": {"testRes')

    def test_no_events(self):
        self.check(1, "0 passed, 1 failed")

    def test_nothing_tested(self):
        self.finish("SUCCESS")
        self.check(1, "0 passed, 0 failed")


if __name__ == "__main__":
    unittest.main()
