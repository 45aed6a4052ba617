#include "autograd/ops/registry.h"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/support/op_check.h"
#include "tests/support/op_reference.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(registry_test)

BOOST_AUTO_TEST_CASE(every_op_passes_every_check) {
  for (const OpEntry& op : registry()) {
    OpResult result = check_op(op);
    BOOST_TEST(result.total() > 0);
    for (const std::string& failure : result.failures) BOOST_ERROR(failure);
  }
}

BOOST_AUTO_TEST_CASE(ops_are_found_by_function_and_by_id) {
  BOOST_TEST(find_ops("squeeze").size() == 2u);
  BOOST_TEST(find_ops("SqueezeDim").size() == 1u);
  BOOST_TEST(find_ops("SqueezeDim")[0]->signature == "squeeze(x, int64_t dim)");
  BOOST_TEST(find_ops("Sum")[0]->signature == "sum(x, IntList dims = {}, bool keepdim = false)");
  BOOST_TEST(find_ops("none of that name").empty());
  std::set<std::string> ids;
  for (const OpEntry& op : registry()) BOOST_TEST(ids.insert(op.id).second, op.id);
}

BOOST_AUTO_TEST_CASE(reference_is_up_to_date) {
  std::ifstream file(TAPER_SOURCE_DIR "/docs/ops.md");
  std::string committed{std::istreambuf_iterator<char>(file), {}};
  BOOST_TEST((committed == op_reference()),
             "docs/ops.md is not what the registry says; ./run docs writes it");
}

BOOST_AUTO_TEST_SUITE_END()
