#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Installs what is missing, and only then asks the system anything:
#
#   scripts/deps.sh [build] [ci]
#
# `build` is what `make`, `make demo` and `make test` need; `ci` adds the linters, the second
# compiler and the cross toolchain. What is there is found by looking for the thing itself (a
# command, a pkg-config module, a file), not for a package, so a machine that has it from
# elsewhere is left alone, and nothing missing costs milliseconds and says nothing.
set -euo pipefail
[ $# -gt 0 ] || set -- build

# One line a need: group | how to see it | Debian 12 package | RHEL 9 / CentOS Stream 9 package.
# `-` where the distribution has it not (the checks that need it are then Debian's to run).
# cmd: a command; pc: a pkg-config module; file: a path, wildcards allowed; inc: a C header.
needs='
build cmd:gcc                   gcc                    gcc
build inc:stdio.h               libc6-dev              glibc-devel
build cmd:make                  make                   make
build cmd:meson                 meson                  meson
build cmd:ninja                 ninja-build            ninja-build
build cmd:pkg-config            pkg-config             pkgconf-pkg-config
build cmd:msgfmt                gettext                gettext
build cmd:python3               python3                python3
build pc:libpcre2-8             libpcre2-dev           pcre2-devel
build pc:jansson                libjansson-dev         jansson-devel
build pc:yaml-0.1               libyaml-dev            libyaml-devel
build pc:libedit                libedit-dev            libedit-devel
build pc:cmocka                 libcmocka-dev          libcmocka-devel
ci    cmd:clang                 clang                  clang
ci    cmd:clang-format          clang-format           clang-tools-extra
ci    cmd:clang-tidy            clang-tidy             clang-tools-extra
ci    rt:fuzzer                 libclang-rt-dev        compiler-rt
ci    cmd:valgrind              valgrind               valgrind
ci    cmd:localedef             libc-bin               glibc-common
ci    file:/usr/share/i18n/locales/es_UY  locales      glibc-locale-source
ci    cmd:mandoc                mandoc                 -
ci    cmd:zsh                   zsh                    zsh
ci    cmd:fish                  fish                   -
ci    cmd:node                  nodejs                 nodejs
ci    cmd:npm                   npm                    npm
ci    cmd:powerpc64le-linux-gnu-gcc       gcc-powerpc64le-linux-gnu  -
ci    file:/usr/powerpc64le-linux-gnu/include/stdio.h  libc6-dev-ppc64el-cross  -
ci    cmd:qemu-ppc64le          qemu-user              -
'

present() {
    local kind=${1%%:*} what=${1#*:}
    case $kind in
    cmd) command -v "$what" >/dev/null ;;
    pc) command -v pkg-config >/dev/null && pkg-config --exists "$what" ;;
    inc) gcc -E -x c - <<<"#include <$what>" >/dev/null 2>&1 ;;
    file) compgen -G "$what" >/dev/null ;;
    rt) # clang's runtimes are packaged apart, under a version of their own
        local dir
        dir=$(clang -print-resource-dir 2>/dev/null) && compgen -G "$dir/lib/*/libclang_rt.$what*" >/dev/null ;;
    esac
}

family=other
command -v apt-get >/dev/null && family=debian
command -v dnf >/dev/null && [ $family = other ] && family=redhat

missing=() packages=()
look() {
    local group check deb rpm package
    missing=() packages=()
    while read -r group check deb rpm; do
        case " $* " in *" $group "*) ;; *) continue ;; esac
        case $family in redhat) package=$rpm ;; *) package=$deb ;; esac
        # the cross toolchain is for other machines than the one it builds for
        case $check in *powerpc64le* | *qemu-ppc64le) [ "$(uname -m)" = ppc64le ] && continue ;; esac
        [ "$package" != - ] || continue
        present "$check" && continue
        missing+=("${check#*:}")
        case " ${packages[*]-} " in *" $package "*) ;; *) packages+=("$package") ;; esac
    done < <(grep . <<<"$needs")
}

look "$@"
[ ${#missing[@]} -gt 0 ] || exit 0
echo "sigilo: missing here: ${missing[*]}" >&2

case $family in
debian)
    # The lists may be empty (a fresh system) or stale (then versions are gone), so always ask.
    # A dead mirror is no reason to stop: the packages may lie in the cache.
    apt="apt-get -q -o DPkg::Lock::Timeout=300"
    line="$apt update; DEBIAN_FRONTEND=noninteractive $apt install -y --no-install-recommends -o Dpkg::Options::=--force-confold ${packages[*]}"
    typed="apt-get update; apt-get install -y --no-install-recommends ${packages[*]}"
    ;;
redhat)
    # The -devel packages, meson and ninja lie in CodeReady Builder, which is off by default and
    # has another name on RHEL than on CentOS Stream and kin. Turned on for this one call only.
    crb=$(dnf -q repolist --all 2>/dev/null | awk '$1 ~ /^crb$|codeready-builder.*-rpms$/ && $1 !~ /debug|source/ {print $1; exit}')
    line="dnf -y ${crb:+--enablerepo=$crb }install ${packages[*]}"
    typed=$line
    ;;
*)
    echo "sigilo: no apt-get and no dnf here: install them by hand (Debian's names: ${packages[*]})" >&2
    exit 1
    ;;
esac

if [ "$(id -u)" = 0 ]; then
    echo "sigilo: installing ${packages[*]}" >&2
    bash -c "$line" </dev/null >&2 || true # what counts is what is there afterwards
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    echo "sigilo: installing with sudo: ${packages[*]}" >&2
    sudo -n bash -c "$line" </dev/null >&2 || true
else
    echo "sigilo: as root, type this one line, then try again:" >&2
    echo "  $typed" >&2
    exit 1
fi

hash -r
look "$@"
[ ${#missing[@]} -eq 0 ] || { echo "sigilo: still missing: ${missing[*]}" >&2; exit 1; }
