#include "nn/io/save.h"

#include <boost/test/unit_test.hpp>

#include <span>

#include "autograd/tensor/factories.h"
#include "nn/init/init.h"
#include "nn/io/safetensors.h"
#include "tests/support/error_text.h"
#include "tests/support/files.h"

namespace {

using namespace taper;
using taper::test::error_text;

struct Part : nn::Layer<Part> {
  explicit Part(int64_t n = 3) : weight(register_parameter("weight", rand({2, n}))) {}
  Tensor weight;
  Tensor steps = register_buffer("steps", tensor({4}));
};

struct Net : nn::Layer<Net> {
  Part a = register_module("a", Part());
  Part b = register_module("b", Part());
};

bool equal(const Tensor& x, const Tensor& y) {
  return x.sizes() == y.sizes() && x.ne(y).sum().item<int64_t>() == 0;
}

struct Fixture {
  taper::test::TemporaryFolder folder;
  std::string path = folder / "net.safetensors";
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(save, Fixture)

BOOST_AUTO_TEST_CASE(loads_what_it_saved) {
  Net net;
  nn::save(net, path);
  Net other;
  Tensor handle = other.a.weight;
  nn::load(other, path);
  BOOST_TEST(handle.is_same(other.a.weight));
  BOOST_TEST(equal(handle, net.a.weight));
  BOOST_TEST(equal(other.b.weight, net.b.weight));
  BOOST_TEST(handle.requires_grad());
  safetensors::Reader file(path);
  std::string names;
  for (const auto& [name, info] : file.tensors()) names += name + " " + info.dtype + " ";
  BOOST_TEST(file.metadata().at("format") == "pt");
  BOOST_TEST(names == "a.steps I64 a.weight F32 b.steps I64 b.weight F32 ");
}

BOOST_AUTO_TEST_CASE(saves_tensors_that_are_not_packed) {
  struct Turned : nn::Layer<Turned> {
    Tensor weight = register_parameter("weight", tensor({{1.0, 2.0}, {3.0, 4.0}}).t().detach());
  } turned, other;
  nn::save(turned, path);
  nn::init::zeros_(other.weight);
  nn::load(other, path);
  BOOST_TEST(equal(other.weight, turned.weight));
}

BOOST_AUTO_TEST_CASE(one_error_names_all_differences_and_nothing_is_loaded) {
  struct Other : nn::Layer<Other> {
    Part a = register_module("a", Part(4));
    Tensor extra = register_parameter("extra", zeros({1}));
    Tensor more = register_parameter("more", zeros({1}));
  } other;
  other.a.to(float64);
  nn::save(Net(), path);
  Tensor before = other.a.weight.detach().clone();
  BOOST_TEST(error_text([&] { nn::load(other, path); }) ==
             "load: \"" + path +
                 "\" does not fit Other: missing \"extra\", \"more\"; unexpected \"b.steps\", "
                 "\"b.weight\"; \"a.weight\" is F32 [2, 3], expected F64 [2, 4]");
  BOOST_TEST(equal(other.a.weight, before));
}

BOOST_AUTO_TEST_CASE(names_of_a_foreign_file_are_escaped_and_cut) {
  std::vector<safetensors::Entry> entries;
  std::string value(1, 'x');
  auto add = [&](const std::string& name) {
    entries.push_back({name, "U8", {1}, std::as_bytes(std::span(value))});
  };
  add("\x1b[2J" + std::string(200, 'a'));
  for (int i = 10; i < 21; ++i) add("n" + std::to_string(i));
  safetensors::write(path, entries);
  struct Empty : nn::Layer<Empty> {
  } none;
  BOOST_TEST(error_text([&] { nn::load(none, path); }) ==
             "load: \"" + path + "\" does not fit Empty: unexpected \"\\x1b[2J" +
                 std::string(96, 'a') +
                 "\"..., \"n10\", \"n11\", \"n12\", \"n13\", \"n14\", \"n15\", \"n16\", "
                 "\"n17\", \"n18\", and 2 more");
}

BOOST_AUTO_TEST_CASE(refuses_files_that_are_none) {
  Net net;
  BOOST_TEST(error_text([&] { nn::load(net, folder / "none"); }) ==
             "load: cannot open \"" + (folder / "none") + "\": No such file or directory");
  BOOST_TEST(error_text([&] { nn::save(net, folder / "no/where"); }) ==
             "save: cannot write \"" + (folder / "no/where") + "\": No such file or directory");
}

BOOST_AUTO_TEST_SUITE_END()
