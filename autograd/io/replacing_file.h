#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace taper::io {

/// Writes a file without a name and puts it in the place of `path` at the end, so that what stood
/// there is lost at no point, and a process that is killed leaves nothing. (Where the file system
/// has no such files, one beside `path` takes its place.) A symbolic link is followed, also to
/// where nothing is yet; a device or pipe is written directly. Every failure throws Error: `op:
/// cannot write "path": reason`.
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
  void open_target();
  void open_nameless();
  void open_beside();
  void give_name();
  [[noreturn]] void fail_with_errno() const;

  std::string op_;
  std::string path_;       // as given, for error texts
  std::string target_;     // what is replaced
  std::string temporary_;  // the name beside it, while there is one
  bool replaces_ = true;   // otherwise written directly
  int file_ = -1;
};

/// Writes the text as the file, in the same way.
void write_file(std::string_view op, const std::string& path, std::string_view text);

}  // namespace taper::io
