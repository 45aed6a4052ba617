"""What the tables and pictures of measurements share."""
import os
import pathlib
import platform
import statistics
import subprocess


def spread(values):
    """The middle half of the values, as a part of their median."""
    low, _, high = statistics.quantiles(values, n=4)
    return (high - low) / statistics.median(values)


def machine():
    """The processor's name, its cores and widest vector instructions."""
    cpu = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    name = next((l.split(":")[1].strip() for l in cpu.splitlines() if l.startswith("model name")), platform.machine())
    vectors = next((n for f, n in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if f" {f} " in cpu), "SSE")
    return f"{name}, {os.cpu_count()} cores, {vectors}"


def draw(file, width, height, script):
    """An SVG of so many pixels by gnuplot's commands."""
    setup = f"set terminal svg size {width},{height} font 'sans,12' background '#ffffff'\nset output '{file}'\n"
    subprocess.run(["gnuplot"], input=setup + script, text=True, check=True)
