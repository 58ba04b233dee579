"""Makes one lcov file out of what a coverage run left; stands in for two programs of Bazel's.

After each test, to turn gcov's data into lcov (as @remote_coverage_tools//:lcov_merger):
    merge.py --coverage_dir=DIR --output_file=FILE [--source_file_manifest=FILE] [--filter_sources=RE]...
At the end, to add up all tests (as @remote_coverage_tools//:coverage_report_generator):
    merge.py --reports_file=FILE --output_file=FILE
"""

import argparse
import collections
import gzip
import json
import pathlib
import posixpath
import re
import subprocess


class Source:
    """The hits of one source file."""

    def __init__(self):
        self.lines = collections.Counter()  # number -> hits
        self.function_hits = collections.Counter()  # name -> hits
        self.function_line = {}  # name -> number

    def add_function(self, name, line):
        self.function_line[name] = line
        self.function_hits[name] += 0

    def write(self, path, out):
        out.write("SF:%s\n" % path)
        functions = sorted((line, name) for name, line in self.function_line.items())
        for line, name in functions:
            out.write("FN:%d,%s\n" % (line, name))
        for _, name in functions:
            out.write("FNDA:%d,%s\n" % (self.function_hits[name], name))
        out.write("FNF:%d\n" % len(functions))
        out.write("FNH:%d\n" % sum(self.function_hits[name] > 0 for _, name in functions))
        for number, hits in sorted(self.lines.items()):
            out.write("DA:%d,%d\n" % (number, hits))
        out.write("LF:%d\n" % len(self.lines))
        out.write("LH:%d\n" % sum(hits > 0 for hits in self.lines.values()))
        out.write("end_of_record\n")


class Report:
    def __init__(self):
        self.sources = collections.defaultdict(Source)

    def add_gcov(self, data):
        """Adds gcov's JSON; a line in there once for each instance of a template adds up."""
        for file in data["files"]:
            source = self.sources[posixpath.normpath(file["file"])]
            for function in file["functions"]:
                name = function["demangled_name"]
                source.add_function(name, function["start_line"])
                source.function_hits[name] += function["execution_count"]
            for line in file["lines"]:
                source.lines[line["line_number"]] += line["count"]

    def add_lcov(self, path):
        source = None
        for record in path.read_text().splitlines():
            tag, _, value = record.partition(":")
            if tag == "SF":
                source = self.sources[value]
            elif tag == "FN":
                line, name = value.split(",", 1)
                source.add_function(name, int(line))
            elif tag == "FNDA":
                hits, name = value.split(",", 1)
                source.function_hits[name] += int(hits)
            elif tag == "DA":
                line, hits = value.split(",")[:2]
                source.lines[int(line)] += int(hits)

    def write(self, path, wanted):
        with open(path, "w", encoding="utf-8") as out:
            for name, source in sorted(self.sources.items()):
                if source.lines and wanted(name):
                    source.write(name, out)


def add_coverage_dir(report, folder, output):
    """Adds what one test left: gcov's counters, and lcov files of tools that write such."""
    gcov = folder / "gcov"
    counters = [p for p in folder.rglob("*.gcda") if p.with_suffix(".gcno").exists()]
    if gcov.exists() and counters:
        # Bazel has run gcov before, but keeps one result of all sources that share a base name.
        for gcda in counters:
            text = subprocess.run(
                [gcov.resolve(), "--json-format", "--stdout", gcda.resolve()],
                cwd=folder,
                stdout=subprocess.PIPE,
                check=True,
            ).stdout
            for document in text.splitlines():
                report.add_gcov(json.loads(document))
    else:
        for path in folder.rglob("*.gcov.json.gz"):
            with gzip.open(path) as file:
                report.add_gcov(json.load(file))
    for path in folder.rglob("*.dat"):
        if path.resolve() != output.resolve():
            report.add_lcov(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coverage_dir", type=pathlib.Path)
    parser.add_argument("--reports_file", type=pathlib.Path)
    parser.add_argument("--output_file", type=pathlib.Path, required=True)
    parser.add_argument("--source_file_manifest", type=pathlib.Path)
    parser.add_argument("--filter_sources", action="append", default=[], type=re.compile)
    options, _ = parser.parse_known_args()  # Bazel has more, for other languages

    report = Report()
    if options.coverage_dir:
        add_coverage_dir(report, options.coverage_dir, options.output_file)
    if options.reports_file:
        for line in options.reports_file.read_text().splitlines():
            if line and pathlib.Path(line).exists():
                report.add_lcov(pathlib.Path(line))

    manifest = None
    if options.source_file_manifest:
        manifest = set(options.source_file_manifest.read_text().split())

    def wanted(name):
        if manifest is not None and name not in manifest:
            return False
        return not name.startswith("/") and not any(f.fullmatch(name) for f in options.filter_sources)

    report.write(options.output_file, wanted)


if __name__ == "__main__":
    main()
