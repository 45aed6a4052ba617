#include "autograd/kernels/conv_direct.h"

#include <cstring>

#include "autograd/kernels/conv_direct_planes.h"
#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

/// Calls f(image * groups + group, group, thread) for all, each thread's in order.
template <class F>
void for_each_image(const ConvGeometry& g, int64_t threads, const F& f) {
  int64_t n = g.batch * g.groups;
  parallel_for(threads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      int64_t i = n * t / threads, last = n * (t + 1) / threads, group = i % g.groups;
      for (; i < last; ++i, group = group + 1 < g.groups ? group + 1 : 0) f(i, group, t);
    }
  });
}

/// One image and group of conv2d.
void forward_image(const ConvGeometry& g, const Workspace& s, const float* from, const float* w,
                   const float* b, float* y, float* band) {
  int64_t pitch = s.planes.pitch, rows = s.band_rows, stride = s.band_pitch;
  int64_t out = g.group_out(), taps = g.column_rows(), area = g.pixels();
  for (int64_t i = 0; i < g.y_size.h; i += rows) {
    int64_t height = std::min(rows, g.y_size.h - i);
    for (int64_t o = 0; o < out; o += direct_outputs) {
      int outputs = outputs_from(o, out);
      Correlation c{s.offsets, taps, w + o * taps, outputs, b ? b + o : b};
      correlate(c, from + i * pitch, band, stride, (height - 1) * pitch + g.y_size.w);
      copy_rows(y + o * area + i * g.y_size.w, {area, g.y_size.w}, band, {stride, pitch}, outputs,
                height, g.y_size.w);
    }
  }
}

/// One phase of one image and group of conv2d_input.
void input_image(const ConvGeometry& g, const Workspace& s, const Phase& phase, const float* from,
                 const float* w, float* dx, float* band) {
  dx += (phase.first.h - g.padding.h) * g.x_size.w + phase.first.w - g.padding.w;
  int64_t pitch = s.planes.pitch, rows = s.band_rows, stride = s.band_pitch;
  int64_t width = phase.across.end - phase.across.begin, area = g.x_size.h * g.x_size.w;
  int64_t in = g.group_in();
  for (int64_t i = phase.rows.begin; i < phase.rows.end && width > 0; i += rows) {
    int64_t height = std::min(rows, phase.rows.end - i);
    for (int64_t c = 0; c < in; c += direct_outputs) {
      int outputs = outputs_from(c, in);
      Correlation sum{phase.offsets, phase.taps, w + c * phase.taps, outputs, nullptr};
      correlate(sum, from + i * pitch + phase.across.begin, band, stride,
                (height - 1) * pitch + width);
      copy_steps(dx + c * area + i * g.stride.h * g.x_size.w + phase.across.begin * g.stride.w,
                 {area, g.stride.h * g.x_size.w}, g.stride.w, band, {stride, pitch}, 1, outputs,
                 height, width);
    }
  }
}

void clear(float* data, int64_t n) { std::memset(data, 0, size_t(n) * sizeof(float)); }

/// Adds one image and group to the sums of conv2d_weight.
void weight_image(const ConvGeometry& g, const Workspace& s, const float* from, const float* dy,
                  float* band, float* sums) {
  int64_t pitch = s.planes.pitch, rows = s.band_rows, stride = s.band_pitch;
  int64_t out = g.group_out(), taps = g.column_rows(), area = g.pixels();
  for (int64_t i = 0; i < g.y_size.h; i += rows) {
    int64_t height = std::min(rows, g.y_size.h - i), n = (height - 1) * pitch + g.y_size.w;
    for (int64_t o = 0; o < out; o += direct_outputs) {
      int outputs = outputs_from(o, out);
      copy_rows(band, {stride, pitch}, dy + o * area + i * g.y_size.w, {area, g.y_size.w}, outputs,
                height, g.y_size.w);
      Correlation c{s.offsets, taps, nullptr, outputs, nullptr};
      correlate_gradient(c, from + i * pitch, band, stride, n, sums + o * taps * direct_lanes);
    }
  }
}

/// dw = the sums of all threads and lanes.
void add_sums(const Workspace& s, float* dw) {
  for (int64_t i = 0; i < s.sums_elements; i += direct_lanes) {
    float total[direct_lanes] = {};
    for (int64_t t = 0; t < s.threads; ++t)
      for (int64_t k = 0; k < direct_lanes; ++k) total[k] += s.sums[t * s.sums_elements + i + k];
    for (int64_t half = direct_lanes / 2; half > 0; half /= 2)
      for (int64_t k = 0; k < half; ++k) total[k] += total[k + half];
    dw[i / direct_lanes] = total[0];
  }
}

}  // namespace

// Measured over 1 to 64 channels on images of 8 to 32 pixels, kernels of 3 and 5, strides 1 and 2.
bool direct_is_faster(const ConvGeometry& g, ConvPass pass) {
  if (!direct_fits(g)) return false;
  int64_t in = g.group_in(), out = g.group_out(), y = g.batch * g.out * g.pixels();
  bool dense = g.stride == Int2(1), wide = g.y_size.w >= 24;
  bool many = g.batch * g.pixels() >= 1 << 12;  // enough to pay for the sums of a weight's gradient
  switch (pass) {
    case ConvPass::forward:
      return dense &&
             (out <= 4 || (out <= 8 && in <= 32) || (g.column_rows() <= 36 && y > 1 << 17));
    case ConvPass::input:
      return in <= 4 || (in <= 8 && g.y_size.w >= 12) || (dense && out <= (wide ? 8 : 4));
    default:
      return dense && (out <= 4 || (many && in >= 4 && in < 8) ||
                       (many && wide && (out <= 8 || g.column_rows() <= 72)));
  }
}

int64_t direct_scratch(const ConvGeometry& g, ConvPass pass) {
  return Workspace(g, pass, nullptr).bytes;
}

void direct_conv2d(const ConvGeometry& g, const float* x, const float* w, const float* b, float* y,
                   void* scratch) {
  Workspace s(g, ConvPass::forward, scratch);
  input_offsets(g, s.planes, s.offsets);
  pack_weights(g, w, s.weights);
  clear(s.images, s.threads * s.planes.elements());
  int64_t area = g.x_size.h * g.x_size.w, block = g.group_out() * g.column_rows();
  for_each_image(g, s.threads, [&](int64_t i, int64_t group, int64_t thread) {
    copy_input(g, s.planes, x + i * g.group_in() * area, s.image(thread));
    forward_image(g, s, s.image(thread), s.weights + group * block,
                  b ? b + group * g.group_out() : b, y + i * g.group_out() * g.pixels(),
                  s.band(thread));
  });
}

void direct_conv2d_input(const ConvGeometry& g, const float* dy, const float* w, float* dx,
                         void* scratch) {
  Workspace s(g, ConvPass::input, scratch);
  clear(s.images, s.threads * s.planes.elements());
  pack_phases(g, s, w);
  int64_t area = g.x_size.h * g.x_size.w, phases = g.stride.h * g.stride.w;
  for_each_image(g, s.threads, [&](int64_t i, int64_t group, int64_t thread) {
    copy_gradient(g, s.planes, dy + i * g.group_out() * g.pixels(), s.image(thread));
    for (Phase* p = s.phases; p < s.phases + phases; ++p)
      input_image(g, s, *p, s.image(thread), p->weights + group * g.group_in() * p->taps,
                  dx + i * g.group_in() * area, s.band(thread));
  });
}

void direct_conv2d_weight(const ConvGeometry& g, const float* dy, const float* x, float* dw,
                          void* scratch) {
  Workspace s(g, ConvPass::weight, scratch);
  input_offsets(g, s.planes, s.offsets);
  clear(s.images, s.threads * s.planes.elements());
  clear(s.bands, s.threads * direct_outputs * s.band_pitch);
  clear(s.sums, s.threads * s.sums_elements);
  int64_t area = g.x_size.h * g.x_size.w, block = g.group_out() * g.column_rows();
  for_each_image(g, s.threads, [&](int64_t i, int64_t group, int64_t thread) {
    copy_input(g, s.planes, x + i * g.group_in() * area, s.image(thread));
    weight_image(g, s, s.image(thread), dy + i * g.group_out() * g.pixels(), s.band(thread),
                 s.sums + thread * s.sums_elements + group * block * direct_lanes);
  });
  add_sums(s, dw);
}

}  // namespace taper::kernels
