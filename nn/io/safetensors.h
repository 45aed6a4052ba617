#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

/// Files in the safetensors format: https://github.com/huggingface/safetensors
namespace taper::safetensors {

using Metadata = std::map<std::string, std::string>;

/// One tensor to write. dtype: BOOL, U8, I32, I64, F32 or F64; bytes: its elements, row-major.
struct Entry {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// One tensor of a file: `bytes` bytes from byte `begin` after the header.
struct Info {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
};

/// An open file whose header was read and checked against the file's size; elements are read one
/// tensor at a time, straight to where they belong. Throws Error for a file that is not as it says.
class Reader {
 public:
  explicit Reader(const std::string& path);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Every tensor by its name.
  const std::map<std::string, Info>& tensors() const { return tensors_; }

  /// The texts under `__metadata__`.
  const Metadata& metadata() const { return metadata_; }

  /// Reads the tensor's elements into `to`, which has exactly the tensor's size in bytes.
  void read(const std::string& name, std::span<std::byte> to) const;

 private:
  std::string read_header();

  std::string path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t data_ = 0;  // where the header ends
  std::map<std::string, Info> tensors_;
  Metadata metadata_;
};

/// Writes the file as the format's own library does. What stood at `path` before is replaced only
/// when everything was written: a full disk or a killed process leaves it as it was.
void write(const std::string& path, std::span<const Entry> entries, const Metadata& metadata = {});

}  // namespace taper::safetensors
