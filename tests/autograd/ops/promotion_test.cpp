#include <boost/test/unit_test.hpp>

#include "autograd/tensor/error.h"
#include "tests/support/golden_calls.h"

using namespace taper;
using namespace taper::test;
using golden::Promotion;

namespace {

using Two = std::function<Tensor(const Operand& a, const Operand& b)>;
using One = std::function<Tensor(const Tensor& t)>;

bool is_number(const std::string& kind) {
  return kind == "bool" || kind == "int" || kind == "float";
}

Scalar number_of(const std::string& kind) {
  if (kind == "float") return 2.5;
  if (kind == "int") return 3;
  return true;
}

/// As operand() in promotion.py.
Operand operand(const std::string& kind, const std::vector<int64_t>& values) {
  if (is_number(kind)) return number_of(kind);
  if (!kind.ends_with("()")) return tensor(values).to(to_dtype(kind));
  Dtype d = to_dtype(kind.substr(0, kind.size() - 2));
  const char* same = is_floating_point(d) ? "float" : d == boolean ? "bool" : "int";
  return full({}, number_of(same), {.dtype = d});
}

#define TWO(f)                                       \
  all[#f] = [](const Operand& a, const Operand& b) { \
    if (a.number) return f(*a.number, b.tensor);     \
    if (b.number) return f(a.tensor, *b.number);     \
    return f(a.tensor, b.tensor);                    \
  }
#define TWO_IN_PLACE(f)                                             \
  all[#f] = [](const Operand& a, const Operand& b) {                \
    return b.number ? a.tensor.f(*b.number) : a.tensor.f(b.tensor); \
  }

std::map<std::string, Two> ops_of_two() {
  std::map<std::string, Two> all;
  TWO(add);
  TWO(sub);
  TWO(mul);
  TWO(div);
  TWO(pow);
  TWO(maximum);
  TWO(minimum);
  TWO(eq);
  TWO(lt);
  TWO_IN_PLACE(add_);
  TWO_IN_PLACE(sub_);
  TWO_IN_PLACE(mul_);
  TWO_IN_PLACE(div_);
  TWO_IN_PLACE(pow_);
  all["dot"] = [](const Operand& a, const Operand& b) { return dot(a.tensor, b.tensor); };
  all["cat"] = [](const Operand& a, const Operand& b) { return cat({a.tensor, b.tensor}); };
  all["where"] = [](const Operand& a, const Operand& b) {
    return where(tensor({true, false, false, true}), a, b);
  };
  return all;
}

#define ONE_OF(name, ...) all[name] = [](const Tensor& t) -> Tensor { return __VA_ARGS__; }
#define ONE(f) ONE_OF(#f, f(t))
#define TO(dtype) ONE_OF("to_" #dtype, (t * 1.75).to(dtype))

void add_unary(std::map<std::string, One>& all) {
  ONE(neg);
  ONE(abs);
  ONE(sign);
  ONE(square);
  ONE(exp);
  ONE(log);
  ONE(sqrt);
  ONE(sigmoid);
  ONE(tanh);
  ONE(relu);
  ONE_OF("clamp", t.clamp(1, 2));
  ONE_OF("clamp_fraction", t.clamp(0.5, 2.5));
  ONE_OF("exp_", t.exp_());
  ONE_OF("neg_", t.neg_());
  ONE_OF("clamp_", t.clamp_(0.5, 2.5));
  TO(boolean);
  TO(uint8);
  TO(int32);
  TO(int64);
  TO(float32);
  TO(float64);
}

void add_reductions(std::map<std::string, One>& all) {
  ONE(sum);
  ONE(mean);
  ONE(var);
  ONE(max);
  ONE(min);
  ONE(amax);
  ONE(argmax);
  ONE(argmin);
  ONE_OF("cumsum", t.cumsum(0));
  ONE_OF("logsumexp", t.logsumexp(0));
  ONE_OF("softmax", t.softmax(0));
  ONE_OF("log_softmax", t.log_softmax(0));
}

void add_others(std::map<std::string, One>& all) {
  static const auto first = [] { return tensor({true, false, false, false}); };
  ONE_OF("triu", t.reshape({2, 2}).triu());
  ONE_OF("flip", t.flip(0));
  ONE_OF("masked_fill", t.masked_fill(first(), 7));
  ONE_OF("masked_fill_fraction", t.masked_fill(first(), 0.5));
  ONE_OF("mm", t.reshape({2, 2}).mm(t.reshape({2, 2})));
  ONE_OF("pad", t.pad({1, 1}, 2));
  ONE_OF("max_pool2d", max_pool2d(t.reshape({1, 1, 2, 2}), 2));
}

std::map<std::string, One> ops_of_one() {
  std::map<std::string, One> all;
  add_unary(all);
  add_reductions(all);
  add_others(all);
  return all;
}

/// What Taper does and PyTorch does not.
bool is_extension(const Promotion& p) { return p.op.starts_with("arg") && p.left == "boolean"; }

/// What PyTorch does and Taper refuses: a boolean tensor to the power of the number true, a copy
/// there.
bool is_refused(const Promotion& p) {
  return p.op == "pow" && p.left == "boolean" && p.right == "bool";
}

/// What is wrong with what f gives; empty if nothing is.
template <class F>
std::string difference_from(const Promotion& p, F f) {
  try {
    Tensor y = f();
    if (!p.y.defined) return is_extension(p) ? "" : "a result instead of an error";
    return test::difference(p.y, y, 1e-6);
  } catch (const Error& e) {
    return p.y.defined && !is_refused(p) ? e.what() : "";
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(promotion_against_pytorch)

BOOST_AUTO_TEST_CASE(two_operands) {
  const auto ops = ops_of_two();
  for (const Promotion& p : golden::promotions("two"))
    BOOST_TEST_CONTEXT(p.op << " of " << p.left << " and " << p.right)
  BOOST_TEST(difference_from(p, [&] {
               return ops.at(p.op)(operand(p.left, {1, 0, 3, 2}), operand(p.right, {2, 1, 1, 3}));
             }) == "");
}

BOOST_AUTO_TEST_CASE(one_operand) {
  const auto ops = ops_of_one();
  for (const Promotion& p : golden::promotions("one")) BOOST_TEST_CONTEXT(p.op << " of " << p.left)
  BOOST_TEST(difference_from(p, [&] {
               return ops.at(p.op)(operand(p.left, {1, 0, 3, 2}).tensor);
             }) == "");
}

BOOST_AUTO_TEST_SUITE_END()
