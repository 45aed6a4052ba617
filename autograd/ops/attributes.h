#pragma once

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "autograd/tensor/dtype.h"
#include "autograd/tensor/int2.h"
#include "autograd/tensor/scalar.h"
#include "autograd/tensor/shape.h"

namespace taper {

/// An op's attribute as named data: what labels, export and equality read.
struct Attribute {
  using Value = std::variant<bool, int64_t, double, std::vector<int64_t>, std::string>;
  std::string name;
  Value value;
  bool operator==(const Attribute&) const = default;
};

std::string to_string(const Attribute::Value& value);
/// "kernel=[2, 2], stride=[2, 2]"
std::string to_string(const std::vector<Attribute>& attributes);

inline Attribute::Value attribute_value(bool v) { return v; }
inline Attribute::Value attribute_value(int64_t v) { return v; }
inline Attribute::Value attribute_value(int v) { return int64_t(v); }
inline Attribute::Value attribute_value(Int v) { return v.value; }
inline Attribute::Value attribute_value(double v) { return v; }
inline Attribute::Value attribute_value(const Shape& v) { return IntList(v).vec(); }
inline Attribute::Value attribute_value(const std::vector<int64_t>& v) { return v; }
inline Attribute::Value attribute_value(Int2 v) { return std::vector<int64_t>{v.h, v.w}; }
inline Attribute::Value attribute_value(Dtype v) { return std::string(info(v).name); }
inline Attribute::Value attribute_value(const std::string& v) { return v; }
inline Attribute::Value attribute_value(Scalar v) {
  if (v.kind() == float64) return v.to_double();
  return v.to_int();
}

/// The names in "a, b, c", the text of a FIELDS list.
std::vector<std::string_view> split_names(std::string_view list);

/// Names a struct's attributes once: `fields()` is a tuple of references, `field_names` their
/// names.
#define FIELDS(...)                                        \
  static constexpr const char* field_names = #__VA_ARGS__; \
  auto fields() { return std::tie(__VA_ARGS__); }          \
  auto fields() const { return std::tie(__VA_ARGS__); }

template <class T>
std::vector<Attribute> attributes_of(const T& object) {
  std::vector<Attribute> out;
  if constexpr (requires { T::field_names; }) {
    auto names = split_names(T::field_names);
    std::apply(
        [&](const auto&... field) {
          size_t i = 0;
          (out.push_back({std::string(names[i++]), attribute_value(field)}), ...);
        },
        object.fields());
  }
  return out;
}

}  // namespace taper
