#include "autograd/kernels/conv_plan.h"

#include "autograd/kernels/parallel.h"
#include "autograd/tensor/memory.h"

namespace taper::kernels {

using Layout = dnnl::memory::desc;
using dnnl::algorithm;
using tag = dnnl::memory::format_tag;

static constexpr auto f32 = dnnl::memory::data_type::f32;

static const dnnl::engine& engine() {
  static const dnnl::engine& cpu = *new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return cpu;
}

static const dnnl::stream& stream() {
  thread_local dnnl::stream in_order(engine());
  return in_order;
}

static dnnl::memory::dims sizes(const Layout& layout) {
#if DNNL_VERSION_MAJOR >= 3
  return layout.get_dims();
#else
  return layout.dims();
#endif
}

/// The same part in whatever layout the primitive likes.
static Layout any(const Layout& plain) { return {sizes(plain), f32, tag::any}; }

/// Channels of the blocks that images lie in; 0 if they lie otherwise.
static int64_t block_of(const Layout& layout) {
  dnnl::memory::dims n = sizes(layout);
  if (n.size() != 4) return 0;
  if (n[1] % 16 == 0 && layout == Layout(n, f32, tag::nChw16c)) return 16;
  if (n[1] % 8 == 0 && layout == Layout(n, f32, tag::nChw8c)) return 8;
  return 0;
}

/// What a pass's primitive is described by: layouts, those that are offered to it, and the window's
/// numbers.
struct Description {
  Layout x, w, y, b, x_offer, w_offer, y_offer;
  dnnl::memory::dims stride, dilation, padding;

  Description(const ConvGeometry& g, bool plain)
      : x({g.batch, g.in, g.x_size.h, g.x_size.w}, f32, tag::nchw),
        w(g.groups == 1 ? Layout({g.out, g.in, g.kernel.h, g.kernel.w}, f32, tag::oihw)
                        : Layout({g.groups, g.group_out(), g.group_in(), g.kernel.h, g.kernel.w},
                                 f32, tag::goihw)),
        y({g.batch, g.out, g.y_size.h, g.y_size.w}, f32, tag::nchw),
        b({g.out}, f32, tag::x),
        x_offer(plain ? x : any(x)),
        w_offer(plain ? w : any(w)),
        y_offer(plain ? y : any(y)),
        stride{g.stride.h, g.stride.w},
        dilation{g.dilation.h - 1, g.dilation.w - 1},
        padding{g.padding.h, g.padding.w} {}
};

static dnnl::primitive_attr scratchpad_of_ours() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

/// A primitive_desc from what oneDNN 2 calls its desc, and the forward one where it wants a hint;
/// empty if there is none.
template <class Op, class... A>
static typename Op::primitive_desc describe(const A&... a) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), a..., scratchpad_of_ours(), true};
#else
  return {typename Op::desc(a...), scratchpad_of_ours(), engine(), true};
#endif
}

template <class Op, class... A>
static typename Op::primitive_desc describe_gradient(
    const dnnl::convolution_forward::primitive_desc& hint, const A&... a) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), a..., hint, scratchpad_of_ours(), true};
#else
  return {typename Op::desc(a...), scratchpad_of_ours(), engine(), hint, true};
#endif
}

static dnnl::convolution_forward::primitive_desc describe_forward(const Description& d, bool bias,
                                                                  algorithm a) {
  constexpr auto kind = dnnl::prop_kind::forward_training;  // its Winograd has plain weights
  if (bias)
    return describe<dnnl::convolution_forward>(kind, a, d.x_offer, d.w_offer, d.b, d.y_offer,
                                               d.stride, d.dilation, d.padding, d.padding);
  return describe<dnnl::convolution_forward>(kind, a, d.x_offer, d.w_offer, d.y_offer, d.stride,
                                             d.dilation, d.padding, d.padding);
}

ConvPlan::ConvPlan(const ConvKey& key) : threads_(key.threads) {
  ThreadsScope scope(threads_);
  try {
    if (key.winograd) choose_primitive(key, algorithm::convolution_winograd);
    if (!valid()) choose_primitive(key, algorithm::convolution_direct);
  } catch (const dnnl::error&) {
    primitive_ = {};
  }
}

ConvPlan::~ConvPlan() {
  for (const KeptWeight& k : kept_) memory::release(k.data, weight_bytes_);
}

void ConvPlan::choose_primitive(const ConvKey& key, algorithm a) try {
  Description d(key.geometry, key.plain);
  auto forward = describe_forward(d, key.bias, a);
  if (!forward) return;
  if (key.pass == ConvPass::forward) {
    if (!take(forward, a)) return;
    add_operand(ConvRole::x, DNNL_ARG_SRC, false, d.x, forward.src_desc());
    add_operand(ConvRole::w, DNNL_ARG_WEIGHTS, false, d.w, forward.weights_desc());
    if (key.bias) add_operand(ConvRole::b, DNNL_ARG_BIAS, false, d.b, d.b);
    add_operand(ConvRole::y, DNNL_ARG_DST, true, d.y, forward.dst_desc());
  } else if (key.pass == ConvPass::input) {
    auto back = describe_gradient<dnnl::convolution_backward_data>(
        forward, a, d.x_offer, d.w_offer, d.y_offer, d.stride, d.dilation, d.padding, d.padding);
    if (!take(back, a)) return;
    add_operand(ConvRole::y, DNNL_ARG_DIFF_DST, false, d.y, back.diff_dst_desc());
    add_operand(ConvRole::w, DNNL_ARG_WEIGHTS, false, d.w, back.weights_desc());
    add_operand(ConvRole::x, DNNL_ARG_DIFF_SRC, true, d.x, back.diff_src_desc());
  } else {
    auto back = describe_gradient<dnnl::convolution_backward_weights>(
        forward, a, d.x_offer, d.w_offer, d.y_offer, d.stride, d.dilation, d.padding, d.padding);
    if (!take(back, a)) return;
    add_operand(ConvRole::y, DNNL_ARG_DIFF_DST, false, d.y, back.diff_dst_desc());
    add_operand(ConvRole::x, DNNL_ARG_SRC, false, d.x, back.src_desc());
    add_operand(ConvRole::w, DNNL_ARG_DIFF_WEIGHTS, true, d.w, back.diff_weights_desc());
  }
} catch (const dnnl::error& e) {
  primitive_ = {};
  operands_ = {};
  if (a == algorithm::convolution_direct || e.status == dnnl_out_of_memory) throw;
}

/// Makes the primitive, unless it is none that was asked for.
template <class Chosen>
bool ConvPlan::take(const Chosen& chosen, algorithm a) {
  if (!chosen) return false;
  kernel_ = chosen.impl_info_str();
  bool winograd = kernel_.find("wino") != std::string::npos;
  if (kernel_.starts_with("ref") || winograd != (a == algorithm::convolution_winograd))
    return false;
  scratch_ = 64;  // what aligning the caller's may cost
  scratchpad_place_ = reserve(chosen.scratchpad_desc());
  primitive_ = dnnl::primitive(chosen.get());
  arguments_ = {{DNNL_ARG_SCRATCHPAD, {chosen.scratchpad_desc(), engine(), nullptr}}};
  return true;
}

int64_t ConvPlan::reserve(const Layout& layout) {
  int64_t place = scratch_ - 64;
  scratch_ += int64_t(layout.get_size() + 63) / 64 * 64;
  return place;
}

void ConvPlan::add_operand(ConvRole role, int argument, bool written, const Layout& plain,
                           const Layout& wanted) {
  Operand& o = operands_[size_t(role)];
  o.argument = argument;
  o.written = written;
  o.plain = plain;
  o.wanted = wanted;
  o.block = role == ConvRole::w ? 0 : block_of(wanted);
  arguments_[argument] = {wanted, engine(), nullptr};
  if (plain == wanted) return;
  o.place = reserve(wanted);
  const Layout &from = written ? wanted : plain, &to = written ? plain : wanted;
  dnnl::reorder::primitive_desc way(engine(), from, engine(), to, scratchpad_of_ours());
  o.reorder = dnnl::reorder(way);
  o.reorder_scratchpad = reserve(way.scratchpad_desc());
  o.reorder_arguments = {{DNNL_ARG_FROM, {from, engine(), nullptr}},
                         {DNNL_ARG_TO, {to, engine(), nullptr}},
                         {DNNL_ARG_SCRATCHPAD, {way.scratchpad_desc(), engine(), nullptr}}};
}

void ConvPlan::reorder(Operand& o, void* plain, void* wanted, std::byte* scratch) {
  o.reorder_arguments[DNNL_ARG_FROM].set_data_handle(o.written ? wanted : plain);
  o.reorder_arguments[DNNL_ARG_TO].set_data_handle(o.written ? plain : wanted);
  o.reorder_arguments[DNNL_ARG_SCRATCHPAD].set_data_handle(scratch + o.reorder_scratchpad);
  o.reorder.execute(stream(), o.reorder_arguments);
}

void* ConvPlan::wanted_weight(Operand& o, void* plain, std::byte* scratch, WeightTag weight) {
  void* to = scratch + o.place;
  if (weight.storage != 0) {
    KeptWeight& kept = kept_weight(o, weight.storage);
    if (kept.tag == weight) return kept.data;
    kept.tag = weight;
    to = kept.data;
  }
  reorder(o, plain, to, scratch);
  return to;
}

/// The place for a storage's copy: its own, or that of the one that was made longest ago.
ConvPlan::KeptWeight& ConvPlan::kept_weight(const Operand& o, uint64_t storage) {
  constexpr size_t most = 8;
  for (KeptWeight& k : kept_)
    if (k.tag.storage == storage) return k;
  weight_bytes_ = o.wanted.get_size();
  if (kept_.size() < most) {
    kept_.push_back({WeightTag{}, memory::allocate(weight_bytes_)});
    return kept_.back();
  }
  return kept_[next_kept_++ % most];
}

void ConvPlan::run(const std::array<ConvPart, 4>& parts, void* memory, WeightTag weight) {
  ThreadsScope scope(threads_);
  std::byte* scratch = next_line(memory);
  for (size_t i = 0; i < operands_.size(); ++i) {
    Operand& o = operands_[i];
    if (!o.argument) continue;
    void* data = parts[i].data;
    if (moves(o, parts[i])) {
      data = scratch + o.place;
      if (ConvRole(i) == ConvRole::w && !o.written)
        data = wanted_weight(o, parts[i].data, scratch, weight);
      else if (!o.written)
        reorder(o, parts[i].data, data, scratch);
    }
    arguments_[o.argument].set_data_handle(data);
  }
  arguments_[DNNL_ARG_SCRATCHPAD].set_data_handle(scratch + scratchpad_place_);
  primitive_.execute(stream(), arguments_);
  for (size_t i = 0; i < operands_.size(); ++i)
    if (operands_[i].written && moves(operands_[i], parts[i]))
      reorder(operands_[i], parts[i].data, scratch + operands_[i].place, scratch);
}

}  // namespace taper::kernels
