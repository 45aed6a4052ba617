#include "nn/data/sources.h"

#include "autograd/tensor/error.h"
#include "nn/data/archive.h"
#include "nn/data/checksum.h"
#include "nn/data/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace taper::data {
namespace {

namespace fs = std::filesystem;

bool is_url(const std::string& mirror) { return mirror.find("://") != mirror.npos; }

fs::path package_in(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".deb") return entry.path();
  fail("apt-get", "downloaded no package");
}

std::string text_from_package(const Substitute& substitute, const std::string& folder) {
  std::string unpacked = folder + "/unpacked";
  run_program({"apt-get", "download", "-qq", "-o", "Acquire::Retries=0", substitute.package},
              "/dev/null", folder);
  run_program({"dpkg-deb", "--extract", package_in(folder), unpacked});
  return gunzip(unpacked + "/" + substitute.path);
}

}  // namespace

void download(const std::string& url, std::uint64_t most, const std::string& to) {
  // The limits end a transfer that stalls, not a long one.
  std::vector<std::string> words{"curl",
                                 "--fail",
                                 "--silent",
                                 "--show-error",
                                 "--location",
                                 "--globoff",
                                 "--output",
                                 to,
                                 "--connect-timeout",
                                 "10",
                                 "--speed-limit",
                                 "1000",
                                 "--speed-time",
                                 "20",
                                 "--max-filesize",
                                 std::to_string(most),
                                 "--url",
                                 url};
  try {
    run_program(words, "/dev/null", "", most);
  } catch (const Error& error) {
    fail(fmt::format("\"{}\"", url), "{}", error.what());
  }
}

std::string place_in_mirror(const std::string& mirror, const std::string& set,
                            const std::string& file) {
  return fmt::format("{}{}{}/{}", mirror, mirror.ends_with('/') ? "" : "/", set, file);
}

void copy_from_mirror(const std::string& place, const DataFile& file, const std::string& to) {
  std::string name = fmt::format("\"{}\"", place);
  std::error_code error;
  if (is_url(place)) {
    download(place, file.bytes, to);
  } else {
    check_size(place, file, name);
    if (!fs::copy_file(place, to, error)) fail(name, "{}", error.message());
  }
  check_file(to, file, name);
}

std::string substitute_text(const Substitute& substitute, const std::string& folder) {
  std::string installed = "/" + substitute.path;
  std::error_code error;
  return fs::exists(installed, error) ? gunzip(installed) : text_from_package(substitute, folder);
}

std::string lines_of(const std::string& text, std::size_t first, std::size_t count) {
  auto after_lines = [&](std::size_t at, std::size_t lines) {
    for (; lines > 0 && at < text.size(); --lines)
      at = std::min(text.find('\n', at), text.size() - 1) + 1;
    return at;
  };
  std::size_t begin = after_lines(0, first), end = after_lines(begin, count);
  return text.substr(begin, end - begin);
}

}  // namespace taper::data
