#pragma once

#include <cstdint>

#include "autograd/tensor/generator.h"

/// Fills of n elements, drawn in order under the generator's lock, with PyTorch's numbers: bit for
/// bit, normals of 16 and more elements in float32 to 4e-6. Each throws Error on bounds that make
/// no sense.
namespace taper::kernels {

/// Uniform in [from, to). T: float, double
template <class T>
void uniform(Generator& generator, T* y, int64_t n, double from, double to);
/// T: float, double
template <class T>
void normal(Generator& generator, T* y, int64_t n, double mean, double std);
/// With density rate * exp(-rate * y). T: float, double
template <class T>
void exponential(Generator& generator, T* y, int64_t n, double rate);
/// Integers in [low, high). T: every dtype's type
template <class T>
void random_range(Generator& generator, T* y, int64_t n, int64_t low, int64_t high);
/// Integers from 0 to the largest of T, or to 2^24 for float and 2^53 for double. T: every dtype's
/// type
template <class T>
void random_full(Generator& generator, T* y, int64_t n);
/// 1 with probability p, else 0. T: every dtype's type
template <class T>
void bernoulli(Generator& generator, T* y, int64_t n, double p);
/// 1 with probability p[i], else 0. T: every dtype's type; P: float, double
template <class T, class P>
void bernoulli(Generator& generator, T* y, int64_t n, const P* p);
/// The numbers 0 to n - 1, shuffled.
void randperm(Generator& generator, int64_t* y, int64_t n);

}  // namespace taper::kernels
