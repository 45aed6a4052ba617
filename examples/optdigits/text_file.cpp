#include "examples/optdigits/text_file.h"

#include <filesystem>

#include "autograd/io/replacing_file.h"
#include "autograd/tensor/error.h"

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) taper::fail("optdigits", "cannot make the folder \"{}\": {}", path, error.message());
}

void write_text(const std::string& path, const std::string& text) {
  taper::io::write_file("optdigits", path, text);
}
