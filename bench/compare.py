"""Measures Taper's rows beside a peer's: the two programs take turns, row by row, for several rounds.

usage: compare.py {libtorch|compile|jax} [--build DIR] [--rounds N] [row ...]
The peer comes by pip into DIR/../bench/PEER. Writes a table to the terminal and PEER.json and PEER.svg there.
"""
import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import venv

import report

SOURCE = pathlib.Path(__file__).resolve().parent
PACKAGES = {"libtorch": ["torch==2.13.0"], "compile": ["torch==2.13.0", "numpy"], "jax": ["jax", "jaxlib"]}
GOALS_OF = {"libtorch": "libtorch", "compile": None, "jax": "jax"}


def run(command, **options):
    return subprocess.run(command, check=True, **options)


def python_with(packages, folder):
    """A virtual environment in `folder` with these packages; its interpreter."""
    python = folder / "bin" / "python"
    stamp = folder / "packages.txt"
    if not stamp.exists() or stamp.read_text() != " ".join(packages):
        print(f"== installing {' '.join(packages)} into {folder}", flush=True)
        venv.create(folder, with_pip=True)
        run([python, "-m", "pip", "install", "-q", *packages])
        stamp.write_text(" ".join(packages))
    return python


def libtorch_program(python, out):
    """Builds the peer's program against the LibTorch that pip's torch brings."""
    prefix = subprocess.check_output([python, "-c", "import torch; print(torch.utils.cmake_prefix_path)"], text=True)
    build = out / "libtorch_build"
    print(f"== building {build}", flush=True)
    configure = ["cmake", "-G", "Ninja", "-S", SOURCE / "peers" / "libtorch", "-B", build]
    quiet = {"stdout": subprocess.DEVNULL}
    run([*configure, "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_PREFIX_PATH={prefix.strip()}"], **quiet)
    run(["cmake", "--build", build], **quiet)
    return [build / "libtorch_rows"]


def peer_command(peer, out):
    python = python_with(PACKAGES[peer], out / ("jax" if peer == "jax" else "torch"))
    if peer == "libtorch":
        return libtorch_program(python, out)
    return [python, SOURCE / "peers" / "rows.py", peer]


def environment():
    """Two threads for everybody."""
    return {**os.environ, "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}


def measure(command, row):
    """Microseconds of a row in a process of its own."""
    lines = subprocess.run([*command, row], check=True, capture_output=True, text=True, env=environment()).stdout
    name, value = lines.strip().splitlines()[-1].split("\t")
    assert name == row, lines
    return float(value)


def rows_of(command):
    return subprocess.check_output([*command, "--list"], text=True).split()


def compare(row, taper, peer, rounds):
    pairs = [(measure(taper, row), measure(peer, row)) for _ in range(rounds)]
    ratios = [mine / theirs for mine, theirs in pairs]
    mine, theirs = (statistics.median(side) for side in zip(*pairs))
    return {"row": row, "taper_us": round(mine, 3), "peer_us": round(theirs, 3),
            "ratio": round(statistics.median(ratios), 4), "spread": round(report.spread(ratios), 4)}


def goals(peer):
    column = GOALS_OF[peer]
    if not column:
        return {}
    with open(SOURCE / "goals.csv", newline="") as file:
        return {line["row"]: float(line[column]) for line in csv.DictReader(file) if line[column]}


def print_header(peer):
    print(f"{'row':34} {'Taper us':>12} {peer + ' us':>12} {'ratio':>7} {'spread':>7} {'goal':>5}", flush=True)


def print_row(r):
    goal = "" if r["goal"] is None else f"{r['goal']:.2f}"
    missed = "  missed" if r["goal"] is not None and r["ratio"] > r["goal"] else ""
    print(f"{r['row']:34} {r['taper_us']:12.2f} {r['peer_us']:12.2f} {r['ratio']:7.3f} {r['spread']:7.1%} {goal:>5}{missed}",
          flush=True)


def draw(results, peer, file):
    """Bars of the ratios on a logarithmic scale, with the goals as marks."""
    bars = "\n".join(f"{r['ratio']} {i} {r['goal'] or 'NaN'}" for i, r in enumerate(results))
    names = ", ".join(f"\"{r['row']}\" {i}" for i, r in enumerate(results))
    script = f"""set title "Taper's time over {peer}'s, {results[0]['machine']}" noenhanced
set logscale x
set xrange [0.02:8]
set yrange [{len(results) - 0.4}:-0.6]
set ytics noenhanced ({names})
set grid x
set arrow from 1,graph 0 to 1,graph 1 nohead lw 2 lc '#444444'
set style fill solid
set key outside bottom center horizontal
$rows << END
{bars}
END
plot $rows using (0.02):2:(0.02):1:($2-0.35):($2+0.35) with boxxyerror lc '#4878a8' title 'ratio', \\
     $rows using 3:2 with points pt 2 ps 0.8 lw 2 lc '#c04030' title 'goal'
"""
    report.draw(file, 900, 90 + 22 * len(results), script)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PACKAGES)
    parser.add_argument("rows", nargs="*", help="all that both have, if none is named")
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE.parent / "build" / "release")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    if args.rounds < 2:
        parser.error(f"--rounds is {args.rounds}; expected 2 or more")
    out = args.build.resolve().parent / "bench"
    out.mkdir(parents=True, exist_ok=True)
    taper, peer = [args.build.resolve() / "bench" / "bench_rows"], peer_command(args.peer, out)
    theirs = rows_of(peer)
    wanted = [r for r in rows_of(taper) if r in theirs and (not args.rows or r in args.rows)]
    if unknown := set(args.rows) - set(wanted):
        sys.exit(f"compare.py: no row {', '.join(sorted(unknown))} in both programs")
    if not wanted:
        sys.exit("compare.py: the programs have no row in common")
    goal, results, where = goals(args.peer), [], report.machine()
    print(f"== {where}; {args.rounds} rounds")
    print_header(args.peer)
    for row in wanted:
        results.append({**compare(row, taper, peer, args.rounds), "goal": goal.get(row)})
        print_row(results[-1])
    table = {"machine": where, "rows": results}
    (out / f"{args.peer}.json").write_text(json.dumps(table, indent=1) + "\n")
    draw([{**r, "machine": where} for r in results], args.peer, out / f"{args.peer}.svg")
    print(f"== wrote {out / args.peer}.json and .svg")


if __name__ == "__main__":
    main()
