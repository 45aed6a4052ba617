#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "autograd/kernels/parallel.h"
#include "autograd/kernels/strided_loop.h"
#include "autograd/tensor/memory.h"

namespace taper::kernels {

/// A parameter and N - 1 tensors of its shape and type that go with it: the gradient first, then
/// what the optimiser keeps; what is missing is empty.
template <size_t N>
using StepTensors = std::array<Buffer, N>;

/// n elements of a parameter and of what goes with it: where they start, null for what is missing.
template <class T, size_t N>
struct StepRun {
  std::array<T*, N> at;
  int64_t n;
};

namespace detail {

/// Whether tensors that are written, of one parameter or of two, lie among each other's memory:
/// then all steps are taken in turn.
template <size_t N>
bool overlap(std::span<const StepTensors<N>> all) {
  struct Extent {
    const std::byte *begin, *end;
  };
  memory::vector<Extent> extents;
  for (const StepTensors<N>& tensors : all)
    for (size_t i = 0; i < N; ++i) {
      const Buffer& b = tensors[i];
      if (!b || i == 1 || b.numel == 0) continue;
      int64_t last = 0;
      for (size_t d = 0; d < b.sizes.size(); ++d) last += (b.sizes[d] - 1) * b.strides[d];
      const auto* begin = b.as<const std::byte>();
      extents.push_back({begin, begin + size_t(last + 1) * taper::info(b.dtype).size});
    }
  std::sort(extents.begin(), extents.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < extents.size(); ++i)
    if (extents[i].begin < extents[i - 1].end) return true;
  return false;
}

/// Calls step(run) with packed blocks of strided memory, and takes back what it wrote there.
template <class T, size_t N, class F>
void step_in_blocks(std::array<T*, N> at, std::array<int64_t, N> steps, int64_t n, const F& step) {
  constexpr int64_t block = 64;
  T memory[N][block];
  for (int64_t from = 0; from < n; from += block) {
    StepRun<T, N> run{{}, std::min(block, n - from)};
    for (size_t k = 0; k < N; ++k) {
      if (!at[k]) continue;
      run.at[k] = memory[k];
      for (int64_t i = 0; i < run.n; ++i) memory[k][i] = at[k][(from + i) * steps[k]];
    }
    step(run);
    for (size_t k = 0; k < N; ++k) {
      if (!at[k] || k == 1) continue;  // a gradient stays as it is
      for (int64_t i = 0; i < run.n; ++i) at[k][(from + i) * steps[k]] = memory[k][i];
    }
  }
}

/// Calls step(run) for the elements [begin, end) of a parameter.
template <class T, size_t N, class F>
void step_part(const StepTensors<N>& tensors, int64_t begin, int64_t end, const F& step) {
  bool packed = true;
  for (const Buffer& b : tensors) packed = packed && b.contiguous;
  if (packed) {
    StepRun<T, N> run{{}, end - begin};
    for (size_t k = 0; k < N; ++k)
      if (tensors[k]) run.at[k] = tensors[k].template as<T>() + begin;
    return step(run);
  }
  std::array<Shape, N> strides;
  for (size_t k = 0; k < N; ++k)
    strides[k] = tensors[k] ? Shape(tensors[k].strides) : Shape(tensors[0].sizes.size(), 0);
  auto inner = [&](const auto& offsets, int64_t n, const auto& steps) {
    std::array<T*, N> at{};
    for (size_t k = 0; k < N; ++k)
      if (tensors[k]) at[k] = tensors[k].template as<T>() + offsets[k];
    step_in_blocks(at, steps, n, step);
  };
  Walk<N>(tensors[0].sizes, strides).run(begin, end, inner);
}

}  // namespace detail

struct SgdFactors {
  double lr, momentum;
  double gain;  ///< of the gradient in the momentum buffer
  double weight_decay;
  bool nesterov;
};
/// What a step of Adam or AdamW needs beside its tensors.
struct AdamFactors {
  double beta1, beta2, eps;
  double lr;
  double correction1, correction2;  ///< 1 - beta^t
  double weight_decay;
  bool decoupled;  ///< AdamW: the parameter shrinks by itself, its gradient stays
};
/// Runs of a parameter, its gradient and its momentum.
void sgd_step(const StepRun<float, 3>& run, const SgdFactors& f);
void sgd_step(const StepRun<double, 3>& run, const SgdFactors& f);
/// Runs of a parameter, its gradient, the averages of g and g^2, and the largest of the latter.
void adam_step(const StepRun<float, 5>& run, const AdamFactors& f);
void adam_step(const StepRun<double, 5>& run, const AdamFactors& f);

/// Calls step(k, run) for all elements of all parameters in packed runs: in as many parts of equal
/// length as there are threads, where each gets `grain` elements; on the caller if any overlap.
template <size_t N, class F>
void step_all(std::span<const StepTensors<N>> all, int64_t grain, const F& step) {
  int64_t total = 0;
  for (const auto& tensors : all) total += tensors[0].numel;
  auto run = [&](int64_t begin, int64_t end) {
    int64_t start = 0;
    for (size_t k = 0; k < all.size(); start += all[k++][0].numel) {
      int64_t from = std::max<int64_t>(begin - start, 0);
      int64_t to = std::min(end - start, all[k][0].numel);
      if (from >= to) continue;
      dispatch_floating(all[k][0].dtype, [&](auto t) {
        using T = decltype(t);
        detail::step_part<T>(all[k], from, to, [&](const StepRun<T, N>& run) { step(k, run); });
      });
    }
  };
  bool splits = total >= 2 * grain || EagerThreads::on();
  if (splits && detail::overlap(all)) return run(0, total);
  parallel_for(total, grain, run);
}

}  // namespace taper::kernels
