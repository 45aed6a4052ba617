#include "autograd/tensor/generator.h"

#include "autograd/kernels/random.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "autograd/tensor/dtype.h"
#include "autograd/tensor/error.h"

using namespace taper;
using nlohmann::json;

static const json& golden() {
  static const json all =
      json::parse(std::ifstream(TAPER_SOURCE_DIR "/tests/golden/generator.json"));
  return all;
}

static Dtype dtype_named(std::string_view name) {
  if (name == "bool") return boolean;
  for (int d = 0; d < dtype_count; ++d)
    if (info(Dtype(d)).name == name) return Dtype(d);
  throw std::invalid_argument(std::string(name));
}

/// The i-th of n probabilities that tests/golden/generator.py uses.
template <class P>
static std::vector<P> probabilities(int64_t n) {
  std::vector<P> p(static_cast<size_t>(n));
  for (size_t i = 0; i < p.size(); ++i) p[i] = P(i * 7 % 33) / 32;
  return p;
}

template <class T>
static bool draw_floating(Generator& g, const std::string& function, T* y, int64_t n,
                          const json& args) {
  if constexpr (std::is_floating_point_v<T>) {
    if (function == "uniform") return kernels::uniform(g, y, n, args[0], args[1]), true;
    if (function == "normal") return kernels::normal(g, y, n, args[0], args[1]), true;
    if (function == "exponential") return kernels::exponential(g, y, n, args[0]), true;
  }
  return false;
}

template <class T>
static void draw(Generator& g, const std::string& function, T* y, int64_t n, const json& args) {
  if (draw_floating(g, function, y, n, args)) return;
  if (function == "random_range") return kernels::random_range(g, y, n, args[0], args[1]);
  if (function == "random_full") return kernels::random_full(g, y, n);
  if (function == "bernoulli") return kernels::bernoulli(g, y, n, double(args[0]));
  if (function == "bernoulli_by_float32")
    return kernels::bernoulli(g, y, n, probabilities<float>(n).data());
  if (function == "bernoulli_by_float64")
    return kernels::bernoulli(g, y, n, probabilities<double>(n).data());
  if constexpr (std::is_same_v<T, int64_t>)
    if (function == "randperm") return kernels::randperm(g, y, n);
  throw std::invalid_argument(function);
}

/// Normals come from the vector maths of another library; everything else is bit-equal.
template <class T>
static double tolerance(const json& call) {
  if (call["function"] != "normal") return 0;
  double scale = std::abs(double(call["args"][0])) + double(call["args"][1]);
  return (std::is_same_v<T, float> ? 4e-6 : 1e-12) * scale;
}

template <class T>
static void check_values(const json& call, const T* y) {
  const json& data = call["data"];
  size_t n = call["n"], head = n <= 100 ? n : 4;
  for (size_t i = 0; i < data.size(); ++i) {
    T got = y[i < head ? i : n - data.size() + i], expected = T(data[i].get<T>());
    bool equal = std::is_integral_v<T>
                     ? got == expected
                     : std::abs(double(got) - double(expected)) <= tolerance<T>(call);
    BOOST_CHECK_MESSAGE(
        equal, fmt::format("{} {} of {} elements, element {}: {} instead of {}",
                           call["dtype"].get<std::string>(), call["function"].get<std::string>(), n,
                           i, got, expected));
  }
}

static void run_call(Generator& g, const json& call) {
  int64_t n = call["n"];
  dispatch(dtype_named(call["dtype"].get<std::string>()), [&]<class T>(T) {
    auto y = std::make_unique<T[]>(size_t(n));
    draw(g, call["function"], y.get(), n, call["args"]);
    if constexpr (std::is_same_v<T, bool>) {
      auto bytes = reinterpret_cast<const uint8_t*>(y.get());
      check_values(call, bytes);
    } else {
      check_values(call, y.get());
    }
  });
}

static uint64_t fnv1a(const GeneratorState& state) {
  uint64_t h = 0xcbf29ce484222325;
  for (size_t i = 0; i < sizeof state; ++i)
    h = (h ^ reinterpret_cast<const unsigned char*>(&state)[i]) * 0x100000001b3;
  return h;
}

/// Replays every golden sequence of that name.
static void check(std::string_view name) {
  int found = 0;
  for (const json& sequence : golden()["sequences"]) {
    if (sequence["name"] != name) continue;
    ++found;
    Generator g(sequence["seed"]);
    for (const json& call : sequence["calls"]) run_call(g, call);
    BOOST_TEST(fnv1a(g.get_state()) == sequence["state"].get<uint64_t>());
  }
  BOOST_TEST(found > 0);
}

/// The text of the Error that f throws.
template <class F>
static std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

BOOST_AUTO_TEST_SUITE(generator)

BOOST_AUTO_TEST_CASE(uniform) { check("uniform"); }
BOOST_AUTO_TEST_CASE(normal) { check("normal"); }
BOOST_AUTO_TEST_CASE(exponential) { check("exponential"); }
BOOST_AUTO_TEST_CASE(random_range) { check("random_range"); }
BOOST_AUTO_TEST_CASE(random_full) { check("random_full"); }
BOOST_AUTO_TEST_CASE(bernoulli) { check("bernoulli"); }
BOOST_AUTO_TEST_CASE(randperm) { check("randperm"); }
BOOST_AUTO_TEST_CASE(mixed) { check("mixed"); }
BOOST_AUTO_TEST_CASE(state) { check("state"); }

BOOST_AUTO_TEST_CASE(first_numbers_of_the_engine) {
  Generator g(5489);  // the default seed of the published mt19937
  BOOST_TEST(g.r32() == 3499211612u);
  for (int i = 1; i < 9999; ++i) g.r32();
  BOOST_TEST(g.r32() == 4123659995u);  // the 10000th, as the C++ standard states it
}

BOOST_AUTO_TEST_CASE(seeding_starts_over) {
  Generator g(1);
  double first = g.normal();
  g.manual_seed(1);
  BOOST_TEST(g.normal() == first);
  g.manual_seed(1);  // the second normal of the pair is forgotten
  BOOST_TEST(g.normal() == first);
  BOOST_TEST(g.initial_seed() == 1u);
}

BOOST_AUTO_TEST_CASE(seed_of_the_system) {
  Generator g;
  BOOST_TEST(g.initial_seed() == Generator::default_seed);
  uint64_t seed = g.seed();
  BOOST_TEST(g.initial_seed() == seed);
  BOOST_TEST(Generator(seed).r32() == g.r32());
  BOOST_TEST(g.seed() != seed);
}

BOOST_AUTO_TEST_CASE(default_generator_is_one) {
  BOOST_TEST(&default_generator() == &default_generator());
}

BOOST_AUTO_TEST_CASE(state_goes_on) {
  Generator a(9), b(10);
  for (int draws : {0, 1, 3, 620, 700}) {
    for (int i = 0; i < draws; ++i) a.normal();
    b.set_state(a.get_state());
    BOOST_TEST(fnv1a(b.get_state()) == fnv1a(a.get_state()));
    for (int i = 0; i < 700; ++i) BOOST_REQUIRE(a.normal() == b.normal());
  }
}

BOOST_AUTO_TEST_CASE(no_elements_no_draws) {
  Generator g(4);
  float none = 0;
  kernels::uniform(g, &none, 0, 0, 1);
  kernels::normal(g, &none, 0, 0, 1);
  BOOST_TEST(g.r32() == Generator(4).r32());
}

BOOST_AUTO_TEST_CASE(errors) {
  Generator g;
  float y[4];
  uint8_t bytes[4];
  double p[] = {0.5, NAN};
  int64_t order[1];
  BOOST_TEST(error_of([&] { kernels::uniform(g, y, 4, 2, 1); }) ==
             "uniform_: from 2 to 1; expected from <= to");
  BOOST_TEST(error_of([&] { kernels::uniform(g, y, 4, -3e38, 3e38); }) ==
             "uniform_: from -3e+38 to 3e+38; expected a range that float32 holds");
  BOOST_TEST(error_of([&] { kernels::normal(g, y, 4, 0, -1); }) ==
             "normal_: std is -1; expected 0 or more");
  BOOST_TEST(error_of([&] { kernels::exponential(g, y, 4, 0); }) ==
             "exponential_: lambda is 0; expected a number above 0");
  BOOST_TEST(error_of([&] { kernels::random_range(g, y, 4, 3, 3); }) ==
             "random_: low 3 and high 3; expected low < high");
  BOOST_TEST(error_of([&] { kernels::random_range(g, bytes, 4, 0, 257); }) ==
             "random_: numbers from 0 to 256; expected those that uint8 holds");
  BOOST_TEST(error_of([&] { kernels::bernoulli(g, y, 4, 1.5); }) ==
             "bernoulli_: p is 1.5; expected a probability from 0 to 1");
  BOOST_TEST(error_of([&] { kernels::bernoulli(g, y, 2, p); }) ==
             "bernoulli: p is nan; expected a probability from 0 to 1");
  BOOST_TEST(error_of([&] { kernels::randperm(g, order, -1); }) ==
             "randperm: n is -1; expected 0 or more");
  GeneratorState state = g.get_state();
  state.left = 7;
  BOOST_TEST(
      error_of([&] { g.set_state(state); }) ==
      "set_state: left is 7 and next is 0; expected left from 1 to 624 and next = 625 - left");
}

BOOST_AUTO_TEST_SUITE_END()
