#include "nn/io/safetensors_header.h"

#include "autograd/tensor/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace taper::safetensors {
namespace {

struct DtypeRow {
  std::string_view name;
  std::uint64_t size;
};

// In the format's own order; the elements of later rows come first in a file, so that each tensor
// is aligned to its element size.
constexpr std::array dtypes{DtypeRow{"BOOL", 1}, DtypeRow{"U8", 1},  DtypeRow{"I32", 4},
                            DtypeRow{"F32", 4},  DtypeRow{"F64", 8}, DtypeRow{"I64", 8}};

auto row_of(std::string_view dtype) { return std::ranges::find(dtypes, dtype, &DtypeRow::name); }

void check_entry(const std::string& path, const Entry& entry) {
  std::string name = shown(entry.name);
  std::uint64_t size = item_size(entry.dtype), bytes = 0;
  if (entry.name == "__metadata__") fail("save", "\"{}\": a tensor cannot be named {}", path, name);
  if (size == 0)
    fail("save", "\"{}\": tensor {} has dtype {}; known are {}", path, name, shown(entry.dtype),
         known_dtypes());
  if (!byte_count(size, entry.shape, bytes))
    fail("save", "\"{}\": tensor {} has the impossible shape {}", path, name, shown(entry.shape));
  if (bytes != entry.bytes.size())
    fail("save", "\"{}\": tensor {} of dtype {} and shape {} needs {} bytes, {} were given", path,
         name, entry.dtype, shown(entry.shape), bytes, entry.bytes.size());
}

std::string dumped(const std::string& path, const nlohmann::ordered_json& value) {
  try {
    return value.dump();
  } catch (const nlohmann::json::exception&) {
    fail("save", "\"{}\": a name or a metadata text is not valid UTF-8", path);
  }
}

}  // namespace

std::uint64_t item_size(std::string_view dtype) {
  auto row = row_of(dtype);
  return row == dtypes.end() ? 0 : row->size;
}

std::string known_dtypes() {
  std::string names;
  for (const DtypeRow& row : dtypes) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

std::string shown(std::string_view name) {
  constexpr std::size_t longest = 100;
  if (name.size() <= longest) return fmt::format("{:?}", name);
  return fmt::format("{:?}...", name.substr(0, longest));
}

std::string shown(const std::vector<std::int64_t>& shape) { return fmt::format("{}", shape); }

bool byte_count(std::uint64_t item_size, const std::vector<std::int64_t>& shape,
                std::uint64_t& bytes) {
  bytes = item_size;
  bool fits = true;
  for (std::int64_t size : shape) {
    if (size < 0) return false;
    fits = !__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes) && fits;
    fits = fits || size == 0;
  }
  return fits && bytes <= INT64_MAX;
}

std::vector<const Entry*> in_file_order(const std::string& path, std::span<const Entry> entries) {
  std::vector<const Entry*> order;
  std::set<std::string_view> names;
  for (const Entry& entry : entries) {
    check_entry(path, entry);
    if (!names.insert(entry.name).second)
      fail("save", "\"{}\": tensor {} was given twice", path, shown(entry.name));
    order.push_back(&entry);
  }
  std::ranges::sort(order, [](const Entry* a, const Entry* b) {
    auto row_a = row_of(a->dtype), row_b = row_of(b->dtype);
    return row_a != row_b ? row_a > row_b : a->name < b->name;
  });
  return order;
}

std::string make_header(const std::string& path, const std::vector<const Entry*>& entries,
                        const Metadata& metadata) {
  std::string text;
  auto add = [&](const std::string& name, const nlohmann::ordered_json& value) {
    text += (text.empty() ? "{" : ",") + dumped(path, name) + ":" + dumped(path, value);
  };
  if (!metadata.empty()) add("__metadata__", metadata);
  std::uint64_t begin = 0;
  for (const Entry* entry : entries) {
    std::uint64_t end = begin + entry->bytes.size();
    add(entry->name,
        {{"dtype", entry->dtype}, {"shape", entry->shape}, {"data_offsets", {begin, end}}});
    begin = end;
  }
  text += text.empty() ? "{}" : "}";
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > max_header)
    fail("save", "\"{}\": the header takes {} bytes, {} are allowed", path, text.size(),
         max_header);
  return text;
}

}  // namespace taper::safetensors
