#include "nn/io/safetensors.h"

#include "autograd/io/errno_text.h"
#include "autograd/io/replacing_file.h"
#include "autograd/tensor/error.h"
#include "nn/io/safetensors_header.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taper::safetensors {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::uint64_t length_size = 8;

using io::errno_text;

// Without blocking, so that a pipe is refused rather than waited for.
int open_to_read(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) fail("load", "cannot open \"{}\": {}", path, errno_text());
  return file;
}

void read_at(const std::string& path, int file, std::uint64_t at, std::span<std::byte> to) {
  while (!to.empty()) {
    ssize_t done = ::pread(file, to.data(), to.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("load", "cannot read \"{}\": {}", path, errno_text());
    if (done == 0) fail("load", "\"{}\" became shorter while it was read", path);
    at += static_cast<std::uint64_t>(done);
    to = to.subspan(static_cast<std::size_t>(done));
  }
}

}  // namespace

Reader::Reader(const std::string& path) : path_(path), file_(open_to_read(path)) {
  try {
    std::string json = read_header();
    Header header = parse_header(path_, json, size_ - data_);
    tensors_ = std::move(header.tensors);
    metadata_ = std::move(header.metadata);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

Reader::~Reader() { ::close(file_); }

std::string Reader::read_header() {
  struct stat status {};
  if (::fstat(file_, &status) != 0) fail("load", "cannot read \"{}\": {}", path_, errno_text());
  if (!S_ISREG(status.st_mode)) fail("load", "\"{}\" is not a regular file", path_);
  size_ = static_cast<std::uint64_t>(status.st_size);
  if (size_ < length_size)
    fail("load", "\"{}\" holds {} bytes, a safetensors file at least {}", path_, size_,
         length_size);
  std::uint64_t length = 0;
  read_at(path_, file_, 0, std::as_writable_bytes(std::span(&length, 1)));
  if (length > max_header)
    fail("load", "\"{}\" announces a header of {} bytes, {} are allowed; not a safetensors file?",
         path_, length, max_header);
  if (length > size_ - length_size)
    fail("load", "\"{}\" announces a header of {} bytes, {} follow; cut off, or not safetensors",
         path_, length, size_ - length_size);
  std::string json(length, ' ');
  read_at(path_, file_, length_size, std::as_writable_bytes(std::span(json)));
  data_ = length_size + length;
  return json;
}

void Reader::read(const std::string& name, std::span<std::byte> to) const {
  auto tensor = tensors_.find(name);
  if (tensor == tensors_.end()) fail("load", "\"{}\" has no tensor {}", path_, shown(name));
  const Info& info = tensor->second;
  TAPER_ASSERT(to.size() == info.bytes);
  read_at(path_, file_, data_ + info.begin, to);
  if (info.dtype != "BOOL") return;
  auto bad = std::ranges::find_if(to, [](std::byte value) { return value > std::byte{1}; });
  if (bad != to.end())
    fail("load", "\"{}\": tensor {} of dtype BOOL holds the byte {}, expected 0 or 1", path_,
         shown(name), std::to_integer<int>(*bad));
}

void write(const std::string& path, std::span<const Entry> entries, const Metadata& metadata) {
  std::vector<const Entry*> order = in_file_order(path, entries);
  std::string header = make_header(path, order, metadata);
  std::uint64_t length = header.size();
  io::ReplacingFile file("save", path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const Entry* entry : order) file.write(entry->bytes);
  file.commit();
}

}  // namespace taper::safetensors
