#!/usr/bin/env bash
# footprint BUILD: what it costs to use Taper, from outside: compiling, starting, memory, libraries. Medians.
set -euo pipefail
export LC_ALL=C  # a decimal point, whatever the locale
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# median COUNT COMMAND...: milliseconds of COMMAND; fails if it does
median() {
  local count=$1 start times=()
  shift
  for ((i = 0; i < count; ++i)); do
    start=${EPOCHREALTIME/./}
    "$@" >/dev/null || return
    times+=($((${EPOCHREALTIME/./} - start)))
  done
  printf '%s\n' "${times[@]}" | sort -n | awk '{us[NR] = $1} END {printf "%.1f", us[int((NR + 1) / 2)] / 1000}'
}

row() { printf '%-42s %10s %s\n' "$@"; }

# timed NAME COUNT COMMAND...: a row with the median
timed() {
  local name=$1 value
  shift
  value=$(median "$@") || { echo "footprint: failed: ${*:2}" >&2; exit 1; }
  row "$name" "$value" ms
}

timed "compile train.cpp at -O2" 5 "${CXX:-g++}" -std=c++20 -O2 -I. -c bench/footprint/train.cpp -o "$scratch/train.o"
timed "start, add two tensors, end" 21 "$build/bench/footprint_add"
timed "  the same without Taper: start and end" 21 /bin/true
memory=$(command time -f %M "$build/bench/footprint_add" 2>&1)
row "  resident memory" "$memory" kB
for library in "$build"/libtaper_*.so; do
  strip -o "$scratch/library" "$library"  # as it is installed
  row "$(basename "$library")" "$(($(stat -c %s "$scratch/library") / 1024))" kB
done
