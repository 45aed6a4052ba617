#pragma once

#include "nn/io/safetensors.h"

#include <string_view>

namespace taper::safetensors {

/// The longest header that is read or written, as in the format's own library.
inline constexpr std::uint64_t max_header = 100'000'000;

struct Header {
  std::map<std::string, Info> tensors;
  Metadata metadata;
};

/// Reads the header of the file at `path`, `data_size` bytes of elements behind it, and checks that
/// the tensors fill those bytes without a gap, an overlap or a rest.
Header parse_header(const std::string& path, std::string_view json, std::uint64_t data_size);

/// Checks the entries and puts them in the order in which their elements are written.
std::vector<const Entry*> in_file_order(const std::string& path, std::span<const Entry> entries);

/// The header of these entries, padded to a multiple of 8 bytes.
std::string make_header(const std::string& path, const std::vector<const Entry*>& entries,
                        const Metadata& metadata);

/// The size of a tensor's elements; `count` is the product of `shape`. False where it overflows.
bool byte_count(std::uint64_t item_size, const std::vector<std::int64_t>& shape,
                std::uint64_t& bytes);

/// The bytes of one element, 0 for a dtype that is not known.
std::uint64_t item_size(std::string_view dtype);

/// The known dtypes, for error texts.
std::string known_dtypes();

/// A name as error texts show it: in quotes, escaped, cut where it is very long.
std::string shown(std::string_view name);

/// A shape as error texts show it: [2, 3].
std::string shown(const std::vector<std::int64_t>& shape);

}  // namespace taper::safetensors
