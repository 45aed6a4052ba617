#include "autograd/kernels/conv_onednn.h"

#include <exception>

#include "autograd/kernels/conv_plan.h"
#include "autograd/kernels/parallel.h"
#include "autograd/kernels/winograd.h"
#include "autograd/tensor/error.h"

namespace taper::kernels {

namespace {

/// Plans that a thread holds at most.
constexpr size_t most_plans = 256;

double products(const ConvGeometry& g) {
  return double(g.batch * g.out) * double(g.pixels() * g.column_rows());
}

/// Whether Winograd's tiles of 4 x 4 outputs are expected to win: nanoseconds measured on one core
/// with AVX-512, where both multiply at the speed of cost::product.
bool onednn_winograd_is_faster(const ConvGeometry& g) {
  if (g.groups != 1 || !(g.kernel == Int2(3)) || !(g.stride == Int2(1)) ||
      !(g.dilation == Int2(1)) || g.in < 32 || g.out < 32)
    return false;
  int64_t down = (g.y_size.h + 3) / 4, across = (g.y_size.w + 3) / 4;
  auto tiles = double(g.batch * down * across);
  double pairs = double(g.in * g.out);
  double transforms = 36 * pairs + 0.4 * 36 * tiles * double(g.in + g.out);
  return cost::product * 36 * tiles * pairs + transforms < 0.9 * cost::product * products(g);
}

/// Whether a matrix product an image beats the blocked layouts with their reorders, as it does by
/// up to 2 for windows of one pixel.
bool plain_is_faster(const ConvGeometry& g, ConvPass pass) {
  return g.groups == 1 && g.kernel == Int2(1) && g.padding == Int2(0) &&
         g.pixels() >= (pass == ConvPass::weight ? 32 : 64);
}

struct KeyHash {
  size_t operator()(const ConvKey& k) const {
    const ConvGeometry& g = k.geometry;
    uint64_t h =
        uint64_t(k.threads) << 8 | uint64_t(k.pass) << 2 | k.bias << 1 | uint64_t(k.winograd);
    for (int64_t v :
         {g.batch, g.in, g.out, g.groups, g.x_size.h, g.x_size.w, g.kernel.h, g.kernel.w,
          g.stride.h, g.stride.w, g.padding.h, g.padding.w, g.dilation.h, g.dilation.w})
      h = (h ^ uint64_t(v)) * 0x9e3779b97f4a7c15u, h ^= h >> 29;
    return size_t(h);
  }
};

/// A thread's plans; the one that was used longest ago makes room.
class Plans {
 public:
  ConvPlan& find(const ConvKey& key) {
    if (last_ && key == last_->first) return *last_->second;
    auto at = plans_.find(key);
    if (at == plans_.end()) at = add(key);
    last_ = &*at;
    at->second->last_use = ++uses_;
    return *at->second;
  }

 private:
  using Map = std::unordered_map<ConvKey, std::unique_ptr<ConvPlan>, KeyHash>;

  Map::iterator add(const ConvKey& key) {
    last_ = nullptr;
    if (plans_.size() >= most_plans)
      plans_.erase(std::min_element(plans_.begin(), plans_.end(), [](auto& a, auto& b) {
        return a.second->last_use < b.second->last_use;
      }));
    return plans_.emplace(key, std::make_unique<ConvPlan>(key)).first;
  }

  Map plans_;
  Map::value_type* last_ = nullptr;
  int64_t uses_ = 0;
};

/// Parts of the batch that are computed by themselves, on one thread each, so that results do not
/// depend on the number of threads; by the geometry alone. 1: all at once.
int64_t fixed_parts(const ConvGeometry& g) {
  if (!deterministic()) return 1;
  constexpr int64_t products_of_a_weight =
      64;  // outweigh copying it to its layout, or adding it up
  auto worth = std::min(int64_t(products(g) / parallel_products),
                        g.batch * g.pixels() / products_of_a_weight);
  int64_t parts = std::clamp<int64_t>(std::min(worth, g.batch), 1, most_fixed_parts);
  while (g.batch % parts != 0) --parts;
  return parts;
}

/// What decides the plan of a part, the calling thread's settings among it.
ConvKey key_of_part(ConvGeometry g, ConvPass pass, bool bias, bool blocks) {
  int threads = deterministic() ? 1 : threads_for_products(products(g));
  g.batch /= fixed_parts(g);
  return {.geometry = g,
          .pass = pass,
          .bias = bias,
          .winograd = winograd() && onednn_winograd_is_faster(g),
          .plain = !blocks && plain_is_faster(g, pass),
          .threads = threads};
}

/// The calling thread's own plan.
ConvPlan& plan(const ConvKey& key) {
  thread_local Plans plans;
  return plans.find(key);
}

/// Whether oneDNN's numbers hold it, and its kernels are used to it.
bool is_ordinary(const ConvGeometry& g) {
  constexpr double most = 0x1p31;
  Int2 window{(g.kernel.h - 1) * g.dilation.h + 1, (g.kernel.w - 1) * g.dilation.w + 1};
  return double(g.batch * g.in) * double(g.x_size.h) * double(g.x_size.w) < most &&
         double(g.batch * g.out) * double(g.pixels()) < most &&
         double(g.out) * double(g.column_rows()) < most && g.padding.h < window.h &&
         g.padding.w < window.w && window.h < 1 << 15 && window.w < 1 << 15 &&
         std::max(g.stride.h, g.stride.w) < 1 << 15;
}

/// A convolution as its parts: each has its images of the operands and its scratch, where all but
/// the first keep their sums of a weight's gradient.
class PartsOfConv {
 public:
  PartsOfConv(const ConvGeometry& g, ConvPass pass, bool bias, bool blocks)
      : g_(g), pass_(pass), key_(key_of_part(g, pass, bias, blocks)), count_(fixed_parts(g)) {
    place_of_sums_ = plan(key_).scratch();
    bytes_ = place_of_sums_ + (has_sums() ? weight_size() * int64_t(sizeof(float)) : 0);
  }
  int64_t scratch() const { return count_ * bytes_; }
  void run(ConvLayouts layouts, const ConvData& data, std::byte* scratch, WeightTag weight) const {
    std::array<std::exception_ptr, most_fixed_parts> failures;
    parallel_for(count_, 1, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) try {
          run_part(p, layouts, data, scratch, weight);
        } catch (...) {
          failures[size_t(p)] = std::current_exception();  // none may leave OpenMP's region
        }
    });
    for (const std::exception_ptr& f : failures)
      if (f) std::rethrow_exception(f);
    if (has_sums()) add_sums(data.w, scratch);
  }

 private:
  /// On any thread: it has a plan of its own, by the key that the caller's is of.
  void run_part(int64_t p, ConvLayouts layouts, const ConvData& data, std::byte* scratch,
                WeightTag weight) const {
    ConvData d = part_of(data, p);
    if (p > 0 && has_sums()) d.w = sums(scratch, p);
    ConvPlan& own = plan(key_);
    if (!own.valid() || own.scratch() > place_of_sums_)
      fail("conv", "oneDNN has no kernel like the first thread's for part {} of {}", p, count_);
    own.run({{{d.x, layouts.x != 0}, {d.w}, {d.y, layouts.y != 0}, {d.b}}}, scratch + p * bytes_,
            weight);
  }
  bool has_sums() const { return count_ > 1 && pass_ == ConvPass::weight; }
  int64_t weight_size() const { return g_.out * g_.column_rows(); }
  float* sums(std::byte* scratch, int64_t p) const {
    return reinterpret_cast<float*>(scratch + p * bytes_ + place_of_sums_);
  }
  ConvData part_of(ConvData d, int64_t p) const {
    int64_t first = g_.batch / count_ * p;
    d.x += first * g_.in * g_.x_size.h * g_.x_size.w;
    d.y += first * g_.out * g_.pixels();
    return d;
  }
  void add_sums(float* dw, std::byte* scratch) const {
    parallel_for(weight_size(), grain_for(cost::copy * double(count_)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t p = 1; p < count_; ++p) {
                     const float* more = sums(scratch, p);
                     for (int64_t i = begin; i < end; ++i) dw[i] += more[i];
                   }
                 });
  }

  const ConvGeometry& g_;
  ConvPass pass_;
  ConvKey key_;
  int64_t count_, place_of_sums_, bytes_;
};

}  // namespace

bool onednn_has(const ConvGeometry& g, ConvPass pass, bool bias, bool blocks) {
  return is_ordinary(g) && plan(key_of_part(g, pass, bias, blocks)).valid();
}

ConvLayouts onednn_layouts(const ConvGeometry& g, ConvPass pass, bool bias, bool blocks) {
  const ConvPlan& p = plan(key_of_part(g, pass, bias, blocks));
  return {p.block(ConvRole::x), p.block(ConvRole::y)};
}

int64_t onednn_scratch(const ConvGeometry& g, ConvPass pass, bool bias, bool blocks) {
  return PartsOfConv(g, pass, bias, blocks).scratch();
}

void onednn_conv(const ConvGeometry& g, ConvPass pass, ConvLayouts layouts, const ConvData& data,
                 void* scratch, WeightTag weight) {
  PartsOfConv parts(g, pass, data.b != nullptr, layouts.any_blocks());
  parts.run(layouts, data, static_cast<std::byte*>(scratch), weight);
}

}  // namespace taper::kernels
