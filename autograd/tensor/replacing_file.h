#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

// Of nn/io and autograd/viz, which share no folder but this one.

namespace taper::io {

/// Writes a file beside `path` and puts it in the place of `path` at the end, so that what stood
/// there is lost at no point. A symbolic link is followed; a device or pipe is written directly.
/// Every failure throws Error: `op: cannot write "path": reason`.
class ReplacingFile {
 public:
  ReplacingFile(std::string_view op, const std::string& path);
  ~ReplacingFile();
  ReplacingFile(const ReplacingFile&) = delete;
  ReplacingFile& operator=(const ReplacingFile&) = delete;

  void write(std::span<const std::byte> bytes);

  /// Brings everything to the disk and replaces `path`; without it the destructor drops the file.
  void commit();

 private:
  void open_beside();
  [[noreturn]] void fail_with_errno() const;

  std::string op_;
  std::string path_;       // as given, for error texts
  std::string target_;     // what is replaced
  std::string temporary_;  // empty: written directly
  int file_ = -1;
};

}  // namespace taper::io
