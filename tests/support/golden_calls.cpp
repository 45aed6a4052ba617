// The calls that golden_test.cpp makes: a line for each op of ops.json.

#include "tests/support/golden_calls.h"

namespace taper::test {

using golden::Case;
using golden::json;
using Ints = std::vector<int64_t>;

Dtype to_dtype(const std::string& name) {
  for (int d = 0; d < dtype_count; ++d)
    if (name == dtype_table[d].name) return Dtype(d);
  throw std::runtime_error("no dtype " + name);
}

Tensor to_tensor(const golden::Array& a) {
  if (!a.defined) return {};
  Tensor t = empty(a.shape, {.dtype = to_dtype(a.dtype)});
  dispatch(t.dtype(), [&](auto v) {
    using T = decltype(v);
    for (size_t i = 0; i < a.data.size(); ++i) t.data_ptr<T>()[i] = T(a.data[i]);
  });
  return t;
}

std::string difference(const golden::Array& expected, const Tensor& t, double tolerance) {
  if (!t.defined()) return expected.defined ? "undefined" : "";
  Tensor packed = t.detach().contiguous();
  std::vector<double> data;
  dispatch(t.dtype(), [&](auto v) {
    using T = decltype(v);
    const T* p = packed.data_ptr<T>();
    data.assign(p, p + packed.numel());
  });
  return golden::difference(expected, info(t.dtype()).name, t.sizes().vec(), data, tolerance);
}

Scalar number(const Case& c, const char* name) {
  const json& j = c.args.at(name);
  if (j.is_number_integer()) return j.get<int64_t>();
  return golden::to_number(j);
}

Int2 int2(const Case& c, const char* name, Int2 otherwise) {
  if (!c.has(name)) return otherwise;
  const json& j = c.args.at(name);
  return j.is_array() ? Int2(j[0].get<int64_t>(), j[1].get<int64_t>()) : Int2(j.get<int64_t>());
}

namespace {

int64_t integer(const Case& c, const char* name) { return c.arg<int64_t>(name); }
Ints ints(const Case& c, const char* name) { return c.arg<Ints>(name, {}); }
bool keepdim(const Case& c) { return c.arg("keepdim", false); }
Operand operand(const Case& c, const char* name) {
  return c.has(name) ? Operand(number(c, name)) : Operand();
}
TensorOptions dtype(const Case& c) { return {.dtype = to_dtype(c.arg<std::string>("dtype"))}; }

tensor_list list(TensorPair pair) { return {std::get<0>(pair), std::get<1>(pair)}; }

/// "index" of a case; the tensors among them are the inputs from `next` on.
std::vector<TensorIndex> indices(const Case& c, const tensor_list& x, size_t next) {
  std::vector<TensorIndex> out;
  auto bound = [](const json& j) {
    return j.is_null() ? Slice::Bound() : Slice::Bound(j.get<int64_t>());
  };
  for (const json& j : c.args.at("index")) {
    if (j == "input")
      out.push_back(x[next++]);
    else if (j == "none")
      out.push_back(None);
    else if (j == "ellipsis")
      out.push_back("...");
    else if (j.contains("int"))
      out.push_back(j["int"].get<int64_t>());
    else
      out.push_back(Slice(bound(j["slice"][0]), bound(j["slice"][1]), bound(j["slice"][2])));
  }
  return out;
}

using X = const tensor_list&;
using C = const Case&;

using Calls = std::map<std::string, GoldenCall>;

#define CALL(f, ...) calls[#f] = [](C c, X x) { return (void)c, (void)x, tensor_list{__VA_ARGS__}; }
#define CALL_UNARY(f) CALL(f, f(x[0]))
#define CALL_BINARY(f)                                                   \
  calls[#f] = [](C c, X x) {                                             \
    if (c.has("other")) return tensor_list{f(x[0], number(c, "other"))}; \
    if (c.has("self")) return tensor_list{f(number(c, "self"), x[0])};   \
    return tensor_list{f(x[0], c.has("both") ? x[0] : x[1])};            \
  }
#define CALL_REDUCTION(f) CALL(f, f(x[0], ints(c, "dims"), keepdim(c)))
#define CALL_EXTREMUM(f)                                                   \
  calls[#f] = [](C c, X x) {                                               \
    if (c.has("dim")) return list(f(x[0], integer(c, "dim"), keepdim(c))); \
    return tensor_list{f(x[0])};                                           \
  }
#define CALL_PLACE(f) CALL(f, c.has("dim") ? f(x[0], integer(c, "dim"), keepdim(c)) : f(x[0]))

Tensor golden_where(C c, X x) {
  if (c.has("other")) return where(x[0], x[1], number(c, "other"));
  if (c.has("self")) return where(x[0], number(c, "self"), x[1]);
  return where(x[0], x[1], x[2]);
}

Tensor golden_clamp(C c, X x) {
  if (x.size() == 1) return x[0].clamp(operand(c, "min"), operand(c, "max"));
  return x[0].clamp(x[1], x[2]);
}

Tensor golden_masked_fill(C c, X x) {
  return x[0].masked_fill(x[1], c.has("value") ? Operand(number(c, "value")) : Operand(x[2]));
}

tensor_list golden_split(C c, X x) {
  if (c.args["split_size"].is_array()) return x[0].split(ints(c, "split_size"), integer(c, "dim"));
  return x[0].split(integer(c, "split_size"), integer(c, "dim"));
}

Tensor golden_mm(C c, X x) { return c.has("transposed") ? mm(x[0].t(), x[1].t()) : mm(x[0], x[1]); }

Tensor golden_index_put(C c, X x) {
  Tensor y = x[0].clone();
  y.index_put_(indices(c, x, 2), x[1], c.arg<bool>("accumulate"));
  return y;
}

Tensor golden_reshape(C c, X x) {
  return (c.has("transposed") ? x[0].t() : x[0]).reshape(ints(c, "size"));
}

void add_unary(Calls& calls) {
  CALL_UNARY(neg);
  CALL_UNARY(abs);
  CALL_UNARY(sign);
  CALL_UNARY(square);
  CALL_UNARY(exp);
  CALL_UNARY(log);
  CALL_UNARY(sqrt);
  CALL_UNARY(sigmoid);
  CALL_UNARY(tanh);
  CALL_UNARY(relu);
  CALL_UNARY(t);
}

void add_binary(Calls& calls) {
  CALL_BINARY(add);
  CALL_BINARY(sub);
  CALL_BINARY(mul);
  CALL_BINARY(div);
  CALL_BINARY(pow);
  CALL_BINARY(maximum);
  CALL_BINARY(minimum);
  CALL_BINARY(eq);
  CALL_BINARY(ne);
  CALL_BINARY(lt);
  CALL_BINARY(le);
  CALL_BINARY(gt);
  CALL_BINARY(ge);
  CALL(where, golden_where(c, x));
  CALL(clamp, golden_clamp(c, x));
  CALL(masked_fill, golden_masked_fill(c, x));
}

void add_products(Calls& calls) {
  CALL(mm, golden_mm(c, x));
  CALL(bmm, bmm(x[0], x[1]));
  CALL(matmul, matmul(x[0], x[1]));
  CALL(dot, dot(x[0], x[1]));
}

void add_reductions(Calls& calls) {
  CALL_REDUCTION(sum);
  CALL_REDUCTION(mean);
  CALL_REDUCTION(amax);
  CALL_REDUCTION(amin);
  CALL_REDUCTION(logsumexp);
  CALL_EXTREMUM(max);
  CALL_EXTREMUM(min);
  CALL_PLACE(argmax);
  CALL_PLACE(argmin);
  CALL(var, var(x[0], ints(c, "dims"), c.arg("correction", 1), keepdim(c)));
  CALL(cumsum, x[0].cumsum(integer(c, "dim")));
}

void add_parts_and_borders(Calls& calls) {
  CALL(cat, cat(x, integer(c, "dim")));
  CALL(stack, stack(x, integer(c, "dim")));
  calls["split"] = golden_split;
  calls["chunk"] = [](C c, X x) { return x[0].chunk(integer(c, "chunks"), integer(c, "dim")); };
  CALL(pad, x[0].pad(ints(c, "pad"), number(c, "value")));
  CALL(add_pad, x[0].add_pad(int2(c, "size"), number(c, "value")));
  CALL(unpad, x[0].unpad(int2(c, "size")));
  CALL(dilate, x[0].dilate(int2(c, "dilation")));
  CALL(flip, x[0].flip(ints(c, "dims")));
  CALL(triu, x[0].triu(integer(c, "diagonal")));
  CALL(tril, x[0].tril(integer(c, "diagonal")));
}

void add_indexing(Calls& calls) {
  CALL(gather, x[0].gather(integer(c, "dim"), x[1]));
  CALL(scatter_add, x[0].scatter_add(integer(c, "dim"), x[1], x[2]));
  CALL(index_select, x[0].index_select(integer(c, "dim"), x[1]));
  CALL(index, x[0].index(indices(c, x, 1)));
  CALL(index_put, golden_index_put(c, x));
  CALL(narrow, x[0].narrow(integer(c, "dim"), integer(c, "start"), integer(c, "length")));
  CALL(select, x[0].select(integer(c, "dim"), integer(c, "index")));
  CALL(slice,
       x[0].slice(integer(c, "dim"), integer(c, "start"), integer(c, "end"), integer(c, "step")));
}

void add_shapes(Calls& calls) {
  CALL(view, x[0].view(ints(c, "size")));
  CALL(reshape, golden_reshape(c, x));
  CALL(flatten, x[0].flatten(integer(c, "start_dim"), integer(c, "end_dim")));
  CALL(expand, x[0].expand(ints(c, "size")));
  CALL(squeeze, c.has("dim") ? x[0].squeeze(integer(c, "dim")) : x[0].squeeze());
  CALL(unsqueeze, x[0].unsqueeze(integer(c, "dim")));
  CALL(permute, x[0].permute(ints(c, "dims")));
  CALL(transpose, x[0].transpose(integer(c, "dim0"), integer(c, "dim1")));
  CALL(unfold, x[0].unfold(integer(c, "dim"), integer(c, "size"), integer(c, "step")));
  CALL(diagonal, x[0].diagonal(integer(c, "offset"), integer(c, "dim1"), integer(c, "dim2")));
  CALL(as_strided,
       x[0].as_strided(ints(c, "size"), ints(c, "stride"), integer(c, "storage_offset")));
}

void add_factories(Calls& calls) {
  CALL(arange, arange(number(c, "start"), number(c, "end"), number(c, "step"), dtype(c)));
  CALL(linspace, linspace(number(c, "start"), number(c, "end"), integer(c, "steps"), dtype(c)));
  CALL(eye, eye(integer(c, "n"), integer(c, "m"), dtype(c)));
  CALL(one_hot, one_hot(x[0], integer(c, "num_classes")));
}

}  // namespace

const std::map<std::string, GoldenCall>& golden_calls() {
  static const Calls all = [] {
    Calls calls = golden_network_calls();
    calls.merge(golden_layer_calls());
    for (auto add : {add_unary, add_binary, add_products, add_reductions, add_parts_and_borders,
                     add_indexing, add_shapes, add_factories})
      add(calls);
    return calls;
  }();
  return all;
}

}  // namespace taper::test
