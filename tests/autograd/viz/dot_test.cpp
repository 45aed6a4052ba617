#include "autograd/viz/dot.h"

#include <boost/test/unit_test.hpp>

#include "autograd/graph/engine.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/module_path.h"
#include "tests/support/error_text.h"

using namespace taper;
using taper::test::error_text;

namespace {

/// What modules offer: a list of parameters with names.
struct Parameters {
  std::vector<std::pair<std::string, Tensor>> list;
  std::vector<std::pair<std::string, Tensor>> named_parameters() const { return list; }
};

const TensorOptions with_grad{.requires_grad = true};

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

bool contains(const std::string& text, const std::string& part) { return count(text, part) > 0; }

/// y = relu(x w + b) c, in modules Net > hidden and Net > out.
struct Net {
  Tensor x = ones({2, 3}), w = ones({3, 4}, with_grad), b = ones({4}, with_grad);
  Tensor c = ones({4, 1}, with_grad);
  Parameters parameters{{{"hidden.w", w}, {"hidden.b", b}, {"out.c", c}}};
  Tensor y;

  Net() {
    const ModulePath* net = intern_module_path(nullptr, "", "Net");
    ModuleScope in_net(net);
    {
      ModuleScope in_hidden(intern_module_path(net, "hidden", "Dense"));
      y = x.mm(w) + b;
    }
    y = y.relu();
    ModuleScope in_out(intern_module_path(net, "out", "Dense"));
    y = y.mm(c);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dot)

BOOST_AUTO_TEST_CASE(whole_text) {
  Tensor a = ones({2, 3}, with_grad), b = ones({3, 4}, {.requires_grad = true});
  std::string expected = R"(digraph taper {
  graph [rankdir=TB, bgcolor="white", fontname="Helvetica,Arial,sans-serif", fontsize=11, nodesep=0.25, ranksep=0.3, pad=0.15];
  node [shape=box, fontname="Helvetica,Arial,sans-serif", fontsize=11, fontcolor="#27303f", height=0.3, margin="0.12,0.06"];
  edge [color="#7d8899", fontname="Helvetica,Arial,sans-serif", fontsize=9, fontcolor="#5b6675", arrowsize=0.6];
  n0 [label=<<b>a</b><br/><font point-size="9">[2, 3]</font>>, style="filled", fillcolor="#fdf2d6", color="#d8b25a", tooltip="a"];
  n1 [label=<<b>input</b><br/><font point-size="9">[3, 4]</font>>, style="filled", fillcolor="#e4f4e8", color="#83bb94", tooltip="input"];
  n2 [label=<<b>mm</b>>, style="rounded,filled", fillcolor="#e9effb", color="#8ea6d8", tooltip="mm\ny = a b\nda = dy b^T\ndb = a^T dy\nProduct of matrices: a [n, k], b [k, m]\nkeeps 72 bytes for backward"];
  n3 [label=<<b>permute</b><br/><font point-size="9">dims=[1, 0]</font>>, style="rounded,filled", fillcolor="#e9effb", color="#8ea6d8", tooltip="permute\ny[i_dims] = x[i]\ndx = permute(dy, inverse of dims)\nDimensions in another order; a view"];
  n4 [label=<<b>output</b><br/><font point-size="9">[4, 2]</font>>, style="filled", fillcolor="#fbe3e1", color="#d98c86", tooltip="output"];
  n0 -> n2;
  n1 -> n2;
  n2 -> n3 [label=" [2, 4] ", weight=4];
  n3 -> n4;
}
)";
  BOOST_TEST(viz::to_dot(a.mm(b).t(), {.names = {{"a", a}}}) == expected);
}

BOOST_AUTO_TEST_CASE(the_same_graph_gives_the_same_text) {
  BOOST_TEST(viz::to_dot(Net().y) == viz::to_dot(Net().y));
}

BOOST_AUTO_TEST_CASE(parameters_have_their_names) {
  Net net;
  std::string dot = viz::to_dot(net.y, {.names = net.parameters});
  BOOST_TEST(contains(dot, "<b>hidden.w</b><br/><font point-size=\"9\">[3, 4]</font>"));
  BOOST_TEST(contains(dot, "<b>hidden.b</b>"));
  BOOST_TEST(contains(dot, "<b>out.c</b>"));
  BOOST_TEST(count(dot, "<b>input</b>") == 1u);  // x, which mm keeps for w's gradient
  BOOST_TEST(count(viz::to_dot(net.y), "<b>input</b>") == 4u);
}

BOOST_AUTO_TEST_CASE(modules_are_nested_boxes) {
  Net net;
  std::string dot = viz::to_dot(net.y, {.names = net.parameters});
  size_t outer = dot.find("label=\"Net\""), hidden = dot.find("label=\"hidden: Dense\""),
         w = dot.find("<b>hidden.w</b>"), out = dot.find("label=\"out: Dense\"");
  BOOST_TEST(outer < hidden);
  BOOST_TEST(hidden < w);
  BOOST_TEST(w < out);
  BOOST_TEST(count(dot, "subgraph cluster_") == 3u);
}

BOOST_AUTO_TEST_CASE(names_inside_modules_are_relative) {
  const ModulePath* a = intern_module_path(nullptr, "a", "A");
  const ModulePath* b = intern_module_path(a, "a.b", "B");
  ModuleScope scope(intern_module_path(b, "a.b.c", "C"));
  std::string dot = viz::to_dot(ones({1}, with_grad).exp());
  BOOST_TEST(contains(dot, "label=\"a: A\""));
  BOOST_TEST(contains(dot, "label=\"b: B\""));
  BOOST_TEST(contains(dot, "label=\"c: C\""));
}

BOOST_AUTO_TEST_CASE(folded_modules) {
  Net net;
  std::string dot = viz::to_dot(net.y, {.names = net.parameters, .modules = true});
  BOOST_TEST(
      contains(dot, "<b>hidden: Dense</b><br/><font point-size=\"9\">2 ops, 16 parameters</font>"));
  BOOST_TEST(
      contains(dot, "<b>out: Dense</b><br/><font point-size=\"9\">1 op, 4 parameters</font>"));
  BOOST_TEST(contains(dot, "<b>relu</b>"));
  BOOST_TEST(!contains(dot, "<b>mm</b>"));
  BOOST_TEST(!contains(dot, "<b>hidden.w</b>"));
  BOOST_TEST(count(dot, "subgraph cluster_") == 1u);
  BOOST_TEST(count(dot, " -> ") == 4u);  // x, hidden, relu, out, output
}

BOOST_AUTO_TEST_CASE(backward_shows_rules_and_goes_the_other_way) {
  Tensor a = ones({2, 3}, with_grad), b = ones({3, 4});
  std::string dot = viz::to_dot(a.mm(b).relu(), {.names = {{"a", a}}, .backward = true});
  BOOST_TEST(contains(dot, "<b>gradient of output</b>"));
  BOOST_TEST(
      contains(dot, "<b>relu</b><br/><font point-size=\"9\">dx = where(y &lt;= 0, 0, dy)</font>"));
  BOOST_TEST(
      contains(dot, "<b>mm</b><br/><font point-size=\"9\">da = dy b^T</font>"));  // b wants none
  BOOST_TEST(contains(dot, "<b>a.grad</b>"));
  BOOST_TEST(contains(dot, "n3 -> n2;"));
  BOOST_TEST(contains(dot, "n2 -> n1 [label=\" [2, 4] \", weight=4];"));
  BOOST_TEST(contains(dot, "n1 -> n0;"));
}

BOOST_AUTO_TEST_CASE(numbers_are_notes) {
  std::string dot = viz::to_dot(ones({2}, with_grad) * 0.125);
  BOOST_TEST(contains(dot, "<b>mul</b><br/><font point-size=\"9\">input 1: 0.125</font>"));
}

BOOST_AUTO_TEST_CASE(types_other_than_float32_are_written) {
  Tensor x = ones({2}, {.dtype = float64, .requires_grad = true});
  std::string dot = viz::to_dot(x.exp().sum());
  BOOST_TEST(contains(dot, "[2] float64"));
  BOOST_TEST(contains(dot, "scalar float64"));
}

BOOST_AUTO_TEST_CASE(a_tensor_used_twice_is_one_box_with_two_arrows) {
  Tensor x = ones({2}, with_grad);
  std::string dot = viz::to_dot(x * x);
  BOOST_TEST(count(dot, "<b>input</b>") == 1u);
  BOOST_TEST(count(dot, "n0 -> n1;") == 2u);
}

BOOST_AUTO_TEST_CASE(several_outputs) {
  Tensor x = ones({2}, with_grad), y = x.exp();
  std::string dot = viz::to_dot({y, y.sum()});
  BOOST_TEST(count(dot, "<b>exp</b>") == 1u);
  BOOST_TEST(contains(dot, "<b>output 0</b>"));
  BOOST_TEST(contains(dot, "<b>output 1</b>"));
}

BOOST_AUTO_TEST_CASE(without_history_the_tensor_is_all) {
  Tensor x = ones({2});
  BOOST_TEST(count(viz::to_dot(x), "<b>input</b>") == 1u);
  BOOST_TEST(count(viz::to_dot(x, {.names = {{"x", x}}}), "<b>x</b>") == 1u);
  BOOST_TEST(count(viz::to_dot(x), " -> ") == 0u);
}

BOOST_AUTO_TEST_CASE(after_backward_freed_values_are_left_out) {
  Net net;
  net.y.sum().backward();
  std::string dot = viz::to_dot(net.y, {.names = net.parameters});
  BOOST_TEST(!contains(dot, "<b>input</b>"));
  BOOST_TEST(!contains(dot, "for backward"));
}

BOOST_AUTO_TEST_CASE(names_are_escaped) {
  Tensor x = ones({2}, with_grad);
  ModuleScope scope(intern_module_path(nullptr, "a\"b\\c", "T<int>\n"));
  std::string dot = viz::to_dot(x.exp(), {.names = {{"<a & \"b\">\\n\n", x}}, .title = "x\ny \\N"});
  BOOST_TEST(contains(dot, "<b>&lt;a &amp; &quot;b&quot;&gt;\\n </b>"));
  BOOST_TEST(contains(dot, "tooltip=\"<a &amp; \\\"b\\\">\\\\n\\n\""));
  BOOST_TEST(contains(dot, "label=\"a\\\"b\\\\c: T<int>\\n\""));
  BOOST_TEST(contains(dot, "label=\"x\\ny \\\\N\""));
}

BOOST_AUTO_TEST_CASE(left_to_right) {
  BOOST_TEST(contains(viz::to_dot(ones({1}), {.left_to_right = true}), "rankdir=LR"));
}

BOOST_AUTO_TEST_CASE(a_deep_graph_needs_no_deep_stack) {
  Tensor x = ones({}, with_grad), y = x;
  for (int i = 0; i < 100'000; ++i) y = y.neg();
  BOOST_TEST(count(viz::to_dot(y), " -> ") == 100'001u);
}

BOOST_AUTO_TEST_CASE(second_order_graphs) {
  Tensor x = ones({2}, with_grad);
  Tensor dx = grad({x.exp()}, {x}, {ones({2})}, {.create_graph = true})[0];
  std::string dot = viz::to_dot(dx, {.names = {{"x", x}}});
  BOOST_TEST(contains(dot, "<b>mul</b>"));
  BOOST_TEST(contains(dot, "<b>exp</b>"));
  BOOST_TEST(count(dot, "<b>x</b>") == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_to_draw) {
  BOOST_TEST(error_text([] { viz::to_dot(tensor_list{}); }) ==
             "to_dot: no outputs; expected at least one");
  BOOST_TEST(error_text([] {
               viz::to_dot({ones({1}), Tensor()});
             }) == "to_dot: output 1 is undefined; expected a tensor");
}

BOOST_AUTO_TEST_SUITE_END()
