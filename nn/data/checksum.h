#pragma once

#include <string>

#include "nn/data/fetch.h"

namespace taper::data {

/// Throws Error, which calls the file at `path` `name`, unless it has the size.
void check_size(const std::string& path, const DataFile& file, const std::string& name);

/// Throws Error, which calls the file at `path` `name`, unless it has the size and the checksum.
void check_file(const std::string& path, const DataFile& file, const std::string& name);

}  // namespace taper::data
