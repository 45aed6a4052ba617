// The rows of ./run bench in Taper's public API: bench_rows [row...]
#include "bench/rows/rows.h"

#include <taper.h>

int main(int argc, char** argv) {
  std::vector<bench::Row> rows;
  for (auto part :
       {bench::training_rows, bench::sequence_rows, bench::convolution_rows, bench::op_rows})
    for (bench::Row& row : part()) rows.push_back(std::move(row));
  taper::set_num_threads(2);
  taper::manual_seed(0);
  return bench::run_rows(rows, argc, argv);
}
