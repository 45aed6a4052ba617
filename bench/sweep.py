"""Measures steps over widths 8 to 4096 and thread counts, and holds them to the rule that nothing jumps.

usage: sweep.py [--build DIR] [--rounds N] [--threads N,..] [step ...]
The rule: from width w to w + 1 a step's time rises by at most 25 % below 256 and 10 % above, and several threads take at
most 1.05 of one's, the spread of repeated runs allowed on top. Where w is faster than w - 1, as multiples of a vector are,
and w + 1 is within the rule beside w - 1, that is a dip and no jump: it is counted apart. Writes a table to the terminal,
sweep.json and sweep.svg into DIR/../bench. Exit code: 0 if the rule holds, 1 if it is broken, 2 if runs differ too much
to tell.
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys

import report

SOURCE = pathlib.Path(__file__).resolve().parent
MOST_OVER_ONE_THREAD = 0.05
SHOWN = 12
# oneDNN pads channels to blocks of 16, so 17 are the work of 32: shown, but not held to the rule.
RISES_IN_BLOCKS = ("conv_channels",)


def most_rise(width):
    return 0.25 if width < 256 else 0.10


def default_threads():
    """1, 2 (on one core too), 4, .. and all cores."""
    cores = os.cpu_count() or 1
    return sorted({1, 2} | {n for n in (4, 8, 16, 32, 64) if n < cores} | {max(cores, 2)})


def measure(program, rounds, threads, steps):
    """Microseconds of each round by (step, group of neighbouring widths, width, threads)."""
    counts = ",".join(map(str, threads))
    process = subprocess.Popen([program, str(rounds), counts, *steps], stdout=subprocess.PIPE, text=True)
    times, last = {}, None
    for line in process.stdout:
        step, group, width, count, *us = line.split("\t")
        if step != last:
            print(f"== measuring {step}", flush=True)
        last = step
        times[step, int(group), int(width), int(count)] = [float(t) for t in us]
    if process.wait() != 0:
        sys.exit("sweep.py: bench_sweep failed")
    return times


def comparison(slow, fast, allowed, **what):
    """How much longer one takes than the other, round by round, beside what is allowed. Under other load a jump that is
    one shows in the fastest rounds as well."""
    ratios = [s / f for s, f in zip(slow, fast)]
    more, best = statistics.median(ratios) - 1, min(slow) / min(fast) - 1
    spread = report.spread(ratios)
    return {**what, "more": round(more, 4), "more_at_best": round(best, 4), "spread": round(spread, 4), "allowed": allowed,
            "holds": min(more, best) <= allowed + spread}


def rises(times):
    for (step, group, width, count), us in times.items():
        before, wider = (times.get((step, group, width + by, count)) for by in (-1, 1))
        if before and wider:
            c = comparison(wider, us, most_rise(width), step=step, width=width, threads=count)
            dip = not c["holds"] and comparison(wider, before, most_rise(width))["holds"]
            yield {**c, "holds": c["holds"] or dip or step in RISES_IN_BLOCKS, "dip": dip}


def costs_of_threads(times):
    for (step, group, width, count), us in times.items():
        if count > 1:
            one = times[step, group, width, 1]
            yield comparison(us, one, MOST_OVER_ONE_THREAD, step=step, width=width, threads=count)


def print_largest(title, comparisons):
    """The largest beside what they are allowed; returns how many are larger."""
    print(f"\n{title}\n{'step':14} {'width':>6} {'threads':>7} {'more':>8} {'at best':>8} {'spread':>7} {'allowed':>8}")
    for c in sorted(comparisons, key=lambda c: min(c["more"], c["more_at_best"]) - c["allowed"], reverse=True)[:SHOWN]:
        print(f"{c['step']:14} {c['width']:6} {c['threads']:7} {c['more']:8.1%} {c['more_at_best']:8.1%}"
              f" {c['spread']:7.1%} {c['allowed']:8.0%}{'  dip' if c.get('dip') else '' if c['holds'] else '  broken'}")
    return sum(not c["holds"] for c in comparisons)


def draw(times, broken, where, file):
    """A panel a step: microseconds over width, a line for each number of threads, marks where the rule is broken."""
    steps = list(dict.fromkeys(key[0] for key in times))
    counts = sorted({key[3] for key in times})
    rows = -(-len(steps) // 3)
    script = [f"set multiplot layout {rows},3 title \"Microseconds of a step over its width, {where}\" noenhanced",
              "set logscale xy", "set xrange [7:5000]", "set grid", "set key top left", "set xtics (8, 32, 128, 512, 2048)"]
    for step in steps:
        medians = collections.defaultdict(dict)
        for (name, _, width, count), us in times.items():
            if name == step:
                medians[count][width] = statistics.median(us)
        plots = []
        for count in counts:
            lines = "\n".join(f"{w} {us}" for w, us in sorted(medians[count].items()))
            script.append(f"$t{count} << END\n{lines}\nEND")
            plots.append(f"$t{count} with lines lw 1.5 title '{count} thread{'s' if count > 1 else ''}'")
        marks = [f"{c['width']} {medians[c['threads']][c['width']]}" for c in broken if c["step"] == step]
        if marks:
            script.append("$marks << END\n" + "\n".join(marks) + "\nEND")
            plots.append("$marks with points pt 6 ps 1 lw 2 lc '#c04030' title 'broken'")
        script.append(f"set title '{step}' noenhanced\nplot " + ", ".join(plots))
    report.draw(file, 1100, 60 + 260 * rows, "\n".join(script) + "\nunset multiplot\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="*", help="all, if none is named")
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE.parent / "build" / "release")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=default_threads())
    args = parser.parse_args()
    if args.rounds < 2 or 1 not in args.threads:
        parser.error("expected 2 rounds or more, and 1 among the threads")
    where, out = report.machine(), args.build.resolve().parent / "bench"
    print(f"== {where}; {args.rounds} rounds; threads {', '.join(map(str, args.threads))}")
    times = measure(args.build / "bench" / "bench_sweep", args.rounds, args.threads, args.steps)
    rise, cost = list(rises(times)), list(costs_of_threads(times))
    count = print_largest("From a width to the next", rise) + print_largest("Several threads over one", cost)
    out.mkdir(parents=True, exist_ok=True)
    rounds = [{"step": s, "width": w, "threads": t, "us": us} for (s, _, w, t), us in times.items()]
    table = {"machine": where, "rises": rise, "threads": cost, "rounds": rounds}
    (out / "sweep.json").write_text(json.dumps(table) + "\n")
    draw(times, [c for c in rise + cost if not c["holds"]], where, out / "sweep.svg")
    noise = statistics.median(c["spread"] for c in rise)
    print(f"\n== the spread of repeated runs is {noise:.1%} (median){'; too much to tell' if noise > 0.1 else ''}")
    print(f"== wrote {out / 'sweep.json'} and .svg")
    dips = sum(c["dip"] for c in rise)
    print(f"== the rule is broken {count} times" if count else "== the rule holds", f"({dips} dips)")
    sys.exit(1 if count else 2 if noise > 0.1 else 0)


if __name__ == "__main__":
    main()
