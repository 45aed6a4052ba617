// ./run gradcheck [op...]: every check of the registry, as a table.

#include <fmt/format.h>

#include <cstdio>
#include <cstring>

#include "tests/support/op_check.h"
#include "tests/support/op_reference.h"

using namespace taper;
using namespace taper::test;

static std::string tolerance_text(const OpResult& r) {
  return r.tolerance > 0 ? fmt::format("{:.0e}: {}", r.tolerance, r.tolerance_reason) : "";
}

static void print_header(size_t name_width) {
  fmt::print("{:<{}}", "op", name_width);
  for (const char* name : check_names) fmt::print(" {:>8}", name);
  fmt::print(" {:>11}  tolerance, where wider\n", "worst error");
}

static void print_row(const OpResult& r, size_t name_width) {
  fmt::print("{:<{}}", r.op->id, name_width);
  for (int n : r.checks) fmt::print(" {:>8}", n > 0 ? std::to_string(n) : "-");
  std::string worst = r.worst_error > 0 ? fmt::format("{:.1e}", r.worst_error) : "-";
  fmt::print(" {:>11}  {}\n", worst, tolerance_text(r));
  for (const std::string& failure : r.failures) fmt::print("  failed: {}\n", failure);
  std::fflush(stdout);
}

/// The ops named on the command line, all of them without names.
static std::vector<const OpEntry*> chosen(int argc, char** argv) {
  std::vector<const OpEntry*> out;
  if (argc == 1)
    for (const OpEntry& op : registry()) out.push_back(&op);
  for (int i = 1; i < argc; ++i) {
    auto found = find_ops(argv[i]);
    if (found.empty()) {
      fmt::print(stderr, "gradcheck: there is no op {}; docs/ops.md lists them\n", argv[i]);
      std::exit(2);
    }
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--reference") == 0) {
    fmt::print("{}", op_reference());
    return 0;
  }
  std::vector<const OpEntry*> ops = chosen(argc, argv);
  size_t name_width = 4;
  for (const OpEntry* op : ops) name_width = std::max(name_width, std::strlen(op->id) + 1);
  print_header(name_width);
  int checks = 0;
  size_t failed = 0;
  for (const OpEntry* op : ops) {
    OpResult r = check_op(*op);
    print_row(r, name_width);
    checks += r.total();
    failed += r.failures.size();
  }
  fmt::print("{} ops, {} checks, {} failed\n", ops.size(), checks, failed);
  return failed == 0 ? 0 : 1;
}
