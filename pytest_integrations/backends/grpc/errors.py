"""What a callable of a test raises to be answered with a status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.grpc_details import rich_status
from pytest_integrations.core.grpc_metadata import metadata_pairs
from pytest_integrations.core.grpc_status import check_text, code_name, code_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.grpc_metadata import Metadata, MetadataLike

__all__ = ["GrpcError"]


class GrpcError(Exception):
    """A status other than OK, raised by a callable that answers, or given in the place of an answer.

    ```python
    from pytest_integrations.backends.grpc.errors import GrpcError

    def stock(request):
        if request.id == "o9":
            raise GrpcError("NOT_FOUND", "no such order")
        return {"id": request.id}
    ```
    """

    def __init__(
        self,
        code: Any,
        text: str = "",
        *,
        details: Iterable[Any] = (),
        trailing: MetadataLike = (),
    ) -> None:
        """Fail with the status *code* (a name, a number, a `grpc.StatusCode`) and *text*.

        *details* are protobuf messages, or pairs of a full name and bytes, sent as `grpc-status-details-bin`;
        *trailing* is metadata of the test's own.
        """
        __tracebackhide__ = True
        self.number: int = code_number(code)
        check_text(text)
        self.text: str = text
        pairs = metadata_pairs("trailing", trailing)
        details = tuple(details)
        if details:
            pairs = (*pairs, ("grpc-status-details-bin", rich_status(self.number, text, details)))
        self.trailing: Metadata = pairs
        super().__init__(f"{self.code}: {text}" if text else self.code)

    @property
    def code(self) -> str:
        """The name of the code."""
        return code_name(self.number)
