#include "autograd/tensor/replacing_file.h"

#include "autograd/tensor/error.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

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

std::string followed(const std::string& path) {
  std::error_code none;
  fs::path real = fs::canonical(path, none);
  return none ? path : real.string();
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
  struct stat old {};
  bool exists = ::stat(target_.c_str(), &old) == 0;
  if (exists && ::access(target_.c_str(), W_OK) != 0) fail_with_errno();
  if (exists && !S_ISREG(old.st_mode))
    file_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  else
    open_beside();
  if (file_ < 0) fail_with_errno();
  if (exists && S_ISREG(old.st_mode)) ::fchmod(file_, old.st_mode & 07777);
}

ReplacingFile::~ReplacingFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void ReplacingFile::open_beside() {
  static std::atomic<unsigned> count{0};
  do {
    std::string name = fmt::format("{}/.taper-{}-{}.tmp", folder_of(target_), ::getpid(), count++);
    file_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ >= 0) temporary_ = name;
  } while (file_ < 0 && errno == EEXIST);
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
  if (!temporary_.empty() && ::fsync(file_) != 0) fail_with_errno();
  int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail_with_errno();
  if (temporary_.empty()) return;
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail_with_errno();
  temporary_.clear();
  sync_folder(folder_of(target_));
}

void ReplacingFile::fail_with_errno() const {
  fail(op_, "cannot write \"{}\": {}", path_, std::generic_category().message(errno));
}

}  // namespace taper::io
