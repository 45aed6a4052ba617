#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

/// Reads what other libraries gave; the scripts beside the .json files made them and tell their
/// forms.
namespace golden {

using nlohmann::json;

/// A tensor's values, in row-major order.
struct Array {
  bool defined = false;
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<double> data;
};

/// An op at work: one of ops.json, or of network_ops.json, which follow.
struct Case {
  size_t number;  ///< its place in the files
  std::string op;
  json args;
  std::vector<Array> inputs, outputs;       ///< an input left out is not defined
  std::vector<Array> dy, grads;             ///< empty if there is no gradient
  std::vector<Array> v, grads2, grads2_dy;  ///< empty below order 2

  bool has(const char* arg) const { return args.contains(arg); }
  /// The argument, or another value where it is left out: `c.arg("keepdim", false)`.
  template <class T>
  T arg(const char* name, T otherwise) const {
    return args.value(name, otherwise);
  }
  /// The argument; throws if it is left out.
  template <class T>
  T arg(const char* name) const {
    return args.at(name).get<T>();
  }
  /// "12 conv2d {"groups":2}"
  std::string name() const { return fmt::format("{} {} {}", number, op, args.dump()); }
};

/// What type comes out: one of promotion.json.
struct Promotion {
  std::string op, left, right;  ///< right is empty where there is one operand
  Array y;                      ///< not defined where PyTorch throws
};

/// A training of the report's network: one of optdigits.json.
struct Training {
  uint64_t seed;
  std::vector<double> losses;                    ///< an epoch each
  std::vector<int64_t> train_right, test_right;  ///< right answers after each epoch
};

inline json read(const std::string& file) {
  std::string path = TAPER_SOURCE_DIR "/tests/golden/" + file;
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  return json::parse(in);
}

inline double to_number(const json& j) {
  if (!j.is_string()) return j.get<double>();
  double inf = std::numeric_limits<double>::infinity();
  if (j == "inf") return inf;
  return j == "-inf" ? -inf : std::nan("");
}

inline Array to_array(const json& j) {
  Array a;
  if (!j.contains("data")) return a;  // null, or an error
  a.defined = true;
  a.dtype = j.value("dtype", "float64");
  a.shape = j["shape"].get<std::vector<int64_t>>();
  for (const json& v : j["data"]) a.data.push_back(to_number(v));
  return a;
}

inline std::vector<Array> to_arrays(const json& c, const char* name) {
  std::vector<Array> arrays;
  if (c.contains(name))
    for (const json& j : c[name]) arrays.push_back(to_array(j));
  return arrays;
}

inline const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> out;
    json cases = read("ops.json")["cases"], more = read("network_ops.json")["cases"];
    cases.insert(cases.end(), more.begin(), more.end());
    for (const json& c : cases)
      out.push_back({.number = out.size(),
                     .op = c["op"],
                     .args = c["args"],
                     .inputs = to_arrays(c, "inputs"),
                     .outputs = to_arrays(c, "outputs"),
                     .dy = to_arrays(c, "dy"),
                     .grads = to_arrays(c, "grads"),
                     .v = to_arrays(c, "v"),
                     .grads2 = to_arrays(c, "grads2"),
                     .grads2_dy = to_arrays(c, "grads2_dy")});
    return out;
  }();
  return all;
}

/// which: "one" or "two" operands.
inline std::vector<Promotion> promotions(const char* which) {
  json file = read("promotion.json");
  std::vector<Promotion> out;
  for (const json& p : file[which])
    out.push_back({p["op"], p["left"], p.value("right", ""), to_array(p)});
  return out;
}

/// data: "official" or "fallback".
inline std::vector<Training> trainings(const char* data) {
  json file = read("optdigits.json");
  std::vector<Training> out;
  for (const json& r : file[data]["runs"])
    out.push_back({r["seed"], r["losses"], r["train_right"], r["test_right"]});
  return out;
}

/// Whether x is y, infinite and NaN included, or within tolerance * max(1, |y|) of it.
inline bool close(double x, double y, double tolerance) {
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  if (std::isinf(x) || std::isinf(y)) return x == y;
  return std::abs(x - y) <= tolerance * std::max(1.0, std::abs(y));
}

/// What is wrong with a tensor of this type, shape and values; empty if nothing is.
inline std::string difference(const Array& expected, const std::string& dtype,
                              const std::vector<int64_t>& shape, const std::vector<double>& data,
                              double tolerance) {
  if (dtype != expected.dtype) return fmt::format("{} instead of {}", dtype, expected.dtype);
  if (shape != expected.shape) return fmt::format("shape {} instead of {}", shape, expected.shape);
  for (size_t i = 0; i < data.size(); ++i)
    if (!close(data[i], expected.data[i], tolerance))
      return fmt::format("{} instead of {} at element {}", data[i], expected.data[i], i);
  return "";
}

}  // namespace golden
