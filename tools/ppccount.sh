#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Counts the instructions a ppc64le program executes under qemu, by class: builds the plugin
# tools/ppccount.c into out/ppc64le and runs the program with it.
#
#   tools/ppccount.sh [--roi] [--sym] [--cpu NAME] PROGRAM [ARGUMENT...]
#
#   --roi   count only between the marker nops "ori 21,21,0" and "ori 22,22,0"
#   --sym   also by symbol
#   --cpu   processor to play: power10
#
# The plugin needs qemu-plugin.h, which Debian 12 ships in no package: it is taken out of qemu's
# source package, from this system's own Debian mirror, and kept in out/ppc64le (set QEMU_PLUGIN_H
# to a copy of yours to do without). Figures of single-threaded regions are exact and repeatable.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/out/ppc64le
plugin=$out/libppccount.so
options= cpu=power10
while [ $# -gt 0 ]; do
  case $1 in
    --roi) options+=,roi=on; shift ;;
    --sym) options+=,sym=on; shift ;;
    --cpu) cpu=$2; shift 2 ;;
    -*) echo "ppccount: unknown option $1" >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || { echo "usage: ppccount.sh [--roi] [--sym] [--cpu NAME] PROGRAM [ARGUMENT...]" >&2; exit 2; }

# Leaves qemu-plugin.h in $out, or explains and fails.
get_header() {
  mkdir -p "$out"
  local found
  for found in "${QEMU_PLUGIN_H:-}" /usr/include/qemu-plugin.h /usr/local/include/qemu-plugin.h; do
    if [ -n "$found" ] && [ -f "$found" ]; then cp "$found" "$out/qemu-plugin.h"; return; fi
  done
  local uri suite work=$out/qemu-source
  uri=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
  [ -n "$uri" ] || uri=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -1)
  suite=$(. /etc/os-release; echo "${VERSION_CODENAME:-}")
  rm -rf "$work"
  mkdir -p "$work"/{lists/partial,cache/archives/partial}
  : > "$work/status"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" > "$work/sources.list"
  local apt=(apt-get -qq -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status"
             -o Dir::Cache="$work/cache" -o Dir::Etc::sourcelist="$work/sources.list"
             -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root -o Debug::NoLocking=true)
  if [ -n "$uri" ] && command -v apt-get >/dev/null &&
     (cd "$work" && "${apt[@]}" update && "${apt[@]}" source --download-only qemu) &&
     tar -xf "$work"/qemu_*.orig.tar.* -C "$work" --wildcards --strip-components=3 --no-same-owner \
       '*/include/qemu/qemu-plugin.h'; then
    mv "$work/qemu-plugin.h" "$out/qemu-plugin.h"
    rm -rf "$work"
    return
  fi
  rm -rf "$work"
  cat >&2 <<MESSAGE
ppccount: cannot get qemu-plugin.h out of Debian's qemu source package (mirror: ${uri:-none found}).
Set QEMU_PLUGIN_H to that header of your qemu's version: include/qemu/qemu-plugin.h in its sources.
MESSAGE
  exit 1
}

command -v qemu-ppc64le >/dev/null || { echo "ppccount: needs qemu-ppc64le (package qemu-user; qemu-user-static takes no plugins)" >&2; exit 1; }
[ -f "$out/qemu-plugin.h" ] || get_header
if [ "$root/tools/ppccount.c" -nt "$plugin" ]; then
  "${CC:-cc}" -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -Wno-unused-parameter -fPIC -shared -fvisibility=hidden -I"$out" \
    "$root/tools/ppccount.c" -o "$plugin"
fi
exec qemu-ppc64le -cpu "$cpu" -plugin "$plugin$options" -L "$out/sysroot" "$@"
