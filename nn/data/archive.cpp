#include "nn/data/archive.h"

#include "autograd/io/errno_text.h"
#include "autograd/io/replacing_file.h"
#include "autograd/tensor/error.h"

#include <fmt/format.h>

#include <memory>
#include <span>

#include <zip.h>
#include <zlib.h>

namespace taper::data {
namespace {

constexpr std::size_t block = 1 << 16;

using ZipMember = std::unique_ptr<zip_file_t, decltype(&zip_fclose)>;
using GzFile = std::unique_ptr<gzFile_s, decltype(&gzclose)>;

zip_t* open_zip(const std::string& path, const std::string& said_as) {
  int code = 0;
  if (zip_t* zip = zip_open(path.c_str(), ZIP_RDONLY, &code)) return zip;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  fail(said_as, "{}", text);
}

}  // namespace

ZipArchive::ZipArchive(const std::string& path, const std::string& said_as)
    : said_as_(said_as), zip_(open_zip(path, said_as)) {}

ZipArchive::~ZipArchive() { zip_discard(zip_); }

void ZipArchive::extract(const std::string& name, std::uint64_t most, const std::string& to) const {
  zip_int64_t index = zip_name_locate(zip_, name.c_str(), ZIP_FL_NODIR);
  if (index < 0) fail(said_as_, "holds no {}", name);
  ZipMember member(zip_fopen_index(zip_, static_cast<zip_uint64_t>(index), 0), zip_fclose);
  if (!member) fail(said_as_, "{}: {}", name, zip_strerror(zip_));
  io::ReplacingFile out(said_as_ + ": " + name, to);
  std::string buffer(block, '\0');
  std::uint64_t bytes = 0;
  while (zip_int64_t got = zip_fread(member.get(), buffer.data(), buffer.size())) {
    if (got < 0) fail(said_as_, "{}: {}", name, zip_file_strerror(member.get()));
    bytes += static_cast<std::uint64_t>(got);
    if (bytes > most) fail(said_as_, "{}: more than the expected {} bytes", name, most);
    out.write(std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(got))));
  }
  out.commit();
}

std::string gunzip(const std::string& path) {
  GzFile file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) fail(path, "{}", io::errno_text());
  std::string text, buffer(block, '\0');
  int got = 0;
  while ((got = gzread(file.get(), buffer.data(), block)) > 0)
    text.append(buffer, 0, static_cast<std::size_t>(got));
  int code = 0;
  if (got < 0) fail(path, "{}", gzerror(file.get(), &code));
  return text;
}

}  // namespace taper::data
