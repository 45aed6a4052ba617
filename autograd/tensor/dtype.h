#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <utility>

#include "autograd/tensor/text.h"

namespace taper {

enum class Category : uint8_t { boolean, integral, floating };

/// Every element type, a row each: name, C++ type, category, accumulator, safetensors' name,
/// LibTorch's name. The order is the order of promotion.
#define TAPER_DTYPES(ROW)                                \
  ROW(boolean, bool, boolean, int64, "BOOL", "Bool")     \
  ROW(uint8, uint8_t, integral, int64, "U8", "Byte")     \
  ROW(int32, int32_t, integral, int64, "I32", "Int")     \
  ROW(int64, int64_t, integral, int64, "I64", "Long")    \
  ROW(float32, float, floating, float64, "F32", "Float") \
  ROW(float64, double, floating, float64, "F64", "Double")

enum class Dtype : uint8_t {
#define ROW(name, ...) name,
  TAPER_DTYPES(ROW)
#undef ROW
};

#define ROW(name, ...) inline constexpr Dtype name = Dtype::name;
TAPER_DTYPES(ROW)
#undef ROW

/// LibTorch's names.
inline constexpr Dtype kBool = boolean, kByte = uint8, kUInt8 = uint8, kInt = int32, kInt32 = int32,
                       kLong = int64, kInt64 = int64, kFloat = float32, kFloat32 = float32,
                       kF32 = float32, kDouble = float64, kFloat64 = float64;

struct DtypeInfo {
  const char* name;
  size_t size;  ///< bytes
  Category category;
  Dtype accumulator;  ///< what sums are kept in
  const char* safetensors;
  const char* libtorch;
};

inline constexpr DtypeInfo dtype_table[] = {
#define ROW(name, type, category, accumulator, safetensors, libtorch) \
  {#name, sizeof(type), Category::category, Dtype::accumulator, safetensors, libtorch},
    TAPER_DTYPES(ROW)
#undef ROW
};
inline constexpr int dtype_count = int(std::size(dtype_table));

constexpr const DtypeInfo& info(Dtype d) { return dtype_table[size_t(d)]; }
constexpr bool is_floating_point(Dtype d) { return info(d).category == Category::floating; }
constexpr bool is_integral(Dtype d) { return info(d).category != Category::floating; }

/// The type that holds both: the later row.
constexpr Dtype promote_types(Dtype a, Dtype b) { return a < b ? b : a; }

/// float32, unless set: the type of factories and of numbers with a fraction.
Dtype get_default_dtype();
void set_default_dtype(Dtype dtype);

template <class T>
constexpr Dtype dtype_of();
#define ROW(name, type, ...)         \
  template <>                        \
  constexpr Dtype dtype_of<type>() { \
    return Dtype::name;              \
  }
TAPER_DTYPES(ROW)
#undef ROW

template <Dtype d>
struct TypeOf;
#define ROW(name, t, ...)      \
  template <>                  \
  struct TypeOf<Dtype::name> { \
    using type = t;            \
  };
TAPER_DTYPES(ROW)
#undef ROW

/// The C++ type that sums of T are kept in.
template <class T>
using accumulator_of = typename TypeOf<info(dtype_of<T>()).accumulator>::type;

/// Calls f(T{}) with the C++ type of d.
template <class F>
decltype(auto) dispatch(Dtype d, F&& f) {
  switch (d) {
#define ROW(name, type, ...) \
  case Dtype::name: return std::forward<F>(f)(type{});
    TAPER_DTYPES(ROW)
#undef ROW
  }
  __builtin_unreachable();
}

/// As dispatch, for float32 and float64 alone; the caller has checked.
template <class F>
decltype(auto) dispatch_floating(Dtype d, F&& f) {
  return d == float64 ? std::forward<F>(f)(double{}) : std::forward<F>(f)(float{});
}

std::ostream& operator<<(std::ostream& out, Dtype dtype);

}  // namespace taper

template <>
struct fmt::formatter<taper::Dtype> : taper::TextFormatter {
  fmt::appender format(taper::Dtype dtype, fmt::format_context& context) const;
};
