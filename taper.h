#pragma once

// Everything, for those who want one include.

#include <fmt/core.h>

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/function.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/kernels/winograd.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/tensor.h"
#include "autograd/viz/draw.h"
#include "nn/data/data_loader.h"
#include "nn/data/optdigits.h"
#include "nn/init/init.h"
#include "nn/io/save.h"
#include "nn/layers/activation.h"
#include "nn/layers/conv.h"
#include "nn/layers/flatten.h"
#include "nn/layers/linear.h"
#include "nn/layers/loss.h"
#include "nn/layers/pooling.h"
#include "nn/layers/sequential.h"
#include "nn/metrics/metrics.h"
#include "nn/module.h"
#include "nn/optim/sgd.h"
#include "nn/train/progress.h"
