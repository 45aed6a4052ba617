"""Makes tests/golden/data_set/: a small data set as a mirror has it, as a zip archive and as a gzipped text."""

import gzip
import hashlib
import zipfile
from pathlib import Path

folder = Path(__file__).parent / "data_set"
(folder / "squares").mkdir(parents=True, exist_ok=True)


def lines(first, last):
    return "".join(f"{i},{i * i}\n" for i in range(first, last)).encode()


files = {"train.csv": lines(0, 60), "test.csv": lines(60, 90)}
with zipfile.ZipFile(folder / "squares.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for name, text in files.items():
        archive.writestr(zipfile.ZipInfo("in/a/folder/" + name), text, zipfile.ZIP_DEFLATED)
(folder / "squares.csv.gz").write_bytes(gzip.compress(files["test.csv"], mtime=0))
for name, text in files.items():
    (folder / "squares" / name).write_bytes(text)

parts = {"train.csv of the substitute": lines(60, 80), "test.csv of the substitute": lines(80, 90)}
for name, text in {**files, **parts}.items():
    print(name, len(text), hashlib.sha256(text).hexdigest())
