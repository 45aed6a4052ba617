#include "autograd/tensor/generator.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <utility>

#include "autograd/tensor/error.h"

namespace taper {

void Generator::manual_seed(uint64_t seed) {
  std::lock_guard lock(mutex_);
  reseed(seed);
}

static uint64_t system_seed() {
  std::random_device device;
  return uint64_t(device()) << 32 | device();
}

uint64_t Generator::seed() {
  uint64_t seed = system_seed();
  manual_seed(seed);
  return seed;
}

uint64_t Generator::initial_seed() const {
  std::lock_guard lock(mutex_);
  return seed_;
}

// init_genrand of Matsumoto and Nishimura, 2002
void Generator::reseed(uint64_t seed) {
  seed_ = seed;
  left_ = 1;
  next_ = 0;
  has_normal_ = false;
  normal_ = 0;
  words_[0] = uint32_t(seed);
  for (uint32_t i = 1; i < size; ++i)
    words_[i] = 1812433253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + i;
}

static uint32_t twist(uint32_t high, uint32_t low) {
  return (((high & 0x80000000u) | (low & 0x7fffffffu)) >> 1) ^ (-(low & 1u) & 0x9908b0dfu);
}

void Generator::refill() {
  for (uint32_t i = 0; i < size - middle; ++i)
    words_[i] = words_[i + middle] ^ twist(words_[i], words_[i + 1]);
  for (uint32_t i = size - middle; i < size - 1; ++i)
    words_[i] = words_[i + middle - size] ^ twist(words_[i], words_[i + 1]);
  words_[size - 1] = words_[middle - 1] ^ twist(words_[size - 1], words_[0]);
  left_ = size;
  next_ = 0;
  temper();
}

void Generator::temper() {
  for (uint32_t i = 0; i < size; ++i) {
    uint32_t y = words_[i];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    numbers_[i] = y ^ (y >> 18);
  }
}

GeneratorState Generator::get_state() const {
  std::lock_guard lock(mutex_);
  GeneratorState state{};
  state.seed = seed_;
  state.left = left_;
  state.seeded = 1;
  state.next = next_;
  std::copy_n(words_, size, state.words);
  state.has_normal = has_normal_;
  state.normal = normal_;
  return state;
}

void Generator::set_state(const GeneratorState& state) {
  bool fresh = state.left == 1 && state.next == 0;
  bool running = state.left >= 1 && state.next == size + 1 - uint64_t(state.left);
  if (!state.seeded || !(fresh || running))
    fail("set_state", "left is {} and next is {}; expected left from 1 to {} and next = {} - left",
         state.left, state.next, size, size + 1);
  std::lock_guard lock(mutex_);
  seed_ = state.seed;
  left_ = state.left;
  next_ = uint32_t(state.next);
  has_normal_ = state.has_normal != 0;
  normal_ = has_normal_ ? state.normal : 0;
  std::transform(state.words, state.words + size, words_, [](uint64_t w) { return uint32_t(w); });
  temper();
}

double Generator::normal() {
  if (has_normal_) {
    has_normal_ = false;
    return std::exchange(normal_, 0.0);
  }
  double u1 = unit<double>(), u2 = unit<double>();
  double radius = std::sqrt(-2 * std::log1p(-u2)), angle = 2 * std::numbers::pi * u1;
  normal_ = radius * std::sin(angle);
  has_normal_ = true;
  return radius * std::cos(angle);
}

Generator& default_generator() {
  static Generator generator(system_seed());
  return generator;
}

}  // namespace taper
