#include "examples/optdigits/text_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "autograd/tensor/error.h"

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) taper::fail("optdigits", "cannot make the folder \"{}\": {}", path, error.message());
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush())
    taper::fail("optdigits", "cannot write \"{}\": {}", path, std::strerror(errno));
}
