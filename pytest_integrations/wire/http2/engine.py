"""The state machine of HTTP/2: h2's, without what a fake must decide by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from h2.stream import StreamInputs
from hpack.exceptions import HPACKError, OversizedHeaderListError
from hyperframe.exceptions import InvalidPaddingError
from hyperframe.frame import (
    DataFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from . import frames
from .sections import SectionDecoder, SectionEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h2.events import Event
    from hyperframe.frame import Frame

    from .fields import Pairs
    from .settings import Http2Settings

__all__ = ["Engine", "ProtocolError", "Withheld"]

Withheld = Literal["settings", "settings_ack", "ping_ack", "window_update"]

_LEAST_WINDOW = 65535
"""What a client may send on a stream before it has seen our SETTINGS, whatever is in them."""
_NO_LIMIT = 2**31 - 1


_END_STREAM, _END_HEADERS = 1, 4


def _say(frame: Frame) -> str:
    return f"a frame on stream {frame.stream_id}"


def _quiet(*kinds: type[Frame]) -> dict[type[Frame], type[Frame]]:
    return {kind: type(f"Quiet{kind.__name__}", (kind,), {"__repr__": _say}) for kind in kinds}


_QUIET = _quiet(DataFrame, HeadersFrame, WindowUpdateFrame)
"""Frames that do not say what is in them: h2 asks each for that, for a log that nobody reads."""


class Engine(H2Connection):
    """One server's connection, or, at the other end, one client's.

    It differs from h2's in these ways: events are had frame by frame, so that those before a broken frame are not
    lost; the client's GOAWAY does not end the streams that are open; acknowledgements can be withheld; SETTINGS are
    not sent by itself, and too many streams are no error of the connection; header fields are raw bytes, neither
    checked nor changed; and `put_headers` and `put_data` do what `send_headers` and `send_data` do, in a third of
    the time.
    """

    def __init__(self, settings: Http2Settings, withheld: set[Withheld], *, is_client: bool = False) -> None:
        """Begin a connection with these *settings*, which somebody else tells the client; a client tells its own.

        What is *withheld*, at the time, is not sent.
        """
        config = H2Configuration(
            client_side=is_client,
            header_encoding=False,
            validate_inbound_headers=False,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        super().__init__(config)
        self.local_settings: Settings = Settings(
            client=is_client,
            initial_values={
                **({SettingCodes.ENABLE_PUSH: 0} if is_client else {}),
                SettingCodes.MAX_CONCURRENT_STREAMS: _NO_LIMIT,
                SettingCodes.INITIAL_WINDOW_SIZE: max(_LEAST_WINDOW, settings.stream_window),
                SettingCodes.MAX_HEADER_LIST_SIZE: settings.max_headers,
                SettingCodes.MAX_FRAME_SIZE: settings.max_frame,
            },
        )
        self.max_inbound_frame_size: int = settings.max_frame
        self.encoder: SectionEncoder = SectionEncoder()
        self.decoder: SectionDecoder = SectionDecoder()
        self.decoder.max_header_list_size = 2 * settings.max_headers
        self._withheld = withheld
        self.idle_frames: int = 0
        """How many frames came in since the last one that has anything to do with a request."""
        table = self._frame_dispatch_table
        table.update({quiet: table[kind] for kind, quiet in _QUIET.items()})
        self.initiate_connection()
        if not is_client:
            self.clear_outbound_data_buffer()

    def events(self, data: bytes) -> Iterator[Event]:
        """Take *data* and yield what it means, frame by frame; raises `ProtocolError`, with GOAWAY ready to be sent."""
        try:
            self.incoming_buffer.add_data(data)
            self.incoming_buffer.max_frame_size = self.max_inbound_frame_size
            for frame in self.incoming_buffer:
                self._count(frame)
                if isinstance(frame, GoAwayFrame):
                    continue
                frame.__class__ = _QUIET.get(type(frame), type(frame))
                events = self._receive_frame(frame)
                yield from events
                if isinstance(frame, RstStreamFrame) and not events:  # of an answer that is ready, if not all out
                    yield StreamReset(stream_id=frame.stream_id, error_code=frame.error_code)
        except InvalidPaddingError as error:
            self.end(ErrorCodes.PROTOCOL_ERROR)
            raise ProtocolError(str(error)) from error
        except ProtocolError as error:
            cause = error.__cause__
            is_unreadable = isinstance(cause, HPACKError) and not isinstance(cause, OversizedHeaderListError)
            self.end(ErrorCodes.COMPRESSION_ERROR if is_unreadable else error.error_code)
            raise

    def _count(self, frame: Frame) -> None:
        is_useful = isinstance(frame, HeadersFrame) or (isinstance(frame, DataFrame) and frame.data)
        self.idle_frames = 0 if is_useful else self.idle_frames + 1

    def put_headers(self, stream_id: int, fields: Pairs, *, end: bool) -> None:
        """Have HEADERS with *fields* sent: an interim answer (1xx), the head of an answer, or with *end* the last."""
        machine = self._get_stream_by_id(stream_id).state_machine
        is_interim = fields[:1] and fields[0][0] == b":status" and fields[0][1][:1] == b"1"
        machine.process_input(StreamInputs.SEND_INFORMATIONAL_HEADERS if is_interim else StreamInputs.SEND_HEADERS)
        if end:
            machine.process_input(StreamInputs.SEND_END_STREAM)
        section = self.encoder.section(fields)
        most = self.max_outbound_frame_size
        kind, flags = frames.HEADERS, _END_STREAM * end
        for start in range(0, len(section) or 1, most):
            is_last = start + most >= len(section)
            part = section[start : start + most]
            self._data_to_send += frames.frame(kind, flags | _END_HEADERS * is_last, stream_id, part)
            kind, flags = frames.CONTINUATION, 0

    def put_data(self, stream_id: int, data: memoryview, *, end: bool) -> None:
        """Have one DATA frame sent: no more than `local_flow_control_window` and `max_outbound_frame_size` allow."""
        stream = self._get_stream_by_id(stream_id)
        stream.state_machine.process_input(StreamInputs.SEND_DATA)
        if end:
            stream.state_machine.process_input(StreamInputs.SEND_END_STREAM)
        size = len(data)
        stream.outbound_flow_control_window -= size
        self.outbound_flow_control_window -= size
        self._data_to_send += frames.head(size, frames.DATA, _END_STREAM * end, stream_id)
        self._data_to_send += data

    def end(self, code: ErrorCodes) -> None:
        """Have GOAWAY with *code* sent; nothing is read or sent after that."""
        self._terminate_connection(code)

    def _receive_ping_frame(self, frame: PingFrame) -> tuple[list[Frame], list[Event]]:
        frames, events = super()._receive_ping_frame(frame)
        return [] if "ping_ack" in self._withheld else frames, events

    def _receive_settings_frame(self, frame: SettingsFrame) -> tuple[list[Frame], list[Event]]:
        frames, events = super()._receive_settings_frame(frame)
        return [] if "settings_ack" in self._withheld else frames, events
