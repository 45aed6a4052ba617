#include "autograd/kernels/conv.h"

#include "autograd/kernels/conv_direct.h"
#include "autograd/kernels/conv_onednn.h"
#include "autograd/kernels/conv_winograd.h"
#include "autograd/kernels/gemm.h"
#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

/// The outputs [begin, end) along one dimension whose window's element k lies inside the input.
struct Inside {
  int64_t begin, end;
  Inside(int64_t k, int64_t x, int64_t y, int64_t stride, int64_t padding, int64_t dilation) {
    int64_t first = k * dilation - padding;  // where output 0 reads
    begin = std::clamp<int64_t>(first < 0 ? (-first + stride - 1) / stride : 0, 0, y);
    end = std::clamp<int64_t>(first < x ? (x - first - 1) / stride + 1 : 0, begin, y);
  }
};

/// Calls row(channel, kernel row, kernel column, index) for each row of the columns, on several
/// threads. A channel's rows stay on one thread.
template <class F>
void for_each_column_row(const ConvGeometry& g, const F& row) {
  int64_t area = g.kernel.h * g.kernel.w;
  int64_t grain = grain_for(cost::copy * double(area * g.pixels()));
  parallel_for(g.group_in(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin * area; r < end * area; ++r)
      row(r / area, r % area / g.kernel.w, r % g.kernel.w, r);
  });
}

/// columns[r, pixel] = the element that the window at `pixel` has in row r; 0 in the padding.
template <class T>
void im2col(const ConvGeometry& g, const T* x, T* columns) {
  for_each_column_row(g, [&](int64_t c, int64_t kh, int64_t kw, int64_t r) {
    T* to = columns + r * g.pixels();
    const T* from = x + c * g.x_size.h * g.x_size.w;
    Inside rows(kh, g.x_size.h, g.y_size.h, g.stride.h, g.padding.h, g.dilation.h);
    Inside across(kw, g.x_size.w, g.y_size.w, g.stride.w, g.padding.w, g.dilation.w);
    std::fill_n(to, g.pixels(), T(0));
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      int64_t at = (i * g.stride.h + kh * g.dilation.h - g.padding.h) * g.x_size.w +
                   kw * g.dilation.w - g.padding.w;
      for (int64_t j = across.begin; j < across.end; ++j)
        to[i * g.y_size.w + j] = from[at + j * g.stride.w];
    }
  });
}

/// x += what each window holds in columns: the adjoint of im2col.
template <class T>
void col2im(const ConvGeometry& g, const T* columns, T* x) {
  for_each_column_row(g, [&](int64_t c, int64_t kh, int64_t kw, int64_t r) {
    const T* from = columns + r * g.pixels();
    T* to = x + c * g.x_size.h * g.x_size.w;
    Inside rows(kh, g.x_size.h, g.y_size.h, g.stride.h, g.padding.h, g.dilation.h);
    Inside across(kw, g.x_size.w, g.y_size.w, g.stride.w, g.padding.w, g.dilation.w);
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      int64_t at = (i * g.stride.h + kh * g.dilation.h - g.padding.h) * g.x_size.w +
                   kw * g.dilation.w - g.padding.w;
      for (int64_t j = across.begin; j < across.end; ++j)
        to[at + j * g.stride.w] += from[i * g.y_size.w + j];
    }
  });
}

template <class T>
Matrix<T> packed(T* data, int64_t rows, int64_t columns) {
  return {data, rows, columns, columns, 1};
}

/// Calls f(x, w, y) with where each image and group starts.
template <class X, class W, class Y, class F>
void for_each_block(const ConvGeometry& g, X* x, W* w, Y* y, const F& f) {
  int64_t x_block = g.group_in() * g.x_size.h * g.x_size.w;
  for (int64_t i = 0; i < g.batch * g.groups; ++i)
    f(x + i * x_block, w + i % g.groups * g.group_out() * g.column_rows(),
      y + i * g.group_out() * g.pixels());
}

template <class T>
void forward(const ConvGeometry& g, const T* x, const T* w, const T* b, T* y, T* columns) {
  for (int64_t i = 0; b && i < g.batch * g.out; ++i)
    std::fill_n(y + i * g.pixels(), g.pixels(), b[i % g.out]);
  for_each_block(g, x, w, y, [&](const T* xi, const T* wi, T* yi) {
    im2col(g, xi, columns);
    gemm<T>(packed(wi, g.group_out(), g.column_rows()),
            packed<const T>(columns, g.column_rows(), g.pixels()),
            packed(yi, g.group_out(), g.pixels()), b ? Start<T>{yi, g.pixels()} : Start<T>{});
  });
}

template <class T>
void input_gradient(const ConvGeometry& g, const T* dy, const T* w, T* dx, T* columns) {
  std::fill_n(dx, g.batch * g.in * g.x_size.h * g.x_size.w, T(0));
  for_each_block(g, dx, w, dy, [&](T* dxi, const T* wi, const T* dyi) {
    gemm<T>(packed(wi, g.group_out(), g.column_rows()).transposed(),
            packed(dyi, g.group_out(), g.pixels()), packed(columns, g.column_rows(), g.pixels()));
    col2im(g, columns, dxi);
  });
}

template <class T>
void weight_gradient(const ConvGeometry& g, const T* dy, const T* x, T* dw, T* columns) {
  std::fill_n(dw, g.out * g.column_rows(), T(0));
  for_each_block(g, x, dw, dy, [&](const T* xi, T* dwi, const T* dyi) {
    im2col(g, xi, columns);
    gemm<T>(packed(dyi, g.group_out(), g.pixels()),
            packed<const T>(columns, g.column_rows(), g.pixels()).transposed(),
            packed(dwi, g.group_out(), g.column_rows()), Start<T>{dwi, g.column_rows()});
  });
}

/// Which kernels compute a pass.
enum class Kernels : uint8_t { columns, direct, winograd, onednn };

/// blocks: whether an operand lies in blocks or the result is to.
Kernels choose(const ConvGeometry& g, ConvPass pass, Dtype dtype, bool bias, bool blocks) {
  bool empty = g.batch * g.in * g.out * g.x_size.h * g.x_size.w == 0;
  if (dtype != float32 || empty) return Kernels::columns;
  if (!blocks && direct_is_faster(g, pass)) return Kernels::direct;
  if (winograd_is_faster(g, pass)) return Kernels::winograd;
  return onednn_has(g, pass, bias, blocks) ? Kernels::onednn : Kernels::columns;
}

int64_t scratch_bytes(const ConvGeometry& g, ConvPass pass, Dtype dtype, bool bias,
                      ConvLayouts layouts) {
  switch (choose(g, pass, dtype, bias, layouts.any_blocks())) {
    case Kernels::direct: return direct_scratch(g, pass);
    case Kernels::winograd: return winograd_scratch(g, pass, layouts);
    case Kernels::onednn: return onednn_scratch(g, pass, bias, layouts.any_blocks());
    default: return g.column_rows() * g.pixels() * int64_t(info(dtype).size);
  }
}

/// The blocks that a pass's kernel wants x and y in.
ConvLayouts wanted_layouts(const ConvGeometry& g, ConvPass pass, Dtype dtype, bool bias,
                           bool blocks) {
  switch (choose(g, pass, dtype, bias, blocks)) {
    case Kernels::winograd: return {16, 16};
    case Kernels::onednn: return onednn_layouts(g, pass, bias, blocks);
    default: return {};
  }
}

}  // namespace

ConvWay conv_way(const ConvGeometry& g, ConvPass pass, Dtype dtype, bool bias, ConvLayouts given) {
  ConvWay way{wanted_layouts(g, pass, dtype, bias, given.any_blocks())};
  if (pass != ConvPass::input && way.layouts.x != given.x) way.layouts.x = 0;
  if (pass != ConvPass::forward && way.layouts.y != given.y) way.layouts.y = 0;
  way.scratch = scratch_bytes(g, pass, dtype, bias, way.layouts);
  return way;
}

void conv2d(const ConvGeometry& g, ConvLayouts layouts, const Buffer& x, const Buffer& w,
            const Buffer& b, const Buffer& y, void* scratch, WeightTag weight) {
  constexpr auto pass = ConvPass::forward;
  Kernels kernels = choose(g, pass, y.dtype, bool(b), layouts.any_blocks());
  if (kernels == Kernels::direct)
    return direct_conv2d(g, x.as<const float>(), w.as<const float>(), b.as<const float>(),
                         y.as<float>(), scratch);
  ConvData data{x.as<float>(), w.as<float>(), b.as<float>(), y.as<float>()};
  if (kernels == Kernels::winograd) return winograd_conv(g, pass, layouts, data, scratch);
  if (kernels == Kernels::onednn) return onednn_conv(g, pass, layouts, data, scratch, weight);
  dispatch_floating(y.dtype, [&](auto t) {
    using T = decltype(t);
    forward(g, x.as<const T>(), w.as<const T>(), b.as<const T>(), y.as<T>(),
            static_cast<T*>(scratch));
  });
}

void conv2d_input(const ConvGeometry& g, ConvLayouts layouts, const Buffer& dy, const Buffer& w,
                  const Buffer& dx, void* scratch) {
  constexpr auto pass = ConvPass::input;
  Kernels kernels = choose(g, pass, dx.dtype, false, layouts.any_blocks());
  if (kernels == Kernels::direct)
    return direct_conv2d_input(g, dy.as<const float>(), w.as<const float>(), dx.as<float>(),
                               scratch);
  ConvData data{dx.as<float>(), w.as<float>(), nullptr, dy.as<float>()};
  if (kernels == Kernels::winograd) return winograd_conv(g, pass, layouts, data, scratch);
  if (kernels == Kernels::onednn) return onednn_conv(g, pass, layouts, data, scratch);
  dispatch_floating(dx.dtype, [&](auto t) {
    using T = decltype(t);
    input_gradient(g, dy.as<const T>(), w.as<const T>(), dx.as<T>(), static_cast<T*>(scratch));
  });
}

void conv2d_weight(const ConvGeometry& g, ConvLayouts layouts, const Buffer& dy, const Buffer& x,
                   const Buffer& dw, void* scratch) {
  constexpr auto pass = ConvPass::weight;
  Kernels kernels = choose(g, pass, dw.dtype, false, layouts.any_blocks());
  if (kernels == Kernels::direct)
    return direct_conv2d_weight(g, dy.as<const float>(), x.as<const float>(), dw.as<float>(),
                                scratch);
  ConvData data{x.as<float>(), dw.as<float>(), nullptr, dy.as<float>()};
  if (kernels == Kernels::winograd) return winograd_conv(g, pass, layouts, data, scratch);
  if (kernels == Kernels::onednn) return onednn_conv(g, pass, layouts, data, scratch);
  dispatch_floating(dw.dtype, [&](auto t) {
    using T = decltype(t);
    weight_gradient(g, dy.as<const T>(), x.as<const T>(), dw.as<T>(), static_cast<T*>(scratch));
  });
}

}  // namespace taper::kernels
