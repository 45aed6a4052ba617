#pragma once

#include "nn/io/safetensors.h"

#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace taper::test {

using safetensors::Entry;

inline const std::string safetensors_golden = TAPER_SOURCE_DIR "/tests/golden/safetensors/";

template <class T>
Entry entry(const char* name, const char* dtype, std::vector<std::int64_t> shape,
            const std::vector<T>& values) {
  return {name, dtype, std::move(shape), std::as_bytes(std::span(values))};
}

// What all.safetensors of the golden folder was made of.
struct All {
  std::vector<float> weight{0, 0.25, 0.5, 0.75, 1, 1.25}, bias{-1.5f, 2.5f, 1e-30f}, empty;
  std::vector<double> wide{std::numbers::pi, -0.0};
  std::vector<std::int64_t> steps{std::int64_t{1} << 62, -1, 0};
  std::vector<std::int32_t> count{-7};
  std::vector<std::uint8_t> pixels{0, 16, 255}, mask{1, 0, 0, 1}, named{1};

  std::vector<Entry> entries() const {
    return {entry("out.weight", "F32", {2, 3}, weight),
            entry("out.bias", "F32", {3}, bias),
            entry("wide", "F64", {2, 1}, wide),
            entry("steps", "I64", {3}, steps),
            entry("count", "I32", {}, count),
            entry("pixels", "U8", {3}, pixels),
            entry("mask", "BOOL", {2, 2}, mask),
            entry("empty", "F32", {0, 4}, empty),
            entry("gewöhnlich \"1\"\n", "U8", {1}, named)};
  }
};

}  // namespace taper::test
