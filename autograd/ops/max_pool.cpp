#include "autograd/graph/grad_mode.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/pooling.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/ops/strided.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

using kernels::PoolGeometry;

/// What windows' maxima are recorded as: the numbers of cells within their window.
struct MaxPooling : Pooling {
  /// A byte, but for windows of more cells than it counts.
  Dtype cell_type() const { return kernel.h * kernel.w <= 256 ? uint8 : int64; }

  /// The geometry for an input of shape x, once it and the cells were checked.
  PoolGeometry checked(const OpInfo& info, IntList x, const Tensor& cell) const {
    PoolGeometry g = checked_pool_geometry(info, x, *this);
    check_windows(info, g);
    Shape expected = pooled_shape(x, g);
    if (cell.dtype() != cell_type() || !(cell.sizes() == IntList(expected)))
      fail(info.name, "cell is {} of shape {}; expected {} of shape {}", cell.dtype(), cell.sizes(),
           cell_type(), expected);
    return g;
  }
};

struct MaxPool2dWithCells : MaxPooling {
  static constexpr OpInfo info{
      .name = "max_pool2d",
      .formula = "y = max of each window, the first one",
      .grad = "dx[i] = sum over the windows that hold i of dy [i is the maximum]",
      .doc =
          "Largest element of each window, and its number there, counted along rows (uint8, or "
          "int64 for windows of more than 256): x [N, C, H, W] or [C, H, W]"};
  static constexpr int outputs = 2;
  FIELDS(kernel, stride, padding, dilation, ceil_mode)

  static TensorPair call(const Tensor& x, Int2 kernel, OptionalInt2 stride, Int2 padding,
                         Int2 dilation, bool ceil_mode) {
    MaxPool2dWithCells op;
    op.set(kernel, stride, padding, ceil_mode);
    op.dilation = dilation;
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    if (x[0].dtype() == boolean) fail_boolean(info);
    PoolGeometry g = checked_pool_geometry(info, x[0].sizes(), *this);
    check_windows(info, g);
    y.packed(0);
    y.fresh(pooled_shape(x[0].sizes(), g), x[0].dtype());
    y.fresh(pooled_shape(x[0].sizes(), g), cell_type()).differentiable = false;
  }
  void forward(Inputs x, Outputs y) const {
    kernels::max_pool2d(pool_geometry(x[0].sizes(), *this), plain(x[0]), plain(y[0]), plain(y[1]));
  }
  Tensor dx(Dy dy, Out<1> cell, InShape<0> s) const {
    return max_pool2d_input(dy, cell, s, kernel, stride, padding, dilation, ceil_mode);
  }
  static constexpr auto grads = rules(&MaxPool2dWithCells::dx);

  /// The report's equation 6: each window's mask holds one 1.
  Tensor dx_formula(Dy dy, Out<1> cell, InShape<0> s) const {
    Windows all(s, pool_geometry(s, *this));
    Tensor cells = arange(kernel.h * kernel.w).reshape({kernel.h, kernel.w});
    Tensor mask = cell.to(int64).unsqueeze(-1).unsqueeze(-1) == cells;
    return all.fold(where(mask, dy.unsqueeze(-1).unsqueeze(-1), 0));
  }
  static constexpr auto formulas = rules(&MaxPool2dWithCells::dx_formula);

  tensor_list reference(const tensor_list& x) const {
    Shape in = x[0].sizes(), out = slow_pooled_shape(*this, in);
    Tensor y = zeros(out, {.dtype = float64}), best = full(out, -1, {.dtype = float64});
    Tensor seen = zeros(out, {.dtype = float64});
    for_each_cell(*this, in, [&](const Shape& to, const Shape& from) {
      double number = element_of(seen, to)++;
      if (!is_inside(from, in, 0)) return;
      double v = element_at(x[0], from), &cell = element_of(best, to);
      if (cell >= 0 && !(v > element_at(y, to))) return;
      element_of(y, to) = v;
      cell = number;
    });
    return {y, best};
  }
  static std::vector<Sample> samples() {
    MaxPool2dWithCells plain, overlapping, padded, dilated;
    plain.set(2, {}, 0, false);
    overlapping.set({3, 2}, 1, 0, false);
    padded.set(3, 2, 1, true);
    dilated.set(2, 1, {0, 1}, false);
    dilated.dilation = {1, 2};
    return {{{{{2, 2, 4, 5}, -20, 20}}, plain},
            {{{{2, 5, 4}, -20, 20}}, overlapping},
            {{{{1, 2, 4, 6}, -20, 20}}, padded},
            {{{{1, 1, 4, 5}, -20, 20}}, dilated},
            {{{{0, 1, 4, 4}}}, plain}};
  }
};

/// What the ops on recorded cells share: the pooling and the shape of its input.
struct CellPooling : MaxPooling {
  Shape shape;
  void set(IntList s, Int2 k, OptionalInt2 st, Int2 p, Int2 d, bool ceil) {
    Pooling::set(k, st, p, ceil);
    dilation = d;
    shape = s;
  }
  /// Calls f(y index, x index) for the cell of each window.
  template <class F>
  void for_each_maximum(const Tensor& cell, F f) const {
    Tensor seen = zeros(cell.sizes(), {.dtype = float64});
    for_each_cell(*this, shape, [&](const Shape& to, const Shape& from) {
      bool is_it = element_of(seen, to)++ == element_at(cell, to);
      if (is_it && is_inside(from, shape, 0)) f(to, from);
    });
  }
};

struct MaxPool2dInput : CellPooling {
  static constexpr OpInfo info{.name = "max_pool2d_input",
                               .formula = "y[i] = sum over the windows whose maximum is i of dy",
                               .grad = "ddy = g at the windows' maxima",
                               .doc =
                                   "The gradient of max_pool2d; cell is where each window has its "
                                   "maximum, shape that of its input"};
  FIELDS(shape, kernel, stride, padding, dilation, ceil_mode)

  static Tensor call(const Tensor& dy, const Tensor& cell, IntList shape, Int2 kernel,
                     OptionalInt2 stride, Int2 padding, Int2 dilation, bool ceil_mode) {
    MaxPool2dInput op;
    op.set(shape, kernel, stride, padding, dilation, ceil_mode);
    return apply(op, dy, cell);
  }
  void infer(Inputs x, Specs& y) const {
    check_floating(info, x[0].dtype());
    checked(info, shape, x[1]);
    if (!(x[0].sizes() == x[1].sizes()))
      fail(info.name, "dy has shape {}, cell {}; expected equal ones", x[0].sizes(), x[1].sizes());
    y.packed(0, 1);
    y.fresh(shape, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    kernels::max_pool2d_input(pool_geometry(shape, *this), plain(x[0]), plain(x[1]), plain(y[0]));
  }
  Tensor ddy(Dy g, In<1> cell) const {
    Tensor index = max_pool2d_indices(cell, shape, kernel, stride, padding, dilation, ceil_mode);
    return g.flatten(-2).gather(-1, index.flatten(-2)).reshape(cell.sizes());
  }
  static constexpr auto grads = rules(&MaxPool2dInput::ddy);

  Tensor reference(const tensor_list& x) const {
    Tensor dx = zeros(shape, {.dtype = float64});
    for_each_maximum(x[1], [&](const Shape& from, const Shape& to) {
      element_of(dx, to) += element_at(x[0], from);
    });
    return dx;
  }
  static std::vector<Sample> samples() {
    MaxPool2dInput plain, overlapping;
    plain.set({2, 1, 4, 5}, 2, {}, 0, 1, false);
    overlapping.set({2, 5, 4}, {3, 2}, 1, 0, 1, false);
    return {{{{{2, 1, 2, 2}}, {{2, 1, 2, 2}, 0, 4, uint8, false}}, plain},
            {{{{2, 3, 3}}, {{2, 3, 3}, 0, 6, uint8, false}}, overlapping}};
  }
};

struct MaxPool2dIndices : CellPooling {
  static constexpr OpInfo info{.name = "max_pool2d_indices",
                               .formula = "y = where in H * W each window's cell lies",
                               .doc =
                                   "From windows' cells, as max_pool2d_with_cells gives them, to "
                                   "places in their plane (int64); shape is the input's"};
  FIELDS(shape, kernel, stride, padding, dilation, ceil_mode)

  static Tensor call(const Tensor& cell, IntList shape, Int2 kernel, OptionalInt2 stride,
                     Int2 padding, Int2 dilation, bool ceil_mode) {
    MaxPool2dIndices op;
    op.set(shape, kernel, stride, padding, dilation, ceil_mode);
    return apply(op, cell);
  }
  void infer(Inputs x, Specs& y) const {
    checked(info, shape, x[0]);
    y.packed(0);
    y.fresh(x[0].sizes(), int64);
  }
  void forward(Inputs x, Outputs y) const {
    kernels::max_pool2d_indices(pool_geometry(shape, *this), plain(x[0]), plain(y[0]));
  }
  Tensor reference(const tensor_list& x) const {
    Tensor index = zeros(x[0].sizes(), {.dtype = float64});
    for_each_maximum(x[0], [&](const Shape& to, const Shape& from) {
      element_of(index, to) = double(from[from.size() - 2] * shape.back() + from.back());
    });
    return index;
  }
  static std::vector<Sample> samples() {
    MaxPool2dIndices op;
    op.set({2, 5, 4}, {3, 2}, 1, 0, 1, false);
    return {{{{{2, 3, 3}, 0, 6, uint8, false}}, op}};
  }
};

struct MaxPool2dWithIndices {
  static constexpr OpInfo info{.name = "max_pool2d",
                               .formula = "y = max of each window, the first one",
                               .doc =
                                   "Largest element of each window, and its place in H * W "
                                   "(int64): x [N, C, H, W] or [C, H, W]"};
  static TensorPair call(const Tensor& x, Int2 kernel, OptionalInt2 stride, Int2 padding,
                         Int2 dilation, bool ceil_mode) {
    auto [y, cell] = max_pool2d_with_cells(x, kernel, stride, padding, dilation, ceil_mode);
    return {y, max_pool2d_indices(cell, x.sizes(), kernel, stride, padding, dilation, ceil_mode)};
  }
  /// By the slow truth of the cells.
  static tensor_list slow(const MaxPool2dWithCells& op, const Tensor& x) {
    tensor_list y = op.reference({x});
    MaxPool2dIndices place;
    place.set(x.sizes(), op.kernel, op.stride, op.padding, op.dilation, op.ceil_mode);
    return {y[0], place.reference({y[1]})};
  }
  static std::vector<Sample> samples() {
    MaxPool2dWithCells padded;
    padded.set(3, 2, 1, true);
    return {{{{{1, 2, 4, 6}, -20, 20}},
             "3, 2, 1",
             [](auto& x) {
               auto [y, index] = max_pool2d_with_indices(x[0], 3, 2, 1, 1, true);
               return tensor_list{y, index};
             },
             [padded](auto& x) { return slow(padded, x[0]); }}};
  }
};

struct MaxPool2d {
  static constexpr OpInfo info{.name = "max_pool2d",
                               .formula = "y = max of each window",
                               .doc =
                                   "Largest element of each window: x [N, C, H, W] or [C, H, W]; "
                                   "without stride the windows lie side by side"};
  static Tensor call(const Tensor& x, Int2 kernel, OptionalInt2 stride, Int2 padding, Int2 dilation,
                     bool ceil_mode) {
    return std::get<0>(max_pool2d_with_cells(x, kernel, stride, padding, dilation, ceil_mode));
  }
  static std::vector<Sample> samples() {
    MaxPool2dWithCells same;
    same.set(2, {}, 0, false);
    return {{{{{1, 2, 4, 4}, -20, 20}},
             "2",
             [](auto& x) { return tensor_list{max_pool2d(x[0], 2)}; },
             [same](auto& x) { return tensor_list{same.reference(x)[0]}; }}};
  }
};

struct MaxPool {
  static constexpr OpInfo info{.name = "max_pool",
                               .formula = "y = max of each window; mask = 1 where it was",
                               .doc =
                                   "The report's max pooling: the output, and in x's shape "
                                   "1 at the (first) maximum of each window, 0 elsewhere"};
  static TensorPair call(const Tensor& x, Int2 kernel, OptionalInt2 stride) {
    auto [y, index] = max_pool2d_with_indices(x, kernel, stride);
    NoGradGuard no_grad;
    Tensor mask = zeros_like(x).flatten(-2).scatter(-1, index.flatten(-2), 1);
    return {y, mask.reshape(x.sizes())};
  }
  static std::vector<Sample> samples() {
    MaxPool2dWithCells same;
    same.set(2, {}, 0, false);
    auto slow = [same](const tensor_list& x) {
      tensor_list y = MaxPool2dWithIndices::slow(same, x[0]);
      Tensor mask = zeros(x[0].sizes(), {.dtype = float64});
      for_each_index(y[1].sizes(), [&](Shape i) {
        int64_t place = int64_t(element_at(y[1], i)), width = x[0].size(-1);
        i[i.size() - 2] = place / width;
        i.back() = place % width;
        element_of(mask, i) = 1;
      });
      return tensor_list{y[0], mask};
    };
    return {{{{{1, 2, 4, 4}, -20, 20}},
             "2, 2",
             [](auto& x) {
               auto [y, mask] = max_pool(x[0], 2, 2);
               return tensor_list{y, mask};
             },
             slow}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/max_pool.def"
#include "autograd/ops/define.h"
