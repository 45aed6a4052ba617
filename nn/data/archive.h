#pragma once

#include <cstdint>
#include <string>

struct zip;  // libzip's

namespace taper::data {

/// An open zip archive; error texts call it `said_as`.
class ZipArchive {
 public:
  ZipArchive(const std::string& path, const std::string& said_as);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  /// Writes the file `name`, in whatever folder of the archive it lies, to the path `to`. Throws
  /// Error where there is none or it has more than `most` bytes.
  void extract(const std::string& name, std::uint64_t most, const std::string& to) const;

 private:
  std::string said_as_;
  struct zip* zip_;
};

/// The text of a gzip file.
std::string gunzip(const std::string& path);

}  // namespace taper::data
