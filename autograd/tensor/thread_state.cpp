#include "autograd/tensor/thread_state.h"

namespace taper {

thread_local constinit ThreadState thread_state;

}  // namespace taper
