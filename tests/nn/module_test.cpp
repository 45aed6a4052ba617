#include "nn/module.h"

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include <sstream>

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/factories.h"
#include "tests/nn/modules.h"
#include "tests/support/error_text.h"

namespace {

using namespace taper;
using namespace taper::test;

template <class T>
struct Holder {
  struct Inner : nn::Layer<Inner> {};
};

template <class T>
struct Templated : nn::Layer<Templated<T>> {};

}  // namespace

BOOST_AUTO_TEST_SUITE(modules)

BOOST_AUTO_TEST_CASE(lists_own_parameters_first_then_children_in_order) {
  Net net;
  BOOST_TEST(names(net.named_parameters()) ==
             "shift block.first.weight block.second.weight out.weight ");
  BOOST_TEST(names(net.named_parameters(false)) == "shift ");
  BOOST_TEST(names(net.named_buffers()) == "block.first.seen block.second.seen out.seen ");
  BOOST_TEST(net.parameters().size() == 4u);
  BOOST_TEST(net.buffers().size() == 3u);
  BOOST_TEST(net.named_parameters()["out.weight"].is_same(net.out.weight));
  std::string modules;
  for (auto& [name, m] : net.named_modules()) modules += "'" + name + "' " + m->name() + " ";
  BOOST_TEST(modules ==
             "'' Net 'block' Block 'block.first' Scale 'block.second' Scale 'out' Scale ");
  BOOST_TEST(net.modules(false).size() == 4u);
  BOOST_TEST(net.named_children().keys() == (std::vector<std::string>{"block", "out"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(calls_forward_with_any_arguments) {
  const Net net;
  Tensor x = ones({2});
  BOOST_TEST(at(net(x), 0) == 30.5);
  BOOST_TEST(at(net(x, false), 0) == 30);
  auto call = [net](const Tensor& in) { return net(in); };
  BOOST_TEST(at(call(x), 1) == 30.25);
}

BOOST_AUTO_TEST_CASE(ops_know_their_path) {
  Net net;
  Tensor y = net(ones({2}), false);
  auto path = [](const Tensor& t) { return t.grad_fn()->path(); };
  BOOST_TEST(path(y)->full == "out");
  BOOST_TEST(path(y)->type == "Scale");
  BOOST_TEST(path(y)->parent->type == "Net");
  BOOST_TEST(path(net(ones({2})))->full == "");
  BOOST_TEST(path(net.block(ones({2})))->full == "block.second");
  BOOST_TEST(path(net.block.first(ones({2})))->full == "block.first");
  BOOST_TEST(!current_module_path());
}

BOOST_AUTO_TEST_CASE(path_of_a_layer_in_no_module_is_where_it_is_called) {
  struct Around : nn::Layer<Around> {
    Scale registered = register_module("inner", Scale());
    Scale loose;
    Tensor forward(const Tensor& x) { return loose(x); }
  };
  struct Outer : nn::Layer<Outer> {
    Around around = register_module("around", Around());
    Tensor forward(const Tensor& x) { return around(x); }
  } outer;
  BOOST_TEST(outer(ones({2})).grad_fn()->path()->full == "around");
}

BOOST_AUTO_TEST_CASE(errors_name_the_path) {
  Net net;
  BOOST_TEST(error_text([&] { net(ones({3})); }) ==
             "mul: shapes [2] and [3] do not broadcast; expected equal sizes or 1 in dimension -1, "
             "not 2 and 3; in block.first");
}

BOOST_AUTO_TEST_CASE(copies_share) {
  Net net;
  Net same = net;
  BOOST_TEST(same.out.weight.is_same(net.out.weight));
  same.eval();
  BOOST_TEST(!net.block.first.is_training());
  const nn::Module& plain = net;
  BOOST_TEST(plain.parameters().size() == 4u);
  nn::Module sliced = net;
  BOOST_TEST(sliced.name() == "Net");
}

BOOST_AUTO_TEST_CASE(refuses_names) {
  Net net;
  auto text = [&](const std::string& name) {
    return error_text([&] { net.register_module(name, Scale()); });
  };
  BOOST_TEST(text("") == "register_module: the name is empty; expected one without dots");
  BOOST_TEST(text("a.b") == "register_module: the name \"a.b\" has a dot; expected one without");
  BOOST_TEST(text("out") ==
             "register_module: \"out\" is registered in Net already; expected another name");
  BOOST_TEST(text("shift") ==
             "register_module: \"shift\" is registered in Net already; expected another name");
  BOOST_TEST(error_text([&] { net.register_parameter("out", ones({2})); }) ==
             "register_parameter: \"out\" is registered in Net already; expected another name");
  BOOST_TEST(error_text([&] { net.register_buffer("a.b", ones({2})); }) ==
             "register_buffer: the name \"a.b\" has a dot; expected one without");
  BOOST_TEST(error_text([&] { net.register_parameter("p", net.shift * 2); }) ==
             "register_parameter: \"p\" is an output of mul; expected a leaf, or detach()");
  BOOST_TEST(error_text([&] { net.register_parameter("p", ones({2}, {.dtype = int64})); }) ==
             "requires_grad_: the tensor is int64; expected a floating type");
  BOOST_TEST(
      error_text([&] { net.block.register_module("net", net); }) ==
      "register_module: \"net\" holds Block itself; expected a module that does not contain it");
  BOOST_TEST(net.named_modules().size() == 5u);
}

BOOST_AUTO_TEST_CASE(replaces_and_unregisters) {
  Net net;
  net.replace_module("out", net.out, Scale(10));
  BOOST_TEST(at(net(ones({2}), false), 0) == 60);
  BOOST_TEST(net.named_parameters()["out.weight"].is_same(net.out.weight));
  BOOST_TEST(net(ones({2}), false).grad_fn()->path()->full == "out");
  net.unregister_module("block");
  BOOST_TEST(names(net.named_parameters()) == "shift out.weight ");
  BOOST_TEST(error_text([&] { net.unregister_module("block"); }) ==
             "unregister_module: Net has no module \"block\"; it has out");
  BOOST_TEST(error_text([&] { net.replace_module("block", Scale()); }) ==
             "replace_module: Net has no module \"block\"; it has out");
  static_assert(!std::is_copy_assignable_v<Scale> && !std::is_move_assignable_v<Net>);
}

BOOST_AUTO_TEST_CASE(a_module_does_not_hold_itself) {
  Net net;
  std::string expected = "\"first\" holds Block itself; expected a module that does not contain it";
  BOOST_TEST(error_text([&] { net.block.replace_module("first", net); }) ==
             "replace_module: " + expected);
  BOOST_TEST(error_text([&] { net.block.replace_module("first", net.block); }) ==
             "replace_module: " + expected);
  BOOST_TEST(names(net.block.named_parameters()) == "first.weight second.weight ");
}

BOOST_AUTO_TEST_CASE(path_leads_through_the_first_module_that_still_holds_the_layer) {
  Scale layer;
  auto path = [&] { return layer.path()->full; };
  Block second;
  {
    Block first;
    first.register_module("a", layer);
    first.register_module("b", layer);
    second.register_module("c", layer);
    BOOST_TEST(path() == "a");
    second.unregister_module("c");  // where it was registered later
    second.register_module("c", layer);
    BOOST_TEST(path() == "a");
    first.replace_module("a", Scale());
    BOOST_TEST(path() == "b");
  }
  BOOST_TEST(path() == "c");
  second.unregister_module("c");
  BOOST_TEST(path() == "");
  {
    Block last;
    last.register_module("d", layer);
    BOOST_TEST(path() == "d");
  }
  BOOST_TEST(path() == "");
}

BOOST_AUTO_TEST_CASE(a_layer_is_a_layer_of_itself) {
  struct Derived : Scale {
    Tensor forward(const Tensor& x) const { return x; }
  };
  BOOST_TEST(nn::detail::is_its_own_layer<Scale>());
  BOOST_TEST(nn::detail::is_its_own_layer<nn::Module>());
  BOOST_TEST(!nn::detail::is_its_own_layer<Derived>());
}

BOOST_AUTO_TEST_CASE(the_name_of_a_class_inside_a_template) {
  BOOST_TEST(Holder<int>::Inner().name() == "Inner");
  BOOST_TEST(Templated<std::vector<int>>().name() ==
             "Templated<std::vector<int, std::allocator<int> > >");
}

BOOST_AUTO_TEST_CASE(apply_sees_the_layers_with_their_class) {
  Net net;
  std::string seen;
  net.apply([&](const std::string& name, nn::Module& m) {
    if (auto* scale = m.as<Scale>()) seen += name + " " + fmt::format("{} ", at(scale->weight, 0));
  });
  BOOST_TEST(seen == "block.first 2 block.second 3 out 5 ");
  int count = 0;
  net.apply([&](nn::Module&) { ++count; });
  BOOST_TEST(count == 5);
}

BOOST_AUTO_TEST_CASE(zero_grad_undefines_or_zeroes) {
  Net net;
  net(ones({2})).sum().backward();
  BOOST_TEST(at(net.shift.grad(), 0) == 1);
  net.zero_grad(false);
  BOOST_TEST(at(net.shift.grad(), 0) == 0);
  net.zero_grad();
  BOOST_TEST(!net.shift.grad().defined());
}

BOOST_AUTO_TEST_CASE(to_changes_the_type_under_the_same_handles) {
  Net net;
  Tensor count = net.register_buffer("count", zeros({}, {.dtype = int64}));
  net(ones({2})).sum().backward();
  Tensor handle = net.out.weight;
  net.to(float64);
  BOOST_TEST(handle.dtype() == float64);
  BOOST_TEST(handle.grad().dtype() == float64);
  BOOST_TEST(handle.requires_grad());
  BOOST_TEST(net.out.seen.dtype() == float64);
  BOOST_TEST(count.dtype() == int64);
  BOOST_TEST(net(ones({2}, {.dtype = float64})).dtype() == float64);
  BOOST_TEST(error_text([&] { net.to(int64); }) ==
             "to: the type is int64; expected a floating type");
}

BOOST_AUTO_TEST_CASE(prints_a_tree_with_counts) {
  Net net;
  std::string tree =
      "Net(\n"
      "  (block): Block(\n"
      "    (first): Scale(2), 2 parameters\n"
      "    (second): Scale(2), 2 parameters\n"
      "  ), 4 parameters\n"
      "  (out): Scale(2), 2 parameters\n"
      "), 8 parameters";
  BOOST_TEST(fmt::format("{}", net) == tree);
  std::ostringstream out;
  out << net << " " << net.out;
  BOOST_TEST(out.str() == tree + " Scale(2)");
}

BOOST_AUTO_TEST_SUITE_END()
