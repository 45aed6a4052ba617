#pragma once

#include <cstdint>
#include <string_view>

namespace taper::kernels {

/// Instruction sets that kernels are compiled for, each with what those before it have.
enum class Isa : uint8_t { sse4, avx2, avx512 };

/// The widest one that the CPU has and that TAPER_ISA allows; Highway and oneDNN keep to it too.
Isa isa();

/// The set of that name; throws for others.
Isa isa_named(std::string_view name);

}  // namespace taper::kernels
