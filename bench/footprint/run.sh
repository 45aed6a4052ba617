#!/usr/bin/env bash
# footprint BUILD: what it costs to use Taper, from outside: compiling, starting, memory, libraries. Medians.
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# median COUNT COMMAND...: milliseconds of COMMAND
median() {
  local count=$1 start
  shift
  for ((i = 0; i < count; ++i)); do
    start=${EPOCHREALTIME/./}
    "$@" >/dev/null
    echo $((${EPOCHREALTIME/./} - start))
  done | sort -n | awk '{us[NR] = $1} END {printf "%.1f", us[int((NR + 1) / 2)] / 1000}'
}

row() { printf '%-42s %10s %s\n' "$@"; }

row "compile train.cpp at -O2" "$(median 5 "${CXX:-g++}" -std=c++20 -O2 -I. -c bench/footprint/train.cpp -o "$scratch/train.o")" ms
row "start, add two tensors, end" "$(median 21 "$build/bench/footprint_add")" ms
row "  the same without Taper: start and end" "$(median 21 /bin/true)" ms
row "  resident memory" "$(command time -f %M "$build/bench/footprint_add" 2>&1)" kB
for library in "$build"/libtaper_*.so; do
  row "$(basename "$library")" "$(($(stat -Lc %s "$library") / 1024))" kB
done
