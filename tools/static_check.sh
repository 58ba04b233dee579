#!/bin/bash
# static_check.sh EXECUTABLE MAX_KIB: fails unless the file is one static executable of that size
# that runs in an empty root directory.
set -euo pipefail

file=$1 max_kib=$2
headers=$(readelf -lW "$file") dynamic=$(readelf -dW "$file")
if grep -q INTERP <<<"$headers"; then echo "$file names an interpreter"; exit 1; fi
if grep NEEDED <<<"$dynamic"; then echo "$file needs shared libraries"; exit 1; fi
if ! grep -q 'DYN (Position-Independent' <<<"$(readelf -hW "$file")"; then
  echo "$file is not position-independent"; exit 1
fi

kib=$(($(stat -Lc %s "$file") / 1024))
echo "$kib KiB of $max_kib KiB"
if [ "$kib" -gt "$max_kib" ]; then echo "$file is too large"; exit 1; fi

root=$(mktemp -d "${TEST_TMPDIR:-/tmp}/root.XXXXXX")
cp -L "$file" "$root/tool"
# Root changes its root as it is; others in a user namespace of their own.
if /usr/sbin/chroot "$root" /tool --version 2>/dev/null; then exit 0; fi
if ! unshare -r true 2>/dev/null; then
  [ -z "${EMILUA_MUST_WORK:-}" ] || { echo "neither root nor a user namespace to change root in"; exit 1; }
  echo "SKIPPED the run in an empty root: no user namespaces here"
  exit 0
fi
unshare -r /usr/sbin/chroot "$root" /tool --version
