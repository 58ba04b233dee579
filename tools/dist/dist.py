"""Makes the files that are handed out, from a manifest of dist.bzl:

    emilua-VERSION-linux-ARCH.tar.gz   bin/, share/ (manual pages, completions, documents), SHA256SUMS
    emilua_VERSION_ARCH.deb            the same for Debian and its like
    emilua-VERSION.spdx.json           what is linked into each tool: version and licence
    SHA256SUMS                         of the three

    dist.py MANIFEST OUT

The same input gives the same bytes: nothing of the time, the user, the locale or the order of files in a
directory gets into them.
"""

import gzip
import hashlib
import io
import json
import lzma
import os
import re
import subprocess
import sys
import tarfile

# Of all files: when the version was begun, not when it was built.
EPOCH = 1767225600
CREATED = "2026-01-01T00:00:00Z"
CHANGELOG_DATE = "Thu, 01 Jan 2026 00:00:00 +0000"
MAINTAINER = "emilua maintainers <maintainers@emilua.invalid>"

# By the name of its repository in third_party/deps.bzl: how it is called, its licence, and a symbol that is in a
# program if the library really is; without one, it is headers whose code is everywhere.
LIBRARIES = {
    "boost": ("Boost", "BSL-1.0", None),
    "com_google_absl": ("Abseil", "Apache-2.0", None),
    "fmt": ("{fmt}", "MIT", None),
    "glibc": ("GNU C Library", "LGPL-2.1-or-later", "__libc_start_main"),
    "libcap": ("libcap", "BSD-3-Clause OR GPL-2.0-only", "cap_get_proc"),
    "libgcc": ("libgcc", "GPL-3.0-or-later WITH GCC-exception-3.1", "_Unwind_RaiseException"),
    "libseccomp": ("libseccomp", "LGPL-2.1-only", "seccomp_init"),
    "libstdcxx": ("libstdc++", "GPL-3.0-or-later WITH GCC-exception-3.1", "__cxa_throw"),
    "luajit": ("LuaJIT", "MIT", "lua_newstate"),
    "pcre2": ("PCRE2", "BSD-3-Clause", "pcre2_compile_8"),
}
# What the compiler links without being told.
TOOLCHAIN = ["glibc", "libgcc", "libstdcxx"]
# What the build depends on and no program has: tests' libraries, and rules.
NOT_LINKED = {"bazel_tools", "com_google_googletest", "local_config_cc", "rules_cc"}

PLACES = {
    "bash": ("share/bash-completion/completions/", ""),
    "doc": ("share/doc/emilua/", None),
    "fish": ("share/fish/vendor_completions.d/", ".fish"),
    "man": ("share/man/man1/", ".1"),
    "zsh": ("share/zsh/site-functions/", ""),
}

MACHINES = {62: ("x86_64", "amd64"), 183: ("aarch64", "arm64")}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sums(files):
    return "".join("%s  %s\n" % (sha256(data), name) for name, data in sorted(files.items())).encode()


# --- what is linked -----------------------------------------------------------------------------------


def symbols(path):
    out = subprocess.run(["nm", path], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
    return {line.split()[-1] for line in out.stdout.splitlines()}


def linked(tool):
    """The names of the libraries that are in a tool."""
    names = set(tool["linked"]) - NOT_LINKED | set(TOOLCHAIN)
    # Newer Bazels decorate the names of repositories.
    names = {re.split(r"[~+]", name)[-1] for name in names} - NOT_LINKED
    unknown = names - set(LIBRARIES)
    if unknown:
        sys.exit("dist: no licence is known of %s: tools/dist/dist.py, LIBRARIES" % ", ".join(sorted(unknown)))
    found = symbols(tool["symbols"])
    return sorted(name for name in names if LIBRARIES[name][2] is None or LIBRARIES[name][2] in found)


def bill_of_materials(version, tools, versions):
    """SPDX 2.3."""

    def reference(name):
        return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)

    packages, relationships = [], []
    for name in sorted({library for tool in tools for library in tool["libraries"]}):
        of = versions[name]
        packages.append({
            "SPDXID": reference("library-" + name),
            "name": LIBRARIES[name][0],
            "versionInfo": of["source_version"],
            "supplier": "Organization: Debian",
            "downloadLocation": "NOASSERTION",
            "sourceInfo": "Debian package %s %s, of the source package %s %s" % (
                of["package"], of["version"], of["source"], of["source_version"]),
            "filesAnalyzed": False,
            "licenseConcluded": LIBRARIES[name][1],
            "licenseDeclared": LIBRARIES[name][1],
            "copyrightText": "NOASSERTION",
        })
    for tool in tools:
        packages.append({
            "SPDXID": reference("tool-" + tool["name"]),
            "name": tool["name"],
            "versionInfo": version,
            "packageFileName": "bin/" + tool["name"],
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "checksums": [{"algorithm": "SHA256", "checksumValue": sha256(tool["data"])}],
            "licenseConcluded": "BSL-1.0",
            "licenseDeclared": "BSL-1.0",
            "copyrightText": "NOASSERTION",
            "primaryPackagePurpose": "APPLICATION",
        })
        relationships.append(("SPDXRef-DOCUMENT", "DESCRIBES", reference("tool-" + tool["name"])))
        relationships += [(reference("tool-" + tool["name"]), "STATIC_LINK", reference("library-" + name))
                          for name in tool["libraries"]]
    digest = sha256("".join(sha256(tool["data"]) for tool in tools).encode())
    uuid = "-".join((digest[:8], digest[8:12], "5" + digest[13:16], "8" + digest[17:20], digest[20:32]))
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "emilua-" + version,
        "documentNamespace": "urn:uuid:" + uuid,
        "creationInfo": {"created": CREATED, "creators": ["Tool: emilua-dist"]},
        "packages": packages,
        "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
                          for one, kind, other in relationships],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


# --- archives -----------------------------------------------------------------------------------------


def tar(files, links=(), prefix=""):
    """An uncompressed archive of {name: data}, all owned by root."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        directories = set()

        def add(name, kind, mode, data=b"", target=""):
            entry = tarfile.TarInfo(prefix + name)
            entry.type, entry.mode, entry.mtime, entry.size, entry.linkname = kind, mode, EPOCH, len(data), target
            entry.uname = entry.gname = "root"
            archive.addfile(entry, io.BytesIO(data))

        def add_parents(name):
            parts = name.split("/")[:-1]
            for i in range(1, len(parts) + 1):
                parent = "/".join(parts[:i]) + "/"
                if parent not in directories:
                    directories.add(parent)
                    add(parent, tarfile.DIRTYPE, 0o755)

        for name in sorted(files):
            add_parents(name)
            add(name, tarfile.REGTYPE, 0o755 if "bin/" in name else 0o644, files[name])
        for name, target in sorted(links):
            add_parents(name)
            add(name, tarfile.SYMTYPE, 0o777, target=target)
    return out.getvalue()


def gz(data):
    return gzip.compress(data, compresslevel=9, mtime=0)


def ar(members):
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), EPOCH, 0, 0, b"100644", len(data))
        out += data + b"\n" * (len(data) % 2)
    return out


def third_party_licences(tools, versions):
    """The copyright files of the packages that were linked."""
    files = {}
    # Boost's licence is ours, and asks for nothing where there is no source.
    for name in sorted({library for tool in tools for library in tool["libraries"]} - {"boost"}):
        path = "/usr/share/doc/%s/copyright" % versions[name]["package"]
        files["share/doc/emilua/third-party/" + name] = read(path)
    return files


def debian_copyright(tools, versions, licence):
    text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: emilua\n\n"
    text += "Files: *\nCopyright: 2026 the emilua maintainers\nLicense: BSL-1.0\n"
    text += "".join(" %s\n" % (line or ".") for line in licence.decode().rstrip().split("\n"))
    text += "\nFiles: usr/bin/*\nCopyright: the authors of the libraries that are linked into them\nLicense: third-party\n"
    for name in sorted({library for tool in tools for library in tool["libraries"]}):
        text += " %s %s (%s).\n" % (LIBRARIES[name][0], versions[name]["source_version"], LIBRARIES[name][1])
    return (text + " .\n Their own copyright files are in /usr/share/doc/emilua/third-party.\n").encode()


DESCRIPTION = """Description: Lua engine and sandbox tools for untrusted input
 emilua runs Lua programs that are split into compartments which hold nothing
 but what they are handed. With it come confine, which runs unmodified programs
 in a box, and small tools around containers, descriptors and records. All are
 static executables without any other file.
"""


def debian_package(version, architecture, files, tools, versions, licence):
    data = {}
    for name, content in files.items():
        if name == "share/doc/emilua/LICENSE":
            continue  # in the file `copyright`
        if "/man/" in name:
            name, content = name + ".gz", gz(content)
        elif name == "share/doc/emilua/README.md":
            name, content = name + ".gz", gz(content)
        elif "/zsh/" in name:
            name = name.replace("site-functions", "vendor-completions")
        data["usr/" + name] = content
    changelog = "emilua (%s) unstable; urgency=medium\n\n  * See README.md.\n\n -- %s  %s\n" % (
        version, MAINTAINER, CHANGELOG_DATE)
    data["usr/share/doc/emilua/changelog.gz"] = gz(changelog.encode())
    data["usr/share/doc/emilua/copyright"] = debian_copyright(tools, versions, licence)
    overrides = "# Static on purpose: each runs in an empty root directory, and brings its libraries along.\n"
    for tool in tools:
        overrides += "emilua: statically-linked-binary [usr/bin/%s]\n" % tool["name"]
        overrides += "emilua: shared-library-lacks-prerequisites [usr/bin/%s]\n" % tool["name"]
    data["usr/share/lintian/overrides/emilua"] = overrides.encode()
    sources = sorted({"%s (= %s)" % (versions[name]["source"], versions[name]["source_version"])
                      for tool in tools for name in tool["libraries"]})
    control = "Package: emilua\nVersion: %s\nArchitecture: %s\nMaintainer: %s\n" % (version, architecture, MAINTAINER)
    control += "Installed-Size: %d\n" % (sum(len(content) + 1023 for content in data.values()) // 1024)
    control += "Section: utils\nPriority: optional\nBuilt-Using: %s\n" % ", ".join(sources) + DESCRIPTION
    md5 = "".join("%s  %s\n" % (hashlib.md5(data[name]).hexdigest(), name) for name in sorted(data))
    parts = [tar({"control": control.encode(), "md5sums": md5.encode()}, prefix="./"), tar(data, prefix="./")]
    compressed = [lzma.compress(part, preset=6) for part in parts]
    return ar([("debian-binary", b"2.0\n"), ("control.tar.xz", compressed[0]), ("data.tar.xz", compressed[1])])


# --- all of it ----------------------------------------------------------------------------------------


def main(manifest_path, out):
    manifest = json.loads(read(manifest_path))
    version = re.search(rb'version = "([^"]+)"', read(manifest["version"])).group(1).decode()
    versions = json.loads(read(manifest["versions"]))
    tools = [dict(tool, data=read(tool["file"]), libraries=linked(tool)) for tool in manifest["tools"]]
    machine, architecture = MACHINES[int.from_bytes(tools[0]["data"][18:20], "little")]

    files = {"bin/" + tool["name"]: tool["data"] for tool in tools}
    for entry in manifest["files"]:
        directory, suffix = PLACES[entry["kind"]]
        name = os.path.basename(entry["file"])
        if suffix is not None:
            name = name.rsplit(".", 1)[0] + suffix
        if entry["kind"] == "zsh":
            name = "_" + name
        files[directory + name] = read(entry["file"])
    licence = files["share/doc/emilua/LICENSE"]
    bill = bill_of_materials(version, tools, versions)
    files["share/doc/emilua/emilua.spdx.json"] = bill
    files.update(third_party_licences(tools, versions))

    base = "emilua-%s-linux-%s" % (version, machine)
    contents = dict(files, SHA256SUMS=sums(files))
    results = {
        base + ".tar.gz": gz(tar({base + "/" + name: data for name, data in contents.items()})),
        "emilua_%s_%s.deb" % (version, architecture): debian_package(version, architecture, files, tools, versions, licence),
        "emilua-%s.spdx.json" % version: bill,
    }
    results["SHA256SUMS"] = sums(results)
    os.makedirs(out, exist_ok=True)
    for name, data in results.items():
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: dist.py MANIFEST OUT")
    main(*sys.argv[1:])
