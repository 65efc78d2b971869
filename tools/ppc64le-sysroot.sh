#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds a ppc64le sysroot for cross-compiling, from this system's own Debian mirror, without
# touching the host's package state (installing foreign -dev packages beside the native ones
# would remove the native toolchain).
#
#   ppc64le-sysroot.sh [DIR [EXTRA-DEV-PACKAGE...]]       DIR: out/ppc64le/sysroot
#
# A complete sysroot made from the same package list is left as it is; a changed list or an
# interrupted run builds a fresh one. tools/ppc64le-setup.sh calls this and writes the Meson
# cross files. By hand:
#   powerpc64le-linux-gnu-gcc --sysroot=DIR ...   qemu-ppc64le -cpu power10 -L DIR ./program
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
sysroot=$(realpath -m "${1:-$root/out/ppc64le/sysroot}")
[ $# -eq 0 ] || shift
packages=(libc6-dev libgcc-12-dev libcurl4-openssl-dev libmicrohttpd-dev libjansson-dev
          libyaml-dev libpcre2-dev libsqlite3-dev libnuma-dev libcmocka-dev libedit-dev "$@")

suite=$(. /etc/os-release; echo "${VERSION_CODENAME:-}")
stamp="$suite ${packages[*]}"
if [ "$(cat "$sysroot/.complete" 2>/dev/null)" = "$stamp" ]; then
  echo "ppc64le-sysroot: $sysroot is complete"
  exit 0
fi
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || { echo "ppc64le-sysroot: needs $tool (Debian)" >&2; exit 1; }
done

uri=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1) || true
[ -n "$uri" ] || uri=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -1)
[ -n "$uri" ] || { echo "ppc64le-sysroot: no Debian mirror in /etc/apt" >&2; exit 1; }

# Everything happens in $work, so that $sysroot is absent, the old one, or whole.
work=$sysroot.part
rm -rf "$work"
mkdir -p "$work"/{root/usr/{lib,lib64,bin,sbin},apt/{lists/partial,cache/archives/partial,etc}}
trap 'rm -rf "$work"' EXIT
: > "$work/apt/status"
# the main suite alone: versions of the security suite differ between architectures
echo "deb [arch=ppc64el signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" \
  > "$work/apt/etc/sources.list"
apt=(apt-get -o APT::Architecture=ppc64el -o APT::Architectures=ppc64el
     -o Dir::State::Lists="$work/apt/lists" -o Dir::State::status="$work/apt/status"
     -o Dir::Cache="$work/apt/cache" -o Dir::Cache::archives="$work/apt/cache/archives"
     -o Dir::Etc::sourcelist="$work/apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null
     -o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Debug::NoLocking=true)
"${apt[@]}" -qq update
"${apt[@]}" -qq -y --download-only install "${packages[@]}"

for d in lib lib64 bin sbin; do ln -s "usr/$d" "$work/root/$d"; done
for deb in "$work"/apt/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink --no-same-owner -C "$work/root"
done
# absolute links would lead back into the host
find "$work/root" -type l -lname '/*' | while read -r link; do
  target=$(realpath -m --relative-to="$(dirname "$link")" "$work/root$(readlink "$link")")
  ln -sfn "$target" "$link"
done

echo "$stamp" > "$work/root/.complete"
rm -rf "$sysroot"
mv "$work/root" "$sysroot"
echo "ppc64le-sysroot: $sysroot made from $uri $suite"
