#include "nn/data/cache.h"

#include "autograd/tensor/error.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <stdlib.h>

namespace taper::data {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// What killed processes left behind.
void remove_old_workplaces(const std::string& cache) {
  constexpr std::chrono::hours week{7 * 24};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(cache, ignored))
    if (entry.path().filename().string().starts_with(".fetch-") && is_older(entry.path(), week))
      fs::remove_all(entry, ignored);
}

}  // namespace

std::string cache_folder() {
  if (std::string own = variable("TAPER_CACHE"); !own.empty()) return own;
  // The XDG specification tells to ignore a relative path.
  if (std::string xdg = variable("XDG_CACHE_HOME"); xdg.starts_with('/')) return xdg + "/taper";
  if (std::string home = variable("HOME"); !home.empty()) return home + "/.cache/taper";
  fail("fetch", "no cache folder: TAPER_CACHE, XDG_CACHE_HOME and HOME are not set");
}

bool is_older(const std::string& path, std::chrono::hours age) {
  std::error_code error;
  auto time = fs::last_write_time(path, error);
  return !error && fs::file_time_type::clock::now() - time > age;
}

Workplace::Workplace(const std::string& cache) : path_(cache + "/.fetch-XXXXXX") {
  std::error_code error;
  fs::create_directories(cache, error);
  if (!error && !::mkdtemp(path_.data())) error.assign(errno, std::generic_category());
  if (error)
    fail("fetch", "cannot write to the cache folder \"{}\": {}; TAPER_CACHE names another", cache,
         error.message());
  remove_old_workplaces(cache);
}

Workplace::~Workplace() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void Workplace::move(const std::string& name, const std::string& to) const {
  std::error_code error;
  fs::create_directories(fs::path(to).parent_path(), error);
  if (!error) fs::rename(*this / name, to, error);
  if (error) fail("fetch", "cannot write \"{}\": {}", to, error.message());
}

}  // namespace taper::data
