#pragma once

namespace taper {

/// Whether 3x3 convolutions of float32 on the calling thread may use Winograd's algorithm where it
/// is faster: fewer products, an error of about ten times the direct sum's (docs/performance.md has
/// a table). An infinity or NaN in a tile makes its whole tile of outputs NaN, unlike the direct
/// sum. On by default; the environment variable TAPER_WINOGRAD=0 turns it off from the start.
bool winograd();
void set_winograd(bool on);

}  // namespace taper
