"""Equations as an ONNX graph: they are called with `Traced` values in place of arrays, and every
operation becomes a node.

So a cell is exported by the equations that are tested (cells/), and a new one needs no line here
unless it uses an operation that no cell has used yet. Only this module imports the package onnx.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from charrnn.errors import UsageError

Array: TypeAlias = npt.NDArray[Any]
Shape: TypeAlias = tuple[int | None, ...]  # None: the batch
OPSET, IR_VERSION = 17, 8  # what runtimes of 2022 can read
MAX_BYTES = 2_000_000_000  # protobuf ends at 2 GiB
_FUNCTIONS = {"tanh": "Tanh", "exp": "Exp", "maximum": "Max"}


def require_onnx() -> None:
    """Raise `UsageError` if the package onnx is not installed."""
    try:
        import onnx as onnx
    except ImportError as error:
        message = "an .onnx file needs the package onnx"
        raise UsageError(message, "install it: pip install 'charrnn[onnx]'") from error


class Graph:
    """Nodes and constants, in the order in which they are made."""

    def __init__(self) -> None:
        require_onnx()
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._num_bytes = 0

    def input(self, name: str, dtype: npt.DTypeLike, shape: Shape) -> "Traced":
        """Return an input."""
        self._inputs.append(_declared(name, dtype, shape))
        return Traced(self, name, shape, np.dtype(dtype))

    def output(self, name: str, value: "Traced") -> None:
        """Make a value an output."""
        self.node("Identity", [value], value.shape, name=name)
        self._outputs.append(_declared(name, value.dtype, value.shape))

    def constant(self, array: Array) -> "Traced":
        """Return a constant, of float32 if the array is of floats, else of int32."""
        from onnx import numpy_helper

        array = np.array(array, np.float32 if array.dtype.kind == "f" else np.int32, order="C")
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        self._num_bytes += array.nbytes
        return Traced(self, name, array.shape, array.dtype)

    def node(
        self,
        operation: str,
        values: "Sequence[Traced | Array | float]",
        shape: Shape,
        *,
        name: str = "",
        **attributes: Any,
    ) -> "Traced":
        """Return what an operation makes of some values. The result has that shape, and the type of
        the first value; a comparison counts as int32, since it only serves to choose.
        """
        from onnx import helper

        name = name or f"{operation.lower()}_{len(self._nodes)}"
        traced = [
            value if isinstance(value, Traced) else self.constant(np.asarray(value))
            for value in values
        ]
        inputs = [value.name for value in traced]
        self._nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        return Traced(self, name, shape, traced[0].dtype)

    def serialized(self, *, name: str, about: str, facts: Mapping[str, str]) -> bytes:
        """Return the file, checked by onnx; `facts` are its metadata.

        Raises `UsageError` for more than protobuf can hold.
        """
        from onnx import checker, helper

        if self._num_bytes > MAX_BYTES:
            size = f"{self._num_bytes / 1e9:.1f} GB"
            raise UsageError(f"{size} are too much for an .onnx file", "it holds 2 GB at most")
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, initializer=self._constants
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="charrnn",
            doc_string=about,
        )
        helper.set_model_props(model, dict(facts))
        checker.check_model(model, full_check=True)
        data: bytes = model.SerializeToString()
        return data


def _declared(name: str, dtype: npt.DTypeLike, shape: Shape) -> Any:
    from onnx import helper

    sizes = ["batch" if size is None else size for size in shape]
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, sizes)


class Traced:
    """A value that will be there when the graph is run; equations use it as an array."""

    __array_ufunc__ = None  # numpy leaves `array + traced` to it

    def __init__(self, graph: Graph, name: str, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.graph, self.name, self.shape, self.dtype = graph, name, shape, dtype

    @property
    def T(self) -> "Traced":
        """The matrix with rows and columns exchanged."""
        return self.graph.node("Transpose", [self], self.shape[::-1])

    def __matmul__(self, other: Array) -> "Traced":
        return self.graph.node("MatMul", [self, other], (*self.shape[:-1], *other.shape[1:]))

    def __add__(self, other: Any) -> "Traced":
        return self._elementwise("Add", self, other)

    def __radd__(self, other: Any) -> "Traced":
        return self._elementwise("Add", other, self)

    def __sub__(self, other: Any) -> "Traced":
        return self._elementwise("Sub", self, other)

    def __rsub__(self, other: Any) -> "Traced":
        return self._elementwise("Sub", other, self)

    def __mul__(self, other: Any) -> "Traced":
        return self._elementwise("Mul", self, other)

    def __rmul__(self, other: Any) -> "Traced":
        return self._elementwise("Mul", other, self)

    def __getitem__(self, key: tuple[slice, slice]) -> "Traced":
        """Return some columns: `value[:, first:end]`."""
        rows, columns = key
        assert rows == slice(None)
        first, end, step = columns.indices(int(self.shape[1] or 0))
        assert step == 1
        bounds = [np.array([number]) for number in (first, end, 1)]
        return self.graph.node("Slice", [self, *bounds], (self.shape[0], end - first))

    def _elementwise(self, operation: str, *values: Any) -> "Traced":
        """Apply an operation to each element; a plain number becomes one of this type."""
        typed = [
            np.array(value, self.dtype) if isinstance(value, int | float) else value
            for value in values
        ]
        return self.graph.node(operation, typed, _broadcast(*values))


def _broadcast(*values: Any) -> Shape:
    """Return the shape of what an operation on each element gives."""
    shapes = [getattr(value, "shape", ()) for value in values]
    rank = max(map(len, shapes))
    padded = ((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes)
    return tuple(
        next((size for size in sizes if size != 1), 1) for sizes in zip(*padded, strict=True)
    )


class TracedMath:
    """What equations take from numpy or torch, as nodes of a graph: their `xp`."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def concatenate(self, values: "Sequence[Traced]", axis: int) -> Traced:
        """Put matrices beside each other; `axis` is their last."""
        columns = sum(int(value.shape[1] or 0) for value in values)
        return self._graph.node("Concat", values, (values[0].shape[0], columns), axis=axis)

    def __getattr__(self, name: str) -> Any:
        """Return a function of each element. Raises `UsageError` for one that is not known."""
        if name not in _FUNCTIONS:
            raise UsageError(
                f"the equations of this cell need {name}, which no .onnx file has got yet",
                "add it to charrnn/export/onnx_graph.py",
            )

        def function(*values: Any) -> Traced:
            return self._graph.node(_FUNCTIONS[name], values, _broadcast(*values))

        return function
