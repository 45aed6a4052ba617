#pragma once

// Everything, for those who want one include.

#include <fmt/core.h>

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/function.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/tensor.h"
#include "autograd/viz/draw.h"
#include "nn/init/init.h"
#include "nn/io/save.h"
#include "nn/module.h"
#include "nn/optim/sgd.h"
#include "nn/train/progress.h"
