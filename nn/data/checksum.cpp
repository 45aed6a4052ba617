#include "nn/data/checksum.h"

#include "autograd/tensor/error.h"
#include "nn/data/program.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace taper::data {
namespace {

// By coreutils' program, which every Debian has: no library to link, about a millisecond a file.
std::string sha256(const std::string& path) {
  return run_program({"sha256sum"}, path).substr(0, 64);
}

}  // namespace

void check_size(const std::string& path, const DataFile& file, const std::string& name) {
  std::error_code error;
  std::uint64_t bytes = std::filesystem::file_size(path, error);
  if (error) fail(name, "{}", error.message());
  if (bytes != file.bytes) fail(name, "{} bytes, expected {}", bytes, file.bytes);
}

void check_file(const std::string& path, const DataFile& file, const std::string& name) {
  check_size(path, file, name);
  std::string sum = sha256(path);
  if (sum != file.sha256)
    fail(name, "SHA-256 {}..., expected {}...", sum.substr(0, 12), file.sha256.substr(0, 12));
}

}  // namespace taper::data
