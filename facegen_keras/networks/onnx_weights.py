"""ONNX files of a quarter the size: weights in eight bits, which any runtime turns back as it loads them."""

import math

import numpy as np

LARGE = 256  # numbers from which a matrix or kernel is stored in eight bits
INT8 = 127
# Where a weight has its output channels: the operation that reads it, and as which input.
OUTPUT_AXES = {("Conv", 1): 0, ("ConvTranspose", 1): 1, ("MatMul", 1): -1}


def store_in_eight_bits(model):
    """Turn matrices and kernels of an ONNX model into int8, in place, with one scale for each output channel.

    A cast and a multiplication turn each back into float32. They depend on no input, so runtimes compute them once, as
    they load the file. The weights that are shipped are multiples of such scales, and come back as they were.

    Args:
        model: an `onnx.ModelProto`.
    """
    from onnx import TensorProto, helper, numpy_helper  # an extra: without it, the package must import

    readers = {
        name: OUTPUT_AXES.get((node.op_type, place))
        for node in model.graph.node
        for place, name in enumerate(node.input)
    }
    nodes = []
    for stored in list(model.graph.initializer):
        axis = readers.get(stored.name)
        if axis is None or stored.data_type != TensorProto.FLOAT or math.prod(stored.dims) < LARGE:
            continue
        weight = numpy_helper.to_array(stored)
        others = tuple(place for place in range(weight.ndim) if place != axis % weight.ndim)
        largest = np.abs(weight).max(axis=others, keepdims=True)
        scale = np.where(largest > 0, largest, 1).astype(np.float32) / np.float32(INT8)
        name = stored.name
        model.graph.initializer.remove(stored)
        model.graph.initializer.append(
            numpy_helper.from_array(np.round(weight / scale).astype(np.int8), f"{name}_int8")
        )
        model.graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        nodes.append(helper.make_node("Cast", [f"{name}_int8"], [f"{name}_float"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name]))
    operations = [*nodes, *model.graph.node]  # each after what it reads
    del model.graph.node[:]
    model.graph.node.extend(operations)
