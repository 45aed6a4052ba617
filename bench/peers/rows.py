"""The rows of ./run bench that torch.compile and JAX have. usage: rows.py {compile|jax} [--list | row ...]"""
import statistics
import sys
import time


def median_us(call, wait=lambda result: result):
    """Median microseconds of a call, measured as bench/rows/row.h does; `wait` blocks until a result is there."""

    def series(n):
        start = time.perf_counter()
        for _ in range(n):
            result = call()
        wait(result)
        return (time.perf_counter() - start) / n * 1e6

    series(3)
    n = max(1, min(2000, int(20000 / max(series(1), 1.0))))
    series(n)
    return statistics.median(series(n) for _ in range(9))


def main():
    peer, *names = sys.argv[1:]
    if peer == "jax":
        from jax_rows import rows
    else:
        from compile_rows import rows
    for name, run in rows.items():
        if names == ["--list"]:
            print(name)
        elif not names or name in names:
            print(f"{name}\t{run(median_us):.3f}", flush=True)


if __name__ == "__main__":
    main()
