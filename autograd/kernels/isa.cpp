#include "autograd/kernels/isa.h"

#include <dnnl.h>
#include <fmt/format.h>
#include <hwy/targets.h>

#include <cstdio>
#include <cstdlib>

#include "autograd/tensor/error.h"

namespace taper::kernels {

Isa isa_named(std::string_view name) {
  if (name == "sse4") return Isa::sse4;
  if (name == "avx2") return Isa::avx2;
  if (name == "avx512") return Isa::avx512;
  fail("TAPER_ISA", "\"{}\"; expected sse4, avx2 or avx512", name);
}

#if HWY_ARCH_X86

/// Highway's target of a set; its wider ones are the lower bits.
static int64_t highway_target(Isa set) {
  return set == Isa::sse4 ? HWY_SSE4 : set == Isa::avx2 ? HWY_AVX2 : HWY_AVX3;
}

static void hold_to(Isa most) {
  if (most == Isa::avx512) return;  // what lies beyond only adds to it
  // Not DisableTargets: whoever asks Highway 1.0 for the targets then gets the wider ones run
  // again.
  hwy::SetSupportedTargetsForTest(hwy::SupportedTargets() & ~(highway_target(most) - 1));
  dnnl_set_max_cpu_isa(most == Isa::sse4 ? dnnl_cpu_isa_sse41 : dnnl_cpu_isa_avx2);
}

/// Before main: Highway and oneDNN choose for good when they are first used.
static const bool held = [] {
  const char* name = std::getenv("TAPER_ISA");
  if (!name || !*name) return false;
  try {
    hold_to(isa_named(name));
  } catch (const Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    std::exit(2);
  }
  return true;
}();

Isa isa() {
  static const Isa widest = [] {
    int64_t targets = hwy::SupportedTargets();
    for (Isa set : {Isa::avx512, Isa::avx2})
      if (targets & (2 * highway_target(set) - 1)) return set;
    return Isa::sse4;
  }();
  return widest;
}

#else

Isa isa() { return Isa::sse4; }

#endif

}  // namespace taper::kernels
