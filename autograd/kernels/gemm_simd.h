#pragma once

#include "autograd/kernels/gemm.h"

namespace taper::kernels {

// Products in vectors, on the calling thread. Every element is summed in the same order, whatever
// rows and columns are asked for in one call.

/// Columns of a panel.
template <class T>
int64_t panel_columns();
/// Elements that the panels of a [inner, columns] matrix take.
template <class T>
int64_t panel_elements(int64_t inner, int64_t columns);
/// Copies b into panels, row by row, zeros behind the last one's columns.
template <class T>
void pack_panels(const Matrix<const T>& b, T* panels);

/// c = a b + start, for c.columns columns from `first` on of a matrix in panels; `first` begins a
/// panel, `columns` are all of the matrix.
template <class T>
void multiply_panels(const Matrix<const T>& a, const T* panels, int64_t columns, int64_t first,
                     const Matrix<T>& c, const Start<T>& start);

/// c = a b + start
template <class T>
void multiply_tiles(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,
                    const Start<T>& start);

/// The same, summed along vectors of a's rows and b's columns, whose strides must be 1: for a
/// product of few rows or columns.
template <class T>
void multiply_dots(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,
                   const Start<T>& start);

}  // namespace taper::kernels
