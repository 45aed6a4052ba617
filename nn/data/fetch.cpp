#include "nn/data/fetch.h"

#include "autograd/io/replacing_file.h"
#include "autograd/tensor/error.h"
#include "nn/data/archive.h"
#include "nn/data/cache.h"
#include "nn/data/checksum.h"
#include "nn/data/sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <system_error>

namespace taper::data {
namespace {

// Where the public address failed, it is asked again only after this time, so that programs which
// run on the substitute start quickly.
constexpr std::chrono::hours address_pause{1};

// The most that is taken from an address whose archive's size is not known before.
constexpr std::uint64_t largest_archive = 64 << 20;

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string mirror_of(const FetchOptions& options) {
  const char* mirror = std::getenv("TAPER_DATA_MIRROR");
  return !options.mirror.empty() ? options.mirror : mirror ? mirror : "";
}

std::string folder_of(const DataSet& set, const FetchOptions& options) {
  std::string cache = options.cache.empty() ? cache_folder() : options.cache;
  return std::filesystem::absolute(cache).string() + "/" + set.name;
}

class Fetch {
 public:
  Fetch(const DataSet& set, const FetchOptions& options)
      : set_(set),
        options_(options),
        folder_(folder_of(set, options)),
        mirror_(mirror_of(options)),
        address_(options.address.empty() ? set.address : options.address) {}

  Fetched run();

 private:
  using Get = std::function<void(const DataFile& file, const std::string& to)>;

  bool complete() const { return missing_.empty(); }
  Fetched found(const std::string& folder, bool substitute) const;
  void say(const std::string& message) const;

  bool is_cached(const std::string& path, const DataFile& file) const;
  bool has_substitute() const { return options_.substitute && !set_.substitute.package.empty(); }
  bool substitute_is_cached() const;
  void find_missing();
  std::string take(const Get& get);
  void ask_sources(bool address_rests);
  void ask_mirror();
  void ask_address();
  void unpack_address();
  bool address_rests();
  void make_substitute();
  void cut_substitute();
  [[noreturn]] void give_up(const std::string& rest) const;

  const DataSet& set_;
  const FetchOptions& options_;
  const std::string folder_, mirror_, address_;
  std::optional<Workplace> work_;
  std::vector<const DataFile*> missing_;
  std::string mirror_problem_ = "TAPER_DATA_MIRROR is not set", address_problem_ = "none is known";
};

Fetched Fetch::run() {
  find_missing();
  bool substitute = !complete() && substitute_is_cached();
  try {
    if (!complete()) ask_sources(substitute && address_rests());
  } catch (const Error& error) {
    if (!substitute) throw;
    address_problem_ = error.what();
  }
  if (complete()) return found(folder_, false);
  if (!substitute) make_substitute();
  say(fmt::format("{}: using {}, not the official files: {}", set_.name, set_.substitute.what,
                  address_problem_));
  return found(folder_ + "/substitute", true);
}

void Fetch::ask_sources(bool address_rests) {
  if (mirror_.empty() && address_rests) return;
  work_.emplace(folder_);
  if (!mirror_.empty()) ask_mirror();
  if (!complete() && !address_rests) ask_address();
}

Fetched Fetch::found(const std::string& folder, bool substitute) const {
  Fetched found{{}, substitute};
  for (const DataFile& file : set_.files) found.paths.push_back(folder + "/" + file.name);
  return found;
}

void Fetch::say(const std::string& message) const {
  fmt::print(options_.messages, "fetch: {}\n", message);
  std::fflush(options_.messages);
}

bool Fetch::is_cached(const std::string& path, const DataFile& file) const {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return false;
  try {
    check_file(path, file, fmt::format("\"{}\"", path));
    return true;
  } catch (const Error& wrong) {
    say(fmt::format("{}; fetching it again", wrong.what()));
    return false;
  }
}

void Fetch::find_missing() {
  for (const DataFile& file : set_.files)
    if (!is_cached(folder_ + "/" + file.name, file)) missing_.push_back(&file);
}

// Moves what `get` brings into the cache; returns the problems with the rest, which stays missing.
std::string Fetch::take(const Get& get) {
  std::vector<std::string> problems;
  std::erase_if(missing_, [&](const DataFile* file) {
    try {
      get(*file, *work_ / file->name);
      work_->move(file->name, folder_ + "/" + file->name);
      return true;
    } catch (const Error& error) {
      problems.push_back(error.what());
      return false;
    }
  });
  return fmt::format("{}", fmt::join(problems, "; "));
}

void Fetch::ask_mirror() {
  mirror_problem_ = take([&](const DataFile& file, const std::string& to) {
    copy_from_mirror(place_in_mirror(mirror_, set_.name, file.name), file, to);
  });
  if (!complete()) say(fmt::format("the mirror lacks files of {}: {}", set_.name, mirror_problem_));
}

void Fetch::ask_address() {
  if (address_.empty()) return;
  try {
    unpack_address();
  } catch (const Error& error) {
    address_problem_ = error.what();
  }
  if (complete()) return;
  io::write_file("fetch", *work_ / "failed", address_ + "\n" + address_problem_);
  work_->move("failed", folder_ + "/address-failed");
}

void Fetch::unpack_address() {
  std::string zip = *work_ / "archive.zip", name = fmt::format("\"{}\"", address_);
  download(address_, largest_archive, zip);
  ZipArchive archive(zip, name);
  address_problem_ = take([&](const DataFile& file, const std::string& to) {
    archive.extract(file.name, file.bytes, to);
    check_file(to, file, name + ": " + file.name);
  });
}

bool Fetch::substitute_is_cached() const {
  if (!has_substitute()) return false;
  for (const auto& part : set_.substitute.parts)
    if (!is_cached(folder_ + "/substitute/" + part.file.name, part.file)) return false;
  return true;
}

bool Fetch::address_rests() {
  std::string failed = folder_ + "/address-failed", text = read_text(failed);
  if (!text.starts_with(address_ + "\n") || is_older(failed, address_pause)) return false;
  address_problem_ = text.substr(address_.size() + 1);
  return true;
}

void Fetch::make_substitute() {
  if (!has_substitute()) give_up("");
  try {
    cut_substitute();
  } catch (const Error& error) {
    give_up("\n  package " + set_.substitute.package + ": " + error.what());
  }
}

void Fetch::cut_substitute() {
  std::string text = substitute_text(set_.substitute, work_->path());
  for (const auto& [file, first_line, lines] : set_.substitute.parts) {
    io::write_file("fetch", *work_ / file.name, lines_of(text, first_line, lines));
    check_file(*work_ / file.name, file, file.name);
    work_->move(file.name, folder_ + "/substitute/" + file.name);
  }
}

void Fetch::give_up(const std::string& rest) const {
  std::vector<std::string> names;
  for (const DataFile* file : missing_) names.push_back(file->name);
  fail("fetch", "{}: no source has {}; tried\n  mirror: {}\n  public address: {}{}", set_.name,
       fmt::join(names, ", "), mirror_problem_, address_problem_, rest);
}

}  // namespace

Fetched fetch(const DataSet& set, const FetchOptions& options) { return Fetch(set, options).run(); }

}  // namespace taper::data
