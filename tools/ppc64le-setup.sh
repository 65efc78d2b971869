#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Readies cross-building for POWER (ppc64le) on an x86-64 Debian machine: makes the sysroot and
# fills cross/ppc64le.ini.in in as out/ppc64le/power10.ini and out/ppc64le/power9.ini.
#
#   tools/ppc64le-setup.sh
#   meson setup out/ppc64le-power10 --cross-file out/ppc64le/power10.ini
#   meson test -C out/ppc64le-power10                   # as POWER10: MMA
#   QEMU_CPU=power9 meson test -C out/ppc64le-power10   # the same programs as POWER9: no MMA
#
# The two files differ only in the processor that qemu plays when QEMU_CPU is not set: there is one
# binary for all of them, and it chooses its kernels at start.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/out/ppc64le
missing=()
command -v powerpc64le-linux-gnu-gcc >/dev/null || missing+=(gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross)
command -v qemu-ppc64le >/dev/null || missing+=(qemu-user)
command -v pkg-config >/dev/null || missing+=(pkg-config)
if [ ${#missing[@]} -gt 0 ]; then
  echo "ppc64le-setup: missing; apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

"$root/tools/ppc64le-sysroot.sh" "$out/sysroot"
for cpu in power10 power9; do
  # written only when it changes: Meson re-configures when a cross file's time does
  sed -e '/^#/d' -e "s|@SYSROOT@|$out/sysroot|g" -e "s|@CPU@|$cpu|g" \
    "$root/cross/ppc64le.ini.in" > "$out/$cpu.ini.new"
  if cmp -s "$out/$cpu.ini.new" "$out/$cpu.ini"; then
    rm "$out/$cpu.ini.new"
  else
    mv "$out/$cpu.ini.new" "$out/$cpu.ini"
  fi
  echo "ppc64le-setup: $out/$cpu.ini"
done
