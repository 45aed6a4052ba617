#pragma once

// Loops over packed memory, compiled once for each instruction set.

#include <array>
#include <type_traits>
#include <utility>

#include "autograd/kernels/isa.h"

namespace taper::kernels {

/// y[i] = f(x0[i], x1[i], ..) for n elements; f points to the function object. y may be an x.
using PackedLoop = void (*)(const void* f, void* y, const void* const* x, int64_t n);

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TAPER_TARGET_AVX2 [[gnu::target("avx2")]]
#define TAPER_TARGET_AVX512 \
  [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")]]
#else
#define TAPER_TARGET_AVX2
#define TAPER_TARGET_AVX512
#endif

namespace detail {

/// What T is read as: the compiler makes no vectors of bool.
template <class T>
using Readable = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;

template <class F, class Y, class... X>
[[gnu::always_inline]] inline void packed_loop(const F f, Y* y, int64_t n, const X*... x) {
#ifdef _OPENMP
#pragma omp simd
#endif
  for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]...);
}

template <class F, class Indices, class Y, class... X>
struct PackedLoops;

/// The compiler turns the one loop into vectors of each set: the sum of two products is no fused
/// multiplication in any of them, so that all give the same bits.
template <class F, size_t... I, class Y, class... X>
struct PackedLoops<F, std::index_sequence<I...>, Y, X...> {
  static void sse4(const void* f, void* y, [[maybe_unused]] const void* const* x, int64_t n) {
    packed_loop(*static_cast<const F*>(f), static_cast<Y*>(y), n,
                static_cast<const Readable<X>*>(x[I])...);
  }
  TAPER_TARGET_AVX2 static void avx2(const void* f, void* y, [[maybe_unused]] const void* const* x,
                                     int64_t n) {
    packed_loop(*static_cast<const F*>(f), static_cast<Y*>(y), n,
                static_cast<const Readable<X>*>(x[I])...);
  }
  TAPER_TARGET_AVX512 static void avx512(const void* f, void* y,
                                         [[maybe_unused]] const void* const* x, int64_t n) {
    packed_loop(*static_cast<const F*>(f), static_cast<Y*>(y), n,
                static_cast<const Readable<X>*>(x[I])...);
  }
  static constexpr PackedLoop of_set[] = {sse4, avx2, avx512};
};

}  // namespace detail

/// The loop of f from X.. to Y for this CPU.
template <class F, class Y, class... X>
PackedLoop packed_loop() {
  return detail::PackedLoops<F, std::index_sequence_for<X...>, Y, X...>::of_set[size_t(isa())];
}

}  // namespace taper::kernels
