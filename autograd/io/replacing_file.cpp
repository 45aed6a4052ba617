#include "autograd/io/replacing_file.h"

#include "autograd/io/errno_text.h"
#include "autograd/tensor/error.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taper::io {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const std::string& path) {
  std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// Where a chain of symbolic links ends, whether or not anything is there; `path` itself where it
/// ends nowhere.
std::string followed(const std::string& path) {
  constexpr int most_links = 40;  // as in Linux
  std::error_code error;
  fs::path place = path;
  for (int links = 0; fs::is_symlink(place, error); ++links) {
    if (links == most_links) return path;
    place = place.parent_path() / fs::read_symlink(place, error);
  }
  return place.string();
}

/// A name that no other file has, beside the path.
std::string name_beside(const std::string& path) {
  static std::atomic<unsigned> count{0};
  return fmt::format("{}/.taper-{}-{}.tmp", folder_of(path), ::getpid(), count++);
}

void sync_folder(const std::string& folder) {
  int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

ReplacingFile::ReplacingFile(std::string_view op, const std::string& path)
    : op_(op), path_(path), target_(followed(path)) {
  try {
    open_target();
  } catch (...) {
    if (file_ >= 0) ::close(file_);
    throw;
  }
}

ReplacingFile::~ReplacingFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void ReplacingFile::open_target() {
  struct stat old {};
  bool exists = ::stat(target_.c_str(), &old) == 0;
  if (!exists && errno != ENOENT) fail_with_errno();
  if (exists && ::access(target_.c_str(), W_OK) != 0) fail_with_errno();
  replaces_ = !exists || S_ISREG(old.st_mode);
  if (!replaces_) file_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  if (replaces_) open_nameless();
  if (replaces_ && file_ < 0) open_beside();
  if (file_ < 0) fail_with_errno();
  if (exists && replaces_) ::fchmod(file_, old.st_mode & 07777);
}

void ReplacingFile::open_nameless() {
  file_ = ::open(folder_of(target_).c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
}

void ReplacingFile::open_beside() {
  do {
    std::string name = name_beside(target_);
    file_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ >= 0) temporary_ = name;
  } while (file_ < 0 && errno == EEXIST);
}

/// Gives a file without a name one beside the target, which it then takes the place of.
void ReplacingFile::give_name() {
  std::string nameless = fmt::format("/proc/self/fd/{}", file_);
  int failed;
  do {
    std::string name = name_beside(target_);
    failed = ::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW);
    if (!failed) temporary_ = name;
  } while (failed && errno == EEXIST);
  if (failed) fail_with_errno();
}

void ReplacingFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::write(file_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_with_errno();
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

void ReplacingFile::commit() {
  if (replaces_ && ::fsync(file_) != 0) fail_with_errno();
  if (replaces_ && temporary_.empty()) give_name();
  int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail_with_errno();
  if (!replaces_) return;
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail_with_errno();
  temporary_.clear();
  sync_folder(folder_of(target_));
}

void ReplacingFile::fail_with_errno() const {
  fail(op_, "cannot write \"{}\": {}", path_, errno_text());
}

void write_file(std::string_view op, const std::string& path, std::string_view text) {
  ReplacingFile file(op, path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

}  // namespace taper::io
