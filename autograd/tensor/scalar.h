#pragma once

#include <concepts>
#include <cstdint>

#include "autograd/tensor/dtype.h"

namespace taper {

/// A bool that no number converts to, for overloads beside a number.
struct Flag {
  template <std::same_as<bool> T>
  constexpr Flag(T v) : value(v) {}
  bool value;
};

/// A number of any type, as arguments of ops are: `x + 1`, `full({2}, 0.5)`.
class Scalar {
 public:
  constexpr Scalar(bool v) : integer_(v), kind_(boolean) {}
  template <std::integral T>
  constexpr Scalar(T v) : integer_(int64_t(v)), kind_(int64) {}
  template <std::floating_point T>
  constexpr Scalar(T v) : real_(double(v)), kind_(float64) {}

  /// boolean, int64 or float64.
  constexpr Dtype kind() const { return kind_; }
  /// As a T: fractions are cut off, integers wrap. `fits` says whether the number survives.
  template <class T>
  constexpr T to() const {
    if (kind_ != float64) return T(integer_);
    if constexpr (std::integral<T> && !std::same_as<T, bool>)
      return T(int64_t(real_));
    else
      return T(real_);
  }
  constexpr double to_double() const { return to<double>(); }
  constexpr int64_t to_int() const { return to<int64_t>(); }

  /// The type of a tensor made of this number alone: boolean, int64 or the default floating type.
  Dtype natural_dtype() const { return kind_ == float64 ? get_default_dtype() : kind_; }

  /// Whether dtype can hold the number, but for a fraction and rounding.
  bool fits(Dtype dtype) const;

  constexpr bool operator==(const Scalar& other) const {
    return kind_ == other.kind_ &&
           (kind_ == float64 ? real_ == other.real_ : integer_ == other.integer_);
  }

 private:
  union {
    int64_t integer_;
    double real_;
  };
  Dtype kind_;
};

/// Throws unless value.fits(dtype).
void check_fits(std::string_view op, Scalar value, Dtype dtype);

}  // namespace taper
