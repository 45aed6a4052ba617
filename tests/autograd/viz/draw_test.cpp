#include "autograd/viz/draw.h"
#include "autograd/viz/rendered.h"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/module_path.h"
#include "tests/support/error_text.h"
#include "tests/support/files.h"

using namespace taper;
using namespace taper::test;

namespace {

const TensorOptions with_grad{.requires_grad = true};

Tensor small_graph() { return (ones({2, 3}, with_grad) * 2).sum(); }

/// A chain of ops, `each` of them in every one of `modules` modules.
Tensor long_graph(int modules, int each) {
  const ModulePath* net = intern_module_path(nullptr, "", "Net");
  Tensor y = ones({}, with_grad);
  for (int m = 0; m < modules; ++m) {
    ModuleScope scope(intern_module_path(net, fmt::format("m{}", m), "Block"));
    for (int i = 0; i < each; ++i) y = y.neg();
  }
  return y;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(draw)

BOOST_AUTO_TEST_CASE(the_ending_says_what_is_drawn) {
  TemporaryFolder folder;
  Tensor y = small_graph();
  for (const char* name : {"a.dot", "a.svg", "a.png", "a.pdf"}) viz::draw(y, folder / name);
  BOOST_TEST(names_in(folder.path()) == "a.dot a.pdf a.png a.svg");
  BOOST_TEST(read_file(folder / "a.dot") == viz::to_dot(y));
  BOOST_TEST(read_file(folder / "a.svg").starts_with("<?xml"));
  BOOST_TEST(read_file(folder / "a.png").starts_with("\x89PNG\r\n"));
  BOOST_TEST(read_file(folder / "a.pdf").starts_with("%PDF-"));
}

BOOST_AUTO_TEST_CASE(an_svg_shows_names_shapes_and_tooltips) {
  TemporaryFolder folder;
  Tensor x = ones({2, 3}, with_grad);
  viz::draw((x * 2).sum(), folder / "a.svg", {.names = {{"<x> & \"y\"", x}}, .title = "A title"});
  std::string svg = read_file(folder / "a.svg");
  for (const char* part : {">&lt;x&gt; &amp; &quot;y&quot;</text>", ">[2, 3]</text>", ">mul</text>",
                           ">A title</text>", "Product of each pair of elements"})
    BOOST_TEST((svg.find(part) != std::string::npos), part);
}

BOOST_AUTO_TEST_CASE(other_endings_are_refused) {
  auto text = [](const char* path) { return error_text([&] { viz::draw(small_graph(), path); }); };
  BOOST_TEST(text("graph.gif") ==
             "draw: \"graph.gif\" ends in \".gif\"; expected .dot, .svg, .png or .pdf");
  BOOST_TEST(text("a.svg/graph") ==
             "draw: \"a.svg/graph\" ends in nothing; expected .dot, .svg, .png or .pdf");
  BOOST_TEST(text("") == "draw: \"\" ends in nothing; expected .dot, .svg, .png or .pdf");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_written) {
  TemporaryFolder folder;
  std::string missing = folder / "none/a.svg", taken = folder / "b.svg";
  BOOST_TEST(error_text([&] { viz::draw(small_graph(), missing); }) ==
             "draw: cannot write \"" + missing + "\": No such file or directory");
  std::filesystem::create_directory(taken);
  BOOST_TEST(error_text([&] { viz::draw(small_graph(), taken); }) ==
             "draw: cannot write \"" + taken + "\": Is a directory");
}

BOOST_AUTO_TEST_CASE(a_full_disk) {
  TemporaryFolder folder;
  std::string full = folder / "full.svg";
  std::filesystem::create_symlink("/dev/full", full);
  BOOST_TEST(error_text([&] { viz::draw(small_graph(), full); }) ==
             "draw: cannot write \"" + full + "\": No space left on device");
}

BOOST_AUTO_TEST_CASE(what_stood_there_stays_until_the_picture_is_complete) {
  TemporaryFolder folder;
  write_file(folder / "a.svg", "before");
  Tensor y = ones({}, with_grad);
  for (int i = 0; i < 2000; ++i) y = y.neg();
  BOOST_CHECK_THROW(viz::draw(y, folder / "a.svg"), Error);
  BOOST_TEST(read_file(folder / "a.svg") == "before");
  viz::draw(small_graph(), folder / "a.svg");
  BOOST_TEST(read_file(folder / "a.svg") != "before");
  BOOST_TEST(names_in(folder.path()) == "a.svg");
}

BOOST_AUTO_TEST_CASE(large_graphs_are_drawn_module_by_module) {
  TemporaryFolder folder;
  viz::draw(long_graph(4, 500), folder / "a.svg");
  std::string svg = read_file(folder / "a.svg");
  for (const char* part : {">m0: Block</text>", ">m3: Block</text>", ">500 ops</text>",
                           ">2002 boxes, drawn module by module</text>"})
    BOOST_TEST((svg.find(part) != std::string::npos), part);
  BOOST_TEST((svg.find(">neg</text>") == std::string::npos));
}

BOOST_AUTO_TEST_CASE(holders_are_folded_where_their_modules_are_too_many) {
  TemporaryFolder folder;
  viz::draw(long_graph(1200, 1), folder / "a.svg");
  std::string svg = read_file(folder / "a.svg");
  BOOST_TEST((svg.find(">Net</text>") != std::string::npos));
  BOOST_TEST((svg.find(">1200 ops</text>") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(graphs_that_are_too_large) {
  TemporaryFolder folder;
  Tensor y = ones({}, with_grad), z = long_graph(1, 3);
  for (int i = 0; i < 2000; ++i) {
    y = y.neg();
    z = z.neg();
  }
  BOOST_TEST(error_text([&] { viz::draw(y, folder / "a.png"); }) ==
             "draw: the graph has 2002 boxes and 0 places that its arrows pass; expected 1000 "
             "together, or a path that ends in .dot");
  BOOST_TEST(error_text([&] { viz::draw(z, folder / "a.png"); }) ==
             "draw: the graph has 2005 boxes and 0 places that its arrows pass, too many even "
             "module by module; expected 1000 together, or a path that ends in .dot");
  viz::draw(y, folder / "a.dot");
  BOOST_TEST(names_in(folder.path()) == "a.dot");
}

// Graphviz' work grows with the ranks that arrows pass: here 60 arrows, over 60 ranks each.
BOOST_AUTO_TEST_CASE(long_arrows_count) {
  TemporaryFolder folder;
  tensor_list all{ones({2}, with_grad)};
  for (int i = 0; i < 60; ++i) all.push_back(all.back().neg());
  Tensor y = all[60];
  for (const Tensor& t : all) y = y + t;
  BOOST_TEST(error_text([&] {
               viz::draw(y, folder / "a.svg");
             }).starts_with("draw: the graph has 123 boxes and "));
}

BOOST_AUTO_TEST_CASE(an_unrolled_recurrence) {
  TemporaryFolder folder;
  Tensor w = ones({2, 2}, with_grad), h = ones({2, 2});
  for (int i = 0; i < 50; ++i) h = tanh(h.mm(w));
  viz::draw(h, folder / "a.svg", {.names = {{"w", w}}});
  std::string svg = read_file(folder / "a.svg");
  size_t boxes = 0;
  for (size_t at = 0; (at = svg.find(">w</text>", at)) != svg.npos; ++at) ++boxes;
  BOOST_TEST(boxes == 50u);  // beside each step
  for (int i = 0; i < 500; ++i) h = tanh(h.mm(w));
  BOOST_CHECK_THROW(viz::draw(h, folder / "a.svg"), Error);
}

BOOST_AUTO_TEST_CASE(any_name_can_be_drawn) {
  TemporaryFolder folder;
  Tensor a = ones({2}, with_grad), b = ones({2}, with_grad), c = ones({2}, with_grad);
  viz::Options options{.names = {{"", a}, {"a\xff\xe0\x80\x80z", b}, {"\xc3\xa4 &amp; \\n\t", c}},
                       .title = "\x80 & <b>"};
  viz::draw(a * b * c, folder / "a.svg", options);
  std::string svg = read_file(folder / "a.svg");
  for (const char* part :
       {">a????z</text>", ">? &amp; &lt;b&gt;</text>", ">\xc3\xa4 &amp;amp; \\n </text>"})
    BOOST_TEST((svg.find(part) != std::string::npos), part);
}

BOOST_AUTO_TEST_CASE(what_graphviz_cannot_do) {
  BOOST_TEST(error_text([] {
               viz::rendered("graph {", "svg");
             }).starts_with("draw: Graphviz cannot lay out the graph: syntax error in line "));
  BOOST_TEST(error_text([] { viz::rendered("graph { a [label=<<b></b>>] }", "svg"); }) ==
             "draw: Graphviz cannot lay out the graph: syntax error in line 1; ... <b></b> ...; in "
             "label of node a");
  BOOST_TEST(error_text([] { viz::rendered("graph { a }", "nothing"); }) ==
             "draw: Graphviz cannot write nothing: renderer for nothing is unavailable");
  BOOST_TEST(error_text([] { viz::rendered("graph { a }", "svg"); }) == "no error");
}

BOOST_AUTO_TEST_CASE(nothing_to_draw) {
  BOOST_TEST(error_text([] { viz::draw(Tensor(), "a.dot"); }) ==
             "draw: output 0 is undefined; expected a tensor");
}

BOOST_AUTO_TEST_SUITE_END()
