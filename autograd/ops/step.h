#pragma once

#include "autograd/kernels/optimizer.h"
#include "autograd/ops/checks.h"

namespace taper::ops {

// Steps of optimisers over all parameters at once. Inputs: for each parameter N tensors, itself,
// its gradient and what the optimiser keeps, the last of which may be undefined; then lr, and the
// steps that each parameter has done.

template <size_t N>
size_t parameters_in(Inputs x) {
  return (x.size() - 2) / N;
}

/// Applies op to lists of as many tensors.
template <class Op, size_t N>
void apply_step(const Op& op, const std::array<const tensor_list*, N>& lists, const Tensor& lr,
                const Tensor& steps) {
  size_t count = lists[0]->size();
  for (const tensor_list* list : lists)
    if (list->size() != count)
      fail(Op::info.name, "{} parameters, but a list of {} tensors; expected lists of one length",
           count, list->size());
  if (count == 0) return;
  memory::vector<const Tensor*> inputs;
  inputs.reserve(count * N + 2);
  for (size_t k = 0; k < count; ++k)
    for (const tensor_list* list : lists) inputs.push_back(&(*list)[k]);
  inputs.push_back(&lr);
  inputs.push_back(&steps);
  Inputs x(inputs.data(), inputs.size());
  memory::vector<Tensor> written(op.outputs(x));
  taper::apply(op_type<Op>, &op, x, written.data());
}

/// Calls f(i) for each input that a step writes.
template <size_t N, class F>
void each_written_by_step(Inputs x, F f) {
  for (size_t i = 0; i + 2 < x.size(); ++i)
    if (i % N != 1 && x[i].defined()) f(i);
}

template <size_t N>
size_t count_written_by_step(Inputs x) {
  size_t count = 0;
  each_written_by_step<N>(x, [&](size_t) { ++count; });
  return count;
}

/// What infer does for a step; `names` are those of the tensors beside the parameter.
template <size_t N>
void infer_step(const OpInfo& info, const std::array<const char*, N - 1>& names, Inputs x,
                Specs& y) {
  for (size_t i = 0; i + 2 < x.size(); ++i)
    if (i % N != 0 && (i % N != N - 1 || x[i].defined()))
      check_like_parameter(info, x[i - i % N], x[i], names[i % N - 1]);
  check_number(info, x[x.size() - 2], float64, "lr");
  const Tensor& steps = x[x.size() - 1];
  int64_t count = int64_t(parameters_in<N>(x));
  if (steps.dtype() != int64 || !(steps.sizes() == IntList(count)))
    fail(info.name, "steps is {} of shape {}; expected int64 of shape {}", steps.dtype(),
         steps.sizes(), IntList(count));
  each_written_by_step<N>(x, [&](size_t i) { y.write(int(i)); });
}

/// Steps all parameters: factors(lr, steps done) are those of one, grain a thread's least work.
template <size_t N, class F, class Step>
void forward_step(Inputs x, int64_t grain, const F& factors, const Step& step) {
  double lr = *plain(x[x.size() - 2]).as<double>();
  Buffer steps = plain(x[x.size() - 1]);
  auto done = [&](size_t k) { return steps.as<int64_t>()[int64_t(k) * steps.strides[0]]; };
  memory::vector<kernels::StepTensors<N>> all(parameters_in<N>(x));
  memory::vector<decltype(factors(lr, int64_t(0)))> of(all.size());
  for (size_t k = 0; k < all.size(); ++k) {
    for (size_t i = 0; i < N; ++i)
      if (x[k * N + i].defined()) all[k][i] = plain(x[k * N + i]);
    of[k] = k && done(k) == done(k - 1) ? of[k - 1] : factors(lr, done(k));
  }
  kernels::step_all<N>(all, grain, [&](size_t k, const auto& run) { step(run, of[k]); });
}

}  // namespace taper::ops
