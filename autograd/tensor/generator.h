#pragma once

#include <cstdint>
#include <mutex>
#include <type_traits>

namespace taper {

/// All that a generator's next numbers depend on, byte for byte what PyTorch's CPU generator
/// returns from get_state().
struct GeneratorState {
  uint64_t seed;
  int32_t left;  ///< numbers before the words run out, plus one
  int32_t seeded;
  uint64_t next;  ///< index of the next word
  uint64_t words[624];
  double unused_x;
  double normal;  ///< the second of a pair of normals, unscaled, if has_normal
  double unused_rho;
  int32_t has_normal;
  int32_t unused_float[3];
};
static_assert(std::is_trivially_copyable_v<GeneratorState> && sizeof(GeneratorState) == 5056);

/// PyTorch's source of random numbers on the CPU: mt19937, seeded with the low 32 bits of the seed.
/// Members that draw do not lock: whoever shares a generator between threads holds its mutex().
class Generator {
 public:
  explicit Generator(uint64_t seed = default_seed) { reseed(seed); }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  /// Starts the sequence of this seed.
  void manual_seed(uint64_t seed);
  /// Starts the sequence of a seed taken from the operating system, and returns that seed.
  uint64_t seed();
  /// The seed of the running sequence.
  uint64_t initial_seed() const;

  GeneratorState get_state() const;
  /// Goes on from a state; throws Error if it is not one.
  void set_state(const GeneratorState& state);

  /// 32 random bits.
  uint32_t r32() {
    if (--left_ == 0) refill();
    return numbers_[next_++];
  }
  /// 64 random bits, the first draw high.
  uint64_t r64() {
    uint64_t high = r32();
    return high << 32 | r32();
  }
  /// Uniform in [0, 1): 24 bits of one draw for float, 53 of two for double.
  template <class T>
  T unit() {
    if constexpr (std::is_same_v<T, float>)
      return float(r32() & ((1u << 24) - 1)) * 0x1p-24f;
    else
      return double(r64() & ((uint64_t(1) << 53) - 1)) * 0x1p-53;
  }
  /// Standard normal; every second one is left over from the draws of the one before.
  double normal();

  std::mutex& mutex() const { return mutex_; }

  static constexpr uint64_t default_seed = 67280421310721;  ///< PyTorch's

 private:
  static constexpr uint32_t size = 624, middle = 397;
  void reseed(uint64_t seed);
  void refill();
  void temper();

  uint64_t seed_;
  int32_t left_;
  uint32_t next_;
  bool has_normal_;
  double normal_;
  uint32_t words_[size];    ///< the engine's state
  uint32_t numbers_[size];  ///< what it gives out, made of the words all at once
  mutable std::mutex mutex_;
};

/// The generator that everything draws from unless told otherwise; its first seed is the system's.
Generator& default_generator();

}  // namespace taper
