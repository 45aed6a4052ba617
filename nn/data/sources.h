#pragma once

#include <string>

#include "nn/data/fetch.h"

namespace taper::data {

/// Downloads `url` to the file `to` with curl, if it has no more than `most` bytes. Throws Error
/// with curl's own message and the URL.
void download(const std::string& url, std::uint64_t most, const std::string& to);

/// Where a mirror, a folder or a URL, keeps this file.
std::string place_in_mirror(const std::string& mirror, const std::string& set,
                            const std::string& file);

/// Brings the file of a mirror, from its place there, to the file `to`.
void copy_from_mirror(const std::string& place, const DataFile& file, const std::string& to);

/// The substitute's text, uncompressed: from the installed package, else from the package that
/// apt-get downloads into `folder`, where it is unpacked and not installed.
std::string substitute_text(const Substitute& substitute, const std::string& folder);

/// Those lines of a text.
std::string lines_of(const std::string& text, std::size_t first, std::size_t count);

}  // namespace taper::data
