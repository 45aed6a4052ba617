// x.index({...}), x[tensor] and x.index_put_({...}, values): views first, then one index_select or
// scatter along the dimensions that the index tensors name, joined into one.

#include <algorithm>

#include "autograd/kernels/gather.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper {

TensorIndex::TensorIndex(const char* dots) : value(EllipsisType()) {
  if (std::string_view(dots) != "...") fail("index", "\"{}\" as an index; expected \"...\"", dots);
}

namespace {

/// An index tensor: places (int64, not negative) in the `span` dimensions from `dim` on, counted
/// row-major.
struct Picker {
  int64_t dim, span;
  Tensor places;
};

/// Where a mask holds, counted row-major: [n].
Tensor places_of(const Tensor& mask) {
  Tensor packed = mask.contiguous();
  const bool* m = packed.data_ptr<bool>();
  int64_t n = std::count(m, m + packed.numel(), true), k = 0;
  Tensor places = empty({n}, {.dtype = int64});
  int64_t* p = places.data_ptr<int64_t>();
  for (int64_t i = 0; k < n; ++i)
    if (m[i]) p[k++] = i;
  return places;
}

/// An index tensor for a dimension of n, negative entries counted from its end.
Tensor wrapped(std::string_view op, const Tensor& index, int64_t dim, int64_t n) {
  Tensor i = index.to(int64);
  if (auto bad = kernels::first_outside(plain(i), -n, n))
    fail_index(op, "index {} in dimension {} of size {}; expected {} to {}", *bad, dim, n, -n,
               n - 1);
  return kernels::first_outside(plain(i), 0, n) ? where(i < 0, i + n, i) : i;
}

/// Walks the indices: applies ints, slices, None, bools and the ellipsis as views, collects the
/// tensors.
class Walk {
 public:
  Walk(std::string_view op, const Tensor& x, const std::vector<TensorIndex>& indices)
      : view(x), op_(op) {
    int64_t consumed = 0;
    for (const TensorIndex& i : indices) consumed += dims_of(i);
    if (consumed > x.dim())
      fail_index(op, "indices for {} dimensions of a tensor of shape {}; expected at most {}",
                 consumed, x.sizes(), x.dim());
    left_ = x.dim() - consumed;
    for (const TensorIndex& i : indices) std::visit([&](const auto& v) { step(v); }, i.value);
  }

  Tensor view;
  std::vector<Picker> pickers;

 private:
  static int64_t dims_of(const TensorIndex& i) {
    if (const Tensor* t = std::get_if<Tensor>(&i.value))
      return t->dtype() == boolean ? t->dim() : 1;
    return std::holds_alternative<int64_t>(i.value) || std::holds_alternative<Slice>(i.value);
  }

  void step(int64_t i) { view = view.select(dim_, i); }
  void step(const Slice& s) {
    view = view.slice(dim_, s.start, s.stop, s.step);
    ++dim_;
  }
  void step(NoneType) { view = view.unsqueeze(dim_++); }
  void step(EllipsisType) {
    if (ellipsis_) fail_index(op_, "two ellipses; expected at most one");
    ellipsis_ = true;
    dim_ += left_;
  }
  void step(bool b) {
    view = view.unsqueeze(dim_);
    if (!b) view = view.slice(dim_, 0, 0);
    ++dim_;
  }
  void step(const Tensor& t) {
    if (t.dtype() == boolean) return step_mask(t);
    if (t.dtype() != int64 && t.dtype() != int32)
      fail_index(op_, "an index tensor is {}; expected int64 or boolean", t.dtype());
    if (t.dim() == 0) return step(t.item<int64_t>());
    pickers.push_back({dim_, 1, wrapped(op_, t, dim_, view.size(dim_))});
    ++dim_;
  }
  void step_mask(const Tensor& mask) {
    if (mask.dim() == 0) {  // picks all or nothing of a new dimension
      view = view.unsqueeze(dim_);
      pickers.push_back({dim_, 1, zeros({mask.item<bool>() ? 1 : 0}, {.dtype = int64})});
      ++dim_;
      return;
    }
    IntList covered = view.sizes().slice(size_t(dim_), size_t(mask.dim()));
    if (!(covered == mask.sizes()))
      fail_index(op_, "a mask of shape {} for sizes {} from dimension {} on; expected the same",
                 mask.sizes(), covered, dim_);
    pickers.push_back({dim_, mask.dim(), places_of(mask)});
    dim_ += mask.dim();
  }

  std::string_view op_;
  int64_t dim_ = 0;   ///< of view, where the next index goes
  int64_t left_ = 0;  ///< dimensions for the ellipsis
  bool ellipsis_ = false;
};

/// The picked dimensions of a walk's view joined into one, and the places in it.
struct Joined {
  Tensor flat;        ///< of the view; shares its memory where the picked dimensions allow it
  int64_t dim;        ///< the joined one in flat
  Tensor places;      ///< in it: [any shape]
  Shape permutation;  ///< of the view's dimensions, if it took one
  Shape sizes;        ///< what the places pick: flat's with the shape of places instead of dim
};

/// Moves the picked dimensions, which lie apart, to the front, in order.
void bring_to_front(Joined& out, const std::vector<Picker>& pickers) {
  for (const Picker& p : pickers)
    for (int64_t d = p.dim; d < p.dim + p.span; ++d) out.permutation.push_back(d);
  for (int64_t d = 0; d < out.flat.dim(); ++d)
    if (std::find(out.permutation.begin(), out.permutation.end(), d) == out.permutation.end())
      out.permutation.push_back(d);
  out.flat = out.flat.permute(out.permutation);
  out.dim = 0;
}

Tensor joined_places(std::string_view op, const Tensor& view, const std::vector<Picker>& pickers) {
  Shape shape;
  for (const Picker& p : pickers) shape = broadcast_shapes(op, shape, p.places.sizes());
  Tensor places;
  for (const Picker& p : pickers) {
    int64_t n = numel(view.sizes().slice(size_t(p.dim), size_t(p.span)));
    places = places.defined() ? places * n + p.places : p.places.expand(shape);
  }
  return places;
}

Joined join(std::string_view op, const Walk& walk) {
  const auto& pickers = walk.pickers;
  Joined out{walk.view, pickers[0].dim, joined_places(op, walk.view, pickers), {}, {}};
  int64_t span = 0;
  bool adjacent = true;
  for (const Picker& p : pickers) {
    adjacent = adjacent && p.dim == out.dim + span;
    span += p.span;
  }
  if (!adjacent) bring_to_front(out, pickers);
  if (span > 1) out.flat = out.flat.flatten(out.dim, out.dim + span - 1);
  out.sizes = out.flat.sizes();
  out.sizes.erase(size_t(out.dim));
  for (int64_t d = 0; d < out.places.dim(); ++d)
    out.sizes.insert(size_t(out.dim + d), out.places.size(d));
  return out;
}

/// values converted and broadcast to what the places pick, in flat's shape; leading sizes of 1 do
/// not matter.
Tensor fitted(std::string_view op, Tensor values, Dtype dtype, const Shape& sizes) {
  while (values.dim() > int64_t(sizes.size()) && values.size(0) == 1) values = values.squeeze(0);
  bool fits = values.dim() <= int64_t(sizes.size());
  for (int64_t d = 1; fits && d <= values.dim(); ++d)
    fits = values.size(-d) == 1 || values.size(-d) == sizes[sizes.size() - size_t(d)];
  if (!fits)
    fail(op, "values of shape {} do not fit into the indexed {}; expected a shape that broadcasts",
         values.sizes(), sizes);
  return values.to(dtype).expand(sizes);
}

/// Writes values to j's places, of the walk's view.
void put(const Tensor& view, const Joined& j, const Tensor& values, bool accumulate) {
  Shape along(size_t(j.flat.dim()), 1), sizes(j.flat.sizes());
  along[size_t(j.dim)] = sizes[size_t(j.dim)] = j.places.numel();
  Tensor places = j.places.reshape(along).expand(sizes), source = values.reshape(sizes);
  if (j.flat.is_alias_of(view)) {
    accumulate ? j.flat.scatter_add_(j.dim, places, source)
               : j.flat.scatter_(j.dim, places, source);
    return;
  }
  Tensor y = accumulate ? j.flat.scatter_add(j.dim, places, source)
                        : j.flat.scatter(j.dim, places, source);
  if (j.permutation.empty()) return void(view.copy_(y.view(view.sizes())));
  Shape permuted, inverse(j.permutation.size(), 0);
  for (size_t d = 0; d < inverse.size(); ++d) {
    permuted.push_back(view.size(j.permutation[d]));
    inverse[size_t(j.permutation[d])] = int64_t(d);
  }
  view.copy_(y.view(permuted).permute(inverse));
}

}  // namespace

Tensor Tensor::index(const std::vector<TensorIndex>& indices) const {
  Walk walk("index", *this, indices);
  if (walk.pickers.empty()) return walk.view.is_same(*this) ? view(sizes()) : walk.view;
  Joined j = join("index", walk);
  return j.flat.index_select(j.dim, j.places.reshape({-1})).reshape(j.sizes);
}

Tensor Tensor::operator[](const Tensor& index) const { return this->index({index}); }

const Tensor& Tensor::index_put_(const std::vector<TensorIndex>& indices, const Tensor& values,
                                 bool accumulate) const {
  Walk walk("index_put_", *this, indices);
  if (walk.pickers.empty()) {
    Tensor fit = fitted("index_put_", values, dtype(), walk.view.sizes());
    accumulate ? walk.view.add_(fit) : walk.view.copy_(fit);
    return *this;
  }
  Joined j = join("index_put_", walk);
  put(walk.view, j, fitted("index_put_", values, dtype(), j.sizes), accumulate);
  return *this;
}

const Tensor& Tensor::index_put_(const std::vector<TensorIndex>& indices, Scalar value) const {
  return index_put_(indices, full({}, value, {.dtype = dtype()}));
}

}  // namespace taper
