"""librdkafka, as confluent-kafka brings it, and the part of it that is a cluster.

`rdkafka_mock.h` is exported from the library and not from the Python package; its functions are called by ctypes.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import IntegrationsError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KafkaUnavailable", "load"]

_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_SHORT, _LONG, _SIZE = ctypes.c_int16, ctypes.c_int32, ctypes.c_size_t

_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "rd_kafka_conf_new": (_POINTER, []),
    "rd_kafka_conf_set_log_cb": (None, [_POINTER, _POINTER]),
    "rd_kafka_new": (_POINTER, [_INT, _POINTER, _TEXT, _SIZE]),
    "rd_kafka_destroy": (None, [_POINTER]),
    "rd_kafka_poll": (_INT, [_POINTER, _INT]),
    "rd_kafka_mock_cluster_new": (_POINTER, [_POINTER, _INT]),
    "rd_kafka_mock_cluster_bootstraps": (_TEXT, [_POINTER]),
    "rd_kafka_mock_cluster_destroy": (None, [_POINTER]),
    "rd_kafka_mock_push_request_errors_array": (None, [_POINTER, _SHORT, _SIZE, _POINTER]),
    "rd_kafka_mock_clear_request_errors": (None, [_POINTER, _SHORT]),
    "rd_kafka_mock_topic_create": (_INT, [_POINTER, _TEXT, _INT, _INT]),
    "rd_kafka_mock_topic_set_error": (None, [_POINTER, _TEXT, _INT]),
    "rd_kafka_mock_partition_set_leader": (_INT, [_POINTER, _TEXT, _LONG, _LONG]),
    "rd_kafka_mock_broker_set_rtt": (_INT, [_POINTER, _LONG, _INT]),
    "rd_kafka_mock_broker_set_down": (_INT, [_POINTER, _LONG]),
    "rd_kafka_mock_broker_set_up": (_INT, [_POINTER, _LONG]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [_POINTER, _LONG]),
    "rd_kafka_mock_start_request_tracking": (None, [_POINTER]),
    "rd_kafka_mock_stop_request_tracking": (None, [_POINTER]),
    "rd_kafka_mock_get_requests": (ctypes.POINTER(_POINTER), [_POINTER, ctypes.POINTER(_SIZE)]),
    "rd_kafka_mock_request_id": (_LONG, [_POINTER]),
    "rd_kafka_mock_request_api_key": (_SHORT, [_POINTER]),
    "rd_kafka_mock_request_timestamp": (ctypes.c_int64, [_POINTER]),
    "rd_kafka_mock_request_destroy_array": (None, [_POINTER, _SIZE]),
}
_PLACES = (
    "confluent_kafka.libs/librdkafka*",  # wheels for Linux and Windows
    "confluent_kafka/.dylibs/librdkafka*",  # wheels for macOS
)
_WAY_OUT = "install a wheel of confluent-kafka, 2.5 or newer: pip install 'pytest-integrations[kafka]'"


class KafkaUnavailable(IntegrationsError):
    """There is no cluster to be had here; the message says why, and the way out."""


@cache
def load() -> Any:
    """Return the library that confluent-kafka uses, with the types of its functions; raises `KafkaUnavailable`."""
    spec = find_spec("confluent_kafka")
    if spec is None or not spec.submodule_search_locations:
        msg = f"the Kafka fake lives in the wheel of confluent-kafka, which is not installed: {_WAY_OUT}"
        raise KafkaUnavailable(msg)
    tried = []
    for path in _candidates(Path(spec.submodule_search_locations[0]).parent):
        tried.append(path)
        try:
            return _typed(ctypes.CDLL(path))
        except (OSError, AttributeError) as error:
            tried[-1] = f"{path} ({error})"
    msg = (
        f"no librdkafka with a mock cluster was found; tried: {', '.join(tried) or 'nothing'}. The way out: {_WAY_OUT}"
    )
    raise KafkaUnavailable(msg)


def _candidates(site: Path) -> Iterator[str]:
    for place in _PLACES:
        yield from sorted(map(str, site.glob(place)))
    shared = ctypes.util.find_library("rdkafka")  # which confluent-kafka uses where it was built from source
    if shared is not None:
        yield shared


def _typed(library: Any) -> Any:
    """Return *library* with its functions declared; raises AttributeError if one is missing."""
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
