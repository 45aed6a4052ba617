#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace taper::data {

/// A file as it must be, wherever it comes from.
struct DataFile {
  std::string name;
  std::uint64_t bytes;
  std::string sha256;
};

/// What stands in for a data set that cannot be had: lines of a gzipped text in a Debian package.
struct Substitute {
  struct Part {
    DataFile file;  // named as the data set's own
    std::size_t first_line, lines;
  };
  std::string package;
  std::string path;  // of the text, from the root of the file system
  std::string what;  // for the message that says that it is used
  std::vector<Part> parts;
};

/// A data set's files and where they are. Another data set is another value of this type.
struct DataSet {
  std::string name;  // also its folder, in the cache and in a mirror
  std::vector<DataFile> files;
  std::string address;         // of a public zip archive that holds the files
  Substitute substitute = {};  // none where the package is empty
};

struct FetchOptions {
  // A folder; empty: TAPER_CACHE, else XDG_CACHE_HOME/taper, else ~/.cache/taper.
  std::string cache = {};
  // A folder or a URL; empty: TAPER_DATA_MIRROR, which may be empty as well.
  std::string mirror = {};
  std::string address = {};  // empty: the data set's own
  bool substitute = true;    // whether it will do
  std::FILE* messages = stderr;
};

struct Fetched {
  std::vector<std::string> paths;  // in the order of the data set's files
  bool substitute;
};

/// Paths of the data set's files, every checksum found right: from the cache, else from the mirror
/// (as MIRROR/NAME/FILE), the public address, or at last the substitute, which is said in one line.
/// Throws Error with what was tried, and each reason, where no source has them.
Fetched fetch(const DataSet& set, const FetchOptions& options = {});

}  // namespace taper::data
