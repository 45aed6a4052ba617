#include "nn/io/safetensors_header.h"

#include "autograd/tensor/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace taper::safetensors {
namespace {

using Json = nlohmann::json;

constexpr std::size_t max_dimensions = 64;  // numpy's and PyTorch's limit

struct Fields {
  std::optional<std::string> dtype;
  std::optional<std::vector<std::int64_t>> shape, offsets;
};

void check_complete(const std::string& path, const std::string& name, const Fields& fields) {
  const char* missing = !fields.dtype     ? "dtype"
                        : !fields.shape   ? "shape"
                        : !fields.offsets ? "data_offsets"
                                          : nullptr;
  if (missing) fail("load", "\"{}\": tensor {} has no {}", path, name, missing);
  if (fields.offsets->size() != 2)
    fail("load", "\"{}\": tensor {} has {} data_offsets; expected 2", path, name,
         fields.offsets->size());
}

Info info_of(const std::string& path, std::string_view tensor, const Fields& fields) {
  std::string name = shown(tensor);
  check_complete(path, name, fields);
  std::string shape = shown(*fields.shape);
  std::uint64_t size = item_size(*fields.dtype), bytes = 0;
  if (size == 0)
    fail("load", "\"{}\": tensor {} has dtype {}; known are {}", path, name, shown(*fields.dtype),
         known_dtypes());
  if (!byte_count(size, *fields.shape, bytes))
    fail("load", "\"{}\": tensor {} has the impossible shape {}", path, name, shape);
  std::int64_t begin = fields.offsets->front(), end = fields.offsets->back();
  if (end - begin != static_cast<std::int64_t>(bytes))
    fail("load",
         "\"{}\": tensor {} of dtype {} and shape {} needs {} bytes, has data_offsets {} to {}",
         path, name, *fields.dtype, shape, bytes, begin, end);
  return {*fields.dtype, *fields.shape, static_cast<std::uint64_t>(begin), bytes};
}

// Takes {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...} token by token,
// so that no header, however nested, makes it use more memory than a sound one of that length.
class Parser : public nlohmann::json_sax<Json> {
 public:
  explicit Parser(const std::string& path) : path_(path) {}

  Header header;

  bool start_object(std::size_t) override;
  bool key(string_t& key) override;
  bool end_object() override;
  bool string(string_t& value) override;
  bool start_array(std::size_t) override;
  bool number_unsigned(number_unsigned_t value) override;
  bool end_array() override;

  bool null() override { misplaced("null"); }
  bool boolean(bool) override { misplaced("a boolean"); }
  bool number_integer(number_integer_t) override { misplaced("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { misplaced("a fraction"); }
  bool binary(binary_t&) override { misplaced("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    fail("load", "\"{}\": the header is not valid JSON at its byte {}", path_, position);
  }

 private:
  enum class Inside { nothing, header, tensor, metadata };

  [[noreturn]] void misplaced(std::string_view what) const;
  [[noreturn]] void twice() const;
  void start_tensor_field();

  const std::string& path_;
  Inside inside_ = Inside::nothing;
  std::string name_;   // of the tensor, or __metadata__
  std::string field_;  // in it
  bool has_metadata_ = false;
  Fields fields_;
  std::vector<std::int64_t>* list_ = nullptr;  // the open array
};

void Parser::misplaced(std::string_view what) const {
  std::string place = shown(name_);
  if (inside_ != Inside::header) place += ", field " + shown(field_);
  fail("load", "\"{}\": the header has {} where none belongs, in {}", path_, what, place);
}

void Parser::twice() const {
  std::string place = inside_ == Inside::header ? "" : " in " + shown(name_);
  const std::string& name = inside_ == Inside::header ? name_ : field_;
  fail("load", "\"{}\": the header has {} twice{}", path_, shown(name), place);
}

bool Parser::start_object(std::size_t) {
  if (inside_ == Inside::nothing) {
    inside_ = Inside::header;
  } else if (inside_ == Inside::header) {
    bool is_metadata = name_ == "__metadata__";
    inside_ = is_metadata ? Inside::metadata : Inside::tensor;
    has_metadata_ |= is_metadata;
    fields_ = {};
    field_.clear();
  } else {
    misplaced("an object");
  }
  return true;
}

bool Parser::key(string_t& key) {
  (inside_ == Inside::header ? name_ : field_) = key;
  if (inside_ == Inside::header) {
    if (header.tensors.contains(key) || (has_metadata_ && key == "__metadata__")) twice();
  } else if (inside_ == Inside::metadata) {
    if (header.metadata.contains(key)) twice();
  } else {
    start_tensor_field();
  }
  return true;
}

void Parser::start_tensor_field() {
  bool known = field_ == "dtype" || field_ == "shape" || field_ == "data_offsets";
  if (!known)
    fail("load", "\"{}\": tensor {} has the unknown field {}", path_, shown(name_), shown(field_));
  if ((field_ == "dtype" && fields_.dtype) || (field_ == "shape" && fields_.shape) ||
      (field_ == "data_offsets" && fields_.offsets))
    twice();
}

bool Parser::end_object() {
  if (inside_ == Inside::tensor) header.tensors.emplace(name_, info_of(path_, name_, fields_));
  inside_ = Inside::header;
  return true;
}

bool Parser::string(string_t& value) {
  if (inside_ == Inside::metadata)
    header.metadata.emplace(field_, value);
  else if (inside_ == Inside::tensor && field_ == "dtype")
    fields_.dtype = value;
  else
    misplaced("a string");
  return true;
}

bool Parser::start_array(std::size_t) {
  if (inside_ != Inside::tensor || field_ == "dtype" || list_) misplaced("a list");
  list_ = &(field_ == "shape" ? fields_.shape : fields_.offsets).emplace();
  return true;
}

bool Parser::number_unsigned(number_unsigned_t value) {
  if (!list_) misplaced("a number");
  if (value > INT64_MAX) misplaced("a number above 2^63");
  if (list_->size() == max_dimensions)
    fail("load", "\"{}\": tensor {} has more than {} numbers in its {}", path_, shown(name_),
         max_dimensions, field_);
  list_->push_back(static_cast<std::int64_t>(value));
  return true;
}

bool Parser::end_array() {
  list_ = nullptr;
  return true;
}

void check_layout(const std::string& path, const Header& header, std::uint64_t data_size) {
  std::vector<std::pair<const std::string, Info> const*> order;
  for (const auto& tensor : header.tensors) order.push_back(&tensor);
  std::ranges::sort(order, {}, [](auto* tensor) {
    return std::pair(tensor->second.begin, tensor->second.bytes);
  });
  std::uint64_t end = 0;
  for (auto* tensor : order) {
    const Info& info = tensor->second;
    if (info.begin != end)
      fail("load", "\"{}\": tensor {} begins at byte {}, expected {}, where the one before it ends",
           path, shown(tensor->first), info.begin, end);
    end += info.bytes;
    if (end > data_size)
      fail("load", "\"{}\" holds {} bytes after its header, tensor {} needs {}", path, data_size,
           shown(tensor->first), end);
  }
  if (end != data_size)
    fail("load", "\"{}\" holds {} bytes after its header, its tensors need {}", path, data_size,
         end);
}

}  // namespace

Header parse_header(const std::string& path, std::string_view json, std::uint64_t data_size) {
  // The parser would take a byte 0 for the end of the text.
  if (!json.starts_with('{') || json.find('\0') != json.npos)
    fail("load", "\"{}\": the header is not a JSON object", path);
  Parser parser(path);
  Json::sax_parse(json, &parser);
  check_layout(path, parser.header, data_size);
  return std::move(parser.header);
}

}  // namespace taper::safetensors
