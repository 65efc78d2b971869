#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `make ppc64le`: one cross-build for IBM Power, its suites run under QEMU as two processors.
#
#   scripts/ppc64le.sh [build|test] [power10|power9]...      build and test on both unless named
#
# POWER10 has the matrix unit (MMA), POWER9 has not: the same program must choose its kernels
# and never meet an instruction that it may not use. POWER9 runs second and reuses the build.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=out/ppc64le-power10

what=all
case ${1-} in build | test) what=$1; shift ;; esac
[ $# -gt 0 ] || set -- power10 power9

if [ $what != test ]; then
    bash tools/ppc64le-setup.sh
    [ -f $dir/build.ninja ] || meson setup $dir --cross-file out/ppc64le/power10.ini
    ninja -C $dir
fi
[ $what != build ] || exit 0

# Emulation is some 20 times slower, of the matrix unit 100 times: fewer mutants, longer limits. (The
# slowest tests take a part by themselves where MESON_EXE_WRAPPER is set.)
export SIGILO_MUTANTS=${SIGILO_MUTANTS:-200}
failed=0
for cpu; do
    echo "== suites as $cpu"
    QEMU_CPU=$cpu meson test -C $dir --no-rebuild --num-processes "$(nproc)" --timeout-multiplier 10 \
        --no-suite long --print-errorlogs --logbase "$cpu" || failed=1
done
exit $failed
