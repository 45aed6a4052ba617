#pragma once

#include <chrono>
#include <string>

namespace taper::data {

/// TAPER_CACHE, else XDG_CACHE_HOME/taper, else ~/.cache/taper.
std::string cache_folder();

/// Whether the file was written longer ago than that; false where there is none.
bool is_older(const std::string& path, std::chrono::hours age);

/// A folder inside a cache folder, for one fetch: what is in it may be incomplete and goes with it,
/// what is complete is moved out.
class Workplace {
 public:
  explicit Workplace(const std::string& cache);
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  /// Moves the file `name` to the path `to`, at once and for every process.
  void move(const std::string& name, const std::string& to) const;

 private:
  std::string path_;
};

}  // namespace taper::data
