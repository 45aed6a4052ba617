#pragma once

#include "autograd/tensor/thread_state.h"

namespace taper {

/// Sets one of the thread's modes for as long as it lives.
template <bool ThreadState::*mode, bool value>
class ModeGuard {
 public:
  ModeGuard() : ModeGuard(value) {}
  explicit ModeGuard(bool on) : before_(thread_state.*mode) { thread_state.*mode = on; }
  ~ModeGuard() { thread_state.*mode = before_; }
  ModeGuard(const ModeGuard&) = delete;
  ModeGuard& operator=(const ModeGuard&) = delete;

 private:
  bool before_;
};

/// Ops are not recorded while it lives.
using NoGradGuard = ModeGuard<&ThreadState::grad_enabled, false>;
/// Ops are recorded again, inside a NoGradGuard but not in inference mode; `AutoGradMode(on)`
/// chooses.
using EnableGradGuard = ModeGuard<&ThreadState::grad_enabled, true>;
using AutoGradMode = EnableGradGuard;
/// Backward runs the documented formulas of convolution, pooling, dense and softmax as written.
using FormulaGuard = ModeGuard<&ThreadState::formulas, true>;

/// Nothing is recorded, and tensors made here can never be part of a graph. `InferenceMode(false)`
/// records again, inside of a NoGradGuard too.
class InferenceMode {
 public:
  explicit InferenceMode(bool on = true) : inference_(on), grad_(!on) {}

 private:
  ModeGuard<&ThreadState::inference, true> inference_;
  AutoGradMode grad_;
};

/// The thread's mode without a guard, as LibTorch has it.
struct GradMode {
  static bool is_enabled() { return thread_state.grad_enabled; }
  static void set_enabled(bool on) { thread_state.grad_enabled = on; }
};

/// Whether the thread is inside an InferenceMode.
inline bool is_inference_mode_enabled() { return thread_state.inference; }

}  // namespace taper
