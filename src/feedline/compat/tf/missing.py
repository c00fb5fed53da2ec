"""What to say for a name that is not covered: what to use instead, or the nearest name that is covered."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from feedline.errors import nearest_name

_GRAPHS = "there are no graphs here: functions run as they are called"
_GRADIENTS = "take gradients with your Keras backend (jax.grad, torch.autograd)"
_KERAS = "use Keras"
_KERAS_OPS = "use keras.ops in models; NumPy takes tensors in pipelines"
_NUMPY = "use NumPy: it takes tensors"
_SCIPY = "use scipy.special: it takes tensors"
_DENSE = "make it dense first: tf.sparse.to_dense"
_RANDOM = "use tf.random.uniform or tf.random.normal; other distributions are in numpy.random"
_DEVICES = "set devices with your Keras backend: pipelines run on the CPU"
_QUANTIZED = "use tf.int8 or tf.uint8, and scale by yourself"
_ERRORS = "an error says by its class what it is: see feedline.errors"
_TRACEBACKS = "errors say the line in your code in any case"
_ITERATE = "use iter(dataset)"

_GROUPS = {
    "tf": {
        _GRAPHS: (
            "Graph Operation Session control_dependencies get_current_name_scope graph_util guarantee_const "
            "import_graph_def init_scope inside_function is_symbolic_tensor make_tensor_proto name_scope "
            "register_tensor_conversion_function variable_creator_scope xla mlir raw_ops load_library "
            "load_op_library types TypeSpec type_spec_from_value autodiff nondifferentiable_batch_function"
        ),
        _GRADIENTS: (
            "AggregationMethod IndexedSlices IndexedSlicesSpec RegisterGradient UnconnectedGradients "
            "custom_gradient grad_pass_through gradients hessians no_gradient recompute_grad"
        ),
        _KERAS: (
            "constant_initializer initializers losses metrics ones_initializer optimizers "
            "random_normal_initializer random_uniform_initializer zeros_initializer"
        ),
        _KERAS_OPS: (
            "approx_top_k conv conv2d_backprop_filter_v2 conv2d_backprop_input_v2 batch_to_space space_to_batch "
            "space_to_batch_nd required_space_to_batch_paddings extract_volume_patches clip_by_global_norm"
        ),
        _NUMPY: (
            "bitcast bitwise broadcast_dynamic_shape broadcast_static_shape dynamic_stitch eig eigvals fftnd "
            "histogram_fixed_width histogram_fixed_width_bins ifftnd irfftnd make_ndarray numpy realdiv rfftnd "
            "scalar_mul sets shape_n truncatediv truncatemod unravel_index"
        ),
        _DEVICES: "DeviceSpec config check_pinned dtensor tpu",
        _QUANTIZED: "qint16 qint32 qint8 quantization quint16 quint8",
        "use keras.Variable": "Variable VariableAggregation VariableSynchronization CriticalSection",
        "train with model.fit, or take gradients with your Keras backend (jax.grad, torch.autograd)": "GradientTape",
        "use keras.layers.Layer": "Module",
        "use a Python list and tf.stack": "TensorArray TensorArraySpec parallel_stack",
        "use a Python loop, functools.reduce or itertools.accumulate": "foldl foldr scan",
        "use tf.data.experimental.Optional": "OptionalSpec",
        "None in a structure stays None": "NoneTensorSpec",
        "leave it out: pipelines run on the CPU": "device",
        "use keras.distribution, and Dataset.shard for the data": "distribute",
        "use a Keras model": "estimator",
        "use Keras preprocessing layers, or functions in Dataset.map": "feature_column",
        "use tf.matmul or NumPy: numpy.linalg takes tensors": "linalg",
        "export the model with Keras": "lite",
        "use a Python dict in Dataset.map, or keras.layers.StringLookup": "lookup",
        "use optree or keras.tree": "nest",
        "use keras.ops.nn in models; pipelines have tf.math and tf.image": "nn",
        "give the value itself": "placeholder identity_n tuple",
        "use Dataset.profile() and Dataset.explain()": "profiler",
        "use Dataset.prefetch": "queue",
        "use model.save or model.export of Keras": "saved_model",
        "use NumPy or SciPy: they take tensors": "signal",
        "use keras.callbacks.TensorBoard": "summary",
        "use tensor[a:b:c]": "strided_slice",
        "use ragged tensors: tf.ragged.constant, tf.RaggedTensor": (
            "ragged_fill_empty_rows ragged_fill_empty_rows_grad"
        ),
        "use Dataset.shuffle, or tf.random.shuffle": "random_index_shuffle",
        "use a Python function in Dataset.map": "edit_distance",
        "use scipy.linalg.sqrtm": "matrix_square_root",
        "use tf.strings.to_hash_bucket_fast": "fingerprint",
        "use pytest or unittest": "test",
        "use Python's logging": "get_logger",
        "use time.time()": "timestamp",
        "use feedline.__version__ or tf.__version__": "version sysconfig",
        "it is no part of pipelines": "experimental security tools resource variant",
    },
    "tf.audio": {
        "use SciPy: scipy.io.wavfile.write": "encode_wav",
    },
    "tf.autograph": {
        _GRAPHS: "set_verbosity to_code to_graph trace",
    },
    "tf.compat": {
        "write the code as in TensorFlow 2": "v1 v2",
        "use Python's types and str()": (
            "as_str_any bytes_or_text_types complex_types integral_types path_to_str real_types"
        ),
        "a length is an int, or None: shape[0]": "dimension_at_index dimension_value",
        "feedline has one version of each operation": "forward_compatibility_horizon forward_compatible",
    },
    "tf.data": {
        _ITERATE: "IteratorSpec make_initializable_iterator make_one_shot_iterator",
    },
    "tf.data.experimental": {
        "use Dataset.shard, one part for each worker": "SHARD_HINT service distributed_save",
        "use a Python dict in Dataset.map, or keras.layers.StringLookup": (
            "DatasetInitializer index_table_from_dataset table_from_dataset"
        ),
        "use the dataset itself: it can be pickled": "from_variant to_variant",
        "use Dataset.profile()": "get_model_proto",
        "use iterator.state_dict() and load_state_dict()": "make_saveable_from_iterator",
    },
    "tf.debugging": {
        _TRACEBACKS: "disable_traceback_filtering enable_traceback_filtering is_traceback_filtering_enabled",
        _DEVICES: "get_log_device_placement set_log_device_placement",
        "use tf.debugging.check_numerics": "disable_check_numerics enable_check_numerics",
        "use tf.debugging.assert_type": "assert_same_float_dtype",
        "use isinstance": "assert_proper_iterable",
        "use Dataset.profile() and Dataset.explain()": "experimental",
    },
    "tf.dtypes": {
        _QUANTIZED: "QUANTIZED_DTYPES qint16 qint32 qint8 quint16 quint8",
        "it is no dtype of components": "experimental resource variant",
    },
    "tf.errors": {
        _ERRORS: (
            "ABORTED ALREADY_EXISTS CANCELLED DATA_LOSS DEADLINE_EXCEEDED FAILED_PRECONDITION INTERNAL "
            "INVALID_ARGUMENT NOT_FOUND OK OUT_OF_RANGE PERMISSION_DENIED RESOURCE_EXHAUSTED UNAUTHENTICATED "
            "UNAVAILABLE UNIMPLEMENTED UNKNOWN"
        ),
        _GRAPHS: "OperatorNotAllowedInGraphError",
    },
    "tf.io": {
        "use tf.io.decode_npy(tf.io.read_file(name)), which feedline adds": "read_npy",
    },
    "tf.io.gfile": {
        "files are those of this machine": "get_registered_schemes",
    },
    "tf.math": {
        _KERAS_OPS: "approx_max_k approx_min_k in_top_k log_sigmoid log_softmax softmax softsign erfinv",
        _SCIPY: (
            "bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc digamma erf erfc erfcinv igamma igammac lbeta "
            "lgamma ndtri polygamma special xlog1py xlogy zeta"
        ),
        _NUMPY: (
            "cumulative_logsumexp invert_permutation is_non_decreasing is_strictly_increasing nextafter polyval "
            "reduce_euclidean_norm scalar_mul xdivy zero_fraction"
        ),
        "use tf.math.add_n": "accumulate_n",
        "use tf.math.divide_no_nan": "reciprocal_no_nan",
        "use sklearn.metrics.confusion_matrix": "confusion_matrix",
        "use scipy.stats.qmc.Sobol": "sobol_sample",
    },
    "tf.ragged": {
        "use keras.layers.HashedCrossing": "cross cross_hashed",
    },
    "tf.random": {
        _RANDOM: (
            "categorical gamma poisson stateless_binomial stateless_categorical stateless_gamma "
            "stateless_parameterized_truncated_normal stateless_poisson stateless_truncated_normal"
        ),
        "random numbers follow from tf.random.set_seed, the epoch and the element": (
            "Algorithm Generator create_rng_state experimental fold_in get_global_generator set_global_generator split"
        ),
        "draw them with numpy.random": (
            "all_candidate_sampler fixed_unigram_candidate_sampler learned_unigram_candidate_sampler "
            "log_uniform_candidate_sampler uniform_candidate_sampler"
        ),
    },
    "tf.sparse": {
        _DENSE: (
            "add bincount concat expand_dims eye fill_empty_rows map_values mask maximum minimum reduce_max "
            "reduce_sum reset_shape reshape retain sampled_addmm segment_mean segment_sqrt_n segment_sum slice "
            "softmax sparse_dense_matmul split to_indicator transpose"
        ),
        "use keras.layers.HashedCrossing": "cross cross_hashed",
    },
    "tf.strings": {
        "use unicodedata.name of the characters": "unicode_script",
    },
    "tf.train": {
        "use model.save_weights": "Checkpoint Saver",
    },
}

INSTEAD = {
    f"{module}.{name}": instead
    for module, groups in _GROUPS.items()
    for instead, names in groups.items()
    for name in names.split()
}
"""What to use in place of names that are not covered."""


def missing_name(module: str, name: str, names: Iterable[str]) -> AttributeError:
    """Returns the error for a name that a module of `feedline.compat.tf` does not have.

    Args:
        module: the module as users write it ("tf.io").
        name: the name.
        names: those that it has.
    """
    if name.startswith("__"):
        return AttributeError(name)
    full = f"{module}.{name}"
    instead = INSTEAD.get(full)
    if instead is None and module in ("tf.io", "tf.image", "tf.train"):
        instead = importlib.import_module(f"feedline.{module[3:]}").INSTEAD.get(name)
    if instead is None:
        instead = _elsewhere(name)
    nearest = nearest_name(name, names)
    hint = f" Instead: {instead}." if instead else f" Did you mean {module}.{nearest}?" if nearest else ""
    return AttributeError(
        f"feedline.compat.tf does not cover {full}.{hint} docs/compat.md says what is covered.", name=name
    )


def _elsewhere(name: str) -> str | None:
    """Says which module has a name that is looked for in another one."""
    from feedline.compat.tf.coverage import MODULES

    for title, path in MODULES.items():
        if name in importlib.import_module(path).__all__:
            return f"use {title}.{name}"
    return None
