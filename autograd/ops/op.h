#pragma once

#include <string>
#include <variant>

#include "autograd/graph/node.h"
#include "autograd/ops/attributes.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/tensor.h"

namespace taper {

/// What an op says of itself: error texts, labels, tooltips and the reference are made of it.
struct OpInfo {
  const char* name;
  const char* formula = "";  ///< y in terms of the inputs
  const char* grad = "";     ///< the gradients in terms of dy
  const char* doc = "";      ///< a sentence, with shapes
  bool broadcasts = false;  ///< gradients are summed to the inputs' shapes, and cast to their types
  /// An output element reads inputs at its own place alone, before it is written: y may lie where
  /// an x lies.
  bool pointwise = false;
};

/// Throws for an op of numbers that was given a boolean tensor.
[[noreturn]] inline void fail_boolean(const OpInfo& info) {
  fail(info.name, "a boolean tensor; expected numbers");
}

/// An operand that ends with the call: a pointwise op writes its result into its memory, where
/// nobody else holds that. An op whose `call` takes it as a `const Tensor&` leaves it alone.
struct Spare : Tensor {
  explicit Spare(Tensor&& t) : Tensor(std::move(t)) {}
};

/// The tensors an op works on.
class Inputs {
 public:
  Inputs(const Tensor* const* data, size_t size, uint32_t spare = 0)
      : data_(data), size_(uint32_t(size)), spare_(spare) {}
  const Tensor& operator[](size_t i) const { return *data_[i]; }
  size_t size() const { return size_; }
  /// Bit i: input i is a Spare.
  uint32_t spare() const { return spare_; }

 private:
  const Tensor* const* data_;
  uint32_t size_, spare_;  // passed in two registers
};

/// The tensors an op writes, and memory to work in.
class Outputs {
 public:
  Outputs(const Tensor* data, void* scratch, uint32_t choice)
      : data_(data), scratch_(scratch), choice_(choice) {}
  const Tensor& operator[](size_t i) const { return data_[i]; }
  void* scratch() const { return scratch_; }
  /// What infer chose.
  uint32_t choice() const { return choice_; }

 private:
  const Tensor* data_;
  void* scratch_;
  uint32_t choice_;
};

/// One output: a fresh tensor, a view of an input, or an input that is written in place.
struct OutputSpec {
  enum class Kind : uint8_t { fresh, view, write };
  Kind kind = Kind::fresh;
  bool differentiable = true;
  int input = -1;     ///< of view and write
  int64_t block = 0;  ///< of a fresh tensor: it lies in blocks of so many channels
  Tensor tensor;      ///< the output; a fresh one has no memory yet
};

/// What `infer` says comes out of an op.
class Specs {
 public:
  /// Those of the op called `name`; in place, its first result goes into its first input.
  Specs(const char* name, Inputs inputs, bool in_place)
      : name_(name), inputs_(inputs), in_place_(in_place) {}
  /// The next output is a new tensor.
  OutputSpec& fresh(IntList sizes, Dtype dtype);
  /// The next output looks into an input's memory, from `offset` of its storage on.
  OutputSpec& view(int input, const Shape& sizes, const Shape& strides, int64_t offset);
  /// The next output is that input, written in place.
  OutputSpec& write(int input);
  /// Forward gets these inputs as packed tensors, copies where they are none; undefined ones stay.
  template <class... I>
  void packed(I... inputs) {
    packed_inputs |= (0u | ... | (1u << inputs));
  }
  /// Forward gets these inputs in blocks of so many channels, copies where they are plain.
  template <class... I>
  void in_blocks(int64_t block, I... inputs) {
    input_block = block;
    blocked_inputs |= (0u | ... | (1u << inputs));
  }
  /// Bytes that forward may use while it runs.
  void scratch(int64_t bytes) { scratch_bytes = size_t(bytes); }
  /// What forward is to know of infer's decisions, which may rest on what changes meanwhile.
  uint32_t choice = 0;

  OutputSpec& operator[](size_t i) { return begin()[i]; }
  size_t size() const { return size_; }
  OutputSpec* begin() { return size_ <= few ? specs_ : more_.data(); }
  OutputSpec* end() { return begin() + size_; }
  bool writes() const { return writes_; }  ///< whether an output is an input, written in place
  size_t scratch_bytes = 0;
  uint32_t packed_inputs = 0, blocked_inputs = 0;
  int64_t input_block = 0;

 private:
  OutputSpec& next(OutputSpec::Kind kind, int input);
  OutputSpec& write_first_input(IntList sizes, Dtype dtype);
  static constexpr size_t few = 3;  ///< outputs that need no memory of their own
  const char* name_;
  Inputs inputs_;
  bool in_place_, writes_ = false;
  size_t size_ = 0;
  OutputSpec specs_[few];
  memory::vector<OutputSpec> more_;  ///< all of them, where there are more than few
};

/// The gradient rule of one input and the values it reads (bit i of a mask: input or output i).
struct Rule {
  uint32_t inputs = 0;
  uint32_t outputs = 0;
  Tensor (*run)(const void* op, BackwardContext& context) = nullptr;
};

/// An op as the graph sees it: one constant table for each op struct.
struct OpType {
  const OpInfo* info;
  size_t size;  ///< of the attributes, which are the struct itself
  void (*copy)(void* to, const void* from);
  void (*destroy)(void* op) noexcept;
  void (*infer)(const void* op, Inputs x, Specs& y);
  void (*forward)(const void* op, Inputs x, Outputs y);
  std::vector<Attribute> (*attributes)(const void* op);
  int outputs = 1;  ///< 0: as many as the op says for its inputs
  int rules = 0;    ///< inputs from this on are not differentiable
  const Rule* grads = nullptr;
  const Rule* formulas = nullptr;  ///< the documented form, where it is not the fast one
  /// One function for all gradients, for rules that share work; then grads[0] holds its masks.
  tensor_list (*backward)(const void* op, BackwardContext& context) = nullptr;
  tensor_list (*backward_formula)(const void* op, BackwardContext& context) = nullptr;

  bool differentiable() const { return rules > 0 || backward; }
};

/// The one point that every op goes through: infers, runs and records it. `outputs` receives the
/// results; in_place writes the first one into the first input.
void apply(const OpType& type, const void* op, Inputs inputs, Tensor* outputs,
           bool in_place = false);

}  // namespace taper

#include "autograd/ops/op_type.h"
