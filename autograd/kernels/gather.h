#pragma once

#include <optional>

#include "autograd/kernels/strided_loop.h"

namespace taper::kernels {

/// The first entry of index (int64), but for `allowed`, outside of [low, high), if there is one.
inline std::optional<int64_t> first_outside(const Buffer& index, int64_t low, int64_t high,
                                            std::optional<int64_t> allowed = {}) {
  std::optional<int64_t> found;
  Shape once(index.sizes);  // what is repeated without memory is read once
  for (size_t d = 0; d < once.size(); ++d)
    if (index.strides[d] == 0) once[d] = std::min<int64_t>(once[d], 1);
  strided_loop<1>(once, {Shape(index.strides)}, [&](auto at, int64_t n, auto step) {
    const int64_t* p = index.as<int64_t>() + at[0];
    for (int64_t i = 0; i < n && !found; ++i)
      if (int64_t v = p[i * step[0]]; (v < low || v >= high) && v != allowed) found = v;
  });
  return found;
}

/// Calls f(whole[.., index[i], ..], part[i]) for every place i of index (int64), whose entry
/// replaces the coordinate of `dim`; part has index's shape.
template <class T, class F>
void for_each_indexed(const Buffer& index, const Buffer& whole, const Buffer& part, size_t dim,
                      F f) {
  Shape strides = whole.strides;
  int64_t jump = strides[dim];
  strides[dim] = 0;
  strided_loop<3>(index.sizes, {Shape(index.strides), strides, Shape(part.strides)},
                  [&](auto at, int64_t n, auto step) {
                    const int64_t* picks = index.as<int64_t>() + at[0];
                    T* w = whole.as<T>() + at[1];
                    T* p = part.as<T>() + at[2];
                    if (step[0] == 0) {  // whole rows, as index_select has them
                      w += *picks * jump;
                      for (int64_t i = 0; i < n; ++i) f(w[i * step[1]], p[i * step[2]]);
                    } else {
                      for (int64_t i = 0; i < n; ++i)
                        f(w[picks[i * step[0]] * jump + i * step[1]], p[i * step[2]]);
                    }
                  });
}

}  // namespace taper::kernels
