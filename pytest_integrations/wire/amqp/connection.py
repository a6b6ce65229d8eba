"""One AMQP connection: frames in, calls into the ledger, commands to the broker, answers and faults out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import methods
from .channel import Channel
from .execution import Asked, Execution
from .frames import GREETING, HEARTBEAT, METHOD, BadGreeting, FrameReader
from .handshake import Handshake
from .heartbeat import Heartbeat
from .outbox import Outbox
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pamqp.base import Frame as Method

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.queue_call import Kind, QueueCall
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.loop import Loop, Timer
    from pytest_integrations.wire.transport import Transport

    from .channel import Content
    from .frames import Frame
    from .handshake import State
    from .service import AmqpService, Link

__all__ = ["AmqpProtocol"]

_PATIENCE = 10.0
"""Seconds until a client that we have closed must have said that it knows."""
_UNREAD_MAX = 4 * 1024 * 1024
"""Bytes from a client that has to wait; beyond, no more are read."""
_SILENT = frozenset({"Connection.CloseOk", "Connection.TuneOk", "Channel.CloseOk", "Channel.FlowOk", "Basic.CancelOk"})
"""Methods that only say that the client knows; they are no calls."""


class AmqpProtocol:
    """Serves one connection; commands are carried out one after the other, in the order in which they came."""

    transport: Transport

    def __init__(self, loop: Loop, service: AmqpService, connection: Connection) -> None:
        """Serve *connection* for *service*."""
        self.loop: Loop = loop
        self.service: AmqpService = service
        self.connection: Connection = connection
        self.frame_max: int = service.frame_max
        self.state: State = "greeting"
        self.handshake: Handshake = Handshake(self, service)
        self._reader = FrameReader()
        self.outbox: Outbox = Outbox(loop, connection)
        self._channels: dict[int, Channel] = {}
        self._link: Link | None = None
        self._heartbeat: Heartbeat | None = None
        self._execution = Execution(self)
        self._timer: Timer | None = None
        self._is_paused = False

    # -- told by the transport

    def connection_made(self, transport: Transport) -> None:
        """The connection is there."""
        self.transport = transport
        self.outbox.open(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        self.connection.received += len(data)
        if self._heartbeat is not None:
            self._heartbeat.heard()
        self._reader.feed(data)
        self._read()
        if self._execution.is_busy and self._reader.waiting > _UNREAD_MAX:
            self._is_paused = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client has taken what had to wait."""

    def eof_received(self) -> None:
        """The client closed its side."""
        self.connection.closed_by = self.connection.closed_by or "client"

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over."""
        if self.connection.closed is None:
            self.connection.closed = self.service.ledger.now()
            self.connection.closed_by = self.connection.closed_by or ("client" if error else "fake")
        self._execution.abandon(by_client=self.connection.closed_by == "client")
        self.end("connection lost")

    # -- reading

    def _read(self) -> None:
        """Deal with all whole frames that may be dealt with now."""
        try:
            if self.state == "greeting" and not self.handshake.greet(self._reader):
                return
            while not self._execution.is_busy and self.state != "closed":
                frame = self._reader.next()
                if frame is None:
                    return
                self._receive(frame)
        except BadGreeting:
            self.transport.write(GREETING)
            self.finish()
        except Refusal as refusal:
            self.refuse(refusal, 0, None)
            if self._reader.is_lost:
                self.finish()
            else:
                self.loop.call_soon(self._read)

    def _receive(self, frame: Frame) -> None:
        if frame.kind == HEARTBEAT:
            return
        if frame.channel == 0:
            if frame.kind != METHOD:
                raise Refusal(505, "expected method frame, got non method frame instead")
            self._receive_method(methods.parse(frame.payload))
        elif self.state == "open":
            self._receive_on_channel(frame)
        elif self.state != "closing":
            raise Refusal(504, "expected 'connection.open'")

    def _receive_method(self, method: Method) -> None:
        """Deal with a method about the connection itself."""
        name = method.name
        if name == "Connection.Close":
            self._ask(0, method, self._leave)
        elif name == "Connection.CloseOk":
            self.finish()
        elif self.state == "closing":
            return
        elif name == "Connection.StartOk" and self.state == "login":
            self.handshake.listen(method)
            self._ask(0, method, lambda _decision: self.handshake.log_in(method), "connect")
        elif name == "Connection.TuneOk" and self.state == "tune":
            self._tune(method)
        elif name == "Connection.Open" and self.state == "enter":
            vhost = str(method["virtual_host"])
            self._execution.begin(Asked(0, method, lambda _decision: self._enter(vhost), "connect", vhost))
        elif name == "Connection.UpdateSecret":
            self._ask(0, method, lambda _decision: self.send(methods.method(0, 10, 71)))
        else:
            self.refuse(Refusal(503, f"unexpected method {methods.spoken(method)}"), 0, method)

    def _ask(
        self, channel: int, method: Method, run: Callable[[Decision | None], object], kind: Kind = "other"
    ) -> None:
        self._execution.begin(Asked(channel, method, run, kind))

    def _receive_on_channel(self, frame: Frame) -> None:
        channel = self._channels.get(frame.channel)
        if channel is None:
            self._open_channel(frame)
            return
        if channel.is_closing:
            self._receive_while_closing(channel, frame)
            return
        try:
            command = channel.receive(frame)
        except Refusal as refusal:
            self.refuse(refusal, channel.number, channel.method)
            return
        if command is not None:
            self._receive_command(channel, *command)

    def _receive_while_closing(self, channel: Channel, frame: Frame) -> None:
        """Hear nothing but the end of a channel that we have closed."""
        name = methods.parse(frame.payload).name if frame.kind == METHOD else ""
        if name in {"Channel.CloseOk", "Channel.Close"}:
            del self._channels[channel.number]
        if name == "Channel.Close":
            self.send(methods.method(channel.number, 20, 41))

    def _open_channel(self, frame: Frame) -> None:
        method = methods.parse(frame.payload) if frame.kind == METHOD else None
        if method is not None and method.name in {"Channel.Close", "Channel.CloseOk"}:
            if method.name == "Channel.Close":
                self.send(methods.method(frame.channel, 20, 41))
        elif method is None or method.name != "Channel.Open":
            raise Refusal(504, "expected 'channel.open'")
        elif frame.channel > (limit := self.handshake.channel_max):
            raise Refusal(530, f"number of channels opened ({limit}) has reached the negotiated channel_max ({limit})")
        else:
            self._ask(frame.channel, method, lambda _decision: self._begin_channel(frame.channel), "connect")

    def _begin_channel(self, number: int) -> None:
        if self._link is not None:
            self._channels[number] = Channel(number, self._link.open_channel(number), self.service.max_body)
            self.send(methods.method(number, 20, 11, methods.long(0)))

    def _receive_command(self, channel: Channel, method: Method, content: Content | None) -> None:
        name = method.name
        if name == "Channel.Open":
            self.refuse(Refusal(504, "second 'channel.open' seen"), channel.number, method)
        elif name == "Channel.Close":
            self._ask(channel.number, method, lambda _decision: self._close_channel(channel))
        elif name not in _SILENT:
            kind, queue = channel.session.concerns(method)
            run = partial(channel.session.execute, method, content)
            body = content.body if content is not None else b""
            self._execution.begin(Asked(channel.number, method, run, kind, queue, body))

    def _close_channel(self, channel: Channel) -> None:
        self._channels.pop(channel.number, None)
        channel.session.close("channel closed")
        self.send(methods.method(channel.number, 20, 41))

    def _tune(self, method: Method) -> None:
        try:
            heartbeat = self.handshake.tune(method)
        except Refusal as refusal:
            self.refuse(refusal, 0, method)
            return
        self.frame_max = self._reader.frame_max = self.handshake.frame_max
        if heartbeat:
            self._heartbeat = Heartbeat(self.loop, heartbeat, send=self.send, missed=self._give_up)

    def _enter(self, vhost: str) -> None:
        self._link = self.service.enter(self, self.handshake.user, vhost)
        self.state = "open"
        self.send(methods.method(0, 10, 41, methods.shortstr("")))

    def knows(self, capability: str) -> bool:
        """Tell whether the client said that it has this *capability*."""
        return self.handshake.capabilities.get(capability) is True

    # -- what goes wrong

    def suffer(self, call: QueueCall, decision: Decision, run: Callable[[], object]) -> None:
        """Send a delivery as its fault wants it."""
        self._execution.suffer(call, decision, run)

    def unblock(self) -> None:
        """Take the publication that had to wait, if one had."""
        self._execution.unblock()

    def fall_silent(self) -> None:
        """Send no heartbeats any more."""
        if self._heartbeat is not None:
            self._heartbeat.fall_silent()

    def exchange_done(self, *, keep: bool) -> None:
        """Go on after what a fault has sent, or hear and say no more."""
        self._execution.exchange_done()
        if keep:
            self.outbox.release()
            self.go_on()
        else:
            self.outbox.drop()
            self.end("connection lost")

    def go_on(self) -> None:
        """Deal with what came in meanwhile, or end where the client has left."""
        if self.state == "closed":
            self.finish()
            return
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()
        self.loop.call_soon(self._read)

    # -- writing and ending

    def send(self, data: bytes) -> None:
        """Send whole frames, at the end of the present turn."""
        self.outbox.send(data)

    def when_sent(self, action: Callable[[], object]) -> None:
        """Do something as what was sent goes out."""
        self.outbox.when_sent(action)

    def refuse(self, refusal: Refusal, channel: int, method: Method | None) -> None:
        """Close the channel or the connection, and tell the client why."""
        if self.state in {"closing", "closed"}:
            return
        reason = methods.short(refusal.code), methods.shortstr(refusal.text), *map(methods.short, methods.about(method))
        found = self._channels.get(channel)
        if refusal.ends == "channel" and found is not None:
            found.is_closing = True
            found.session.close("channel closed")
            self.send(methods.method(channel, 20, 40, *reason))
            return
        if self.state == "login" and not self.knows("authentication_failure_close"):
            self.finish()
            return
        self.send(methods.method(0, 10, 50, *reason))
        self.end("connection closed")
        self.state = "closing"
        self._timer = self.loop.call_later(_PATIENCE, self.finish)

    def _leave(self, _decision: Decision | None) -> None:
        """Let the client close the connection, as it asks to."""
        self.connection.closed_by = self.connection.closed_by or "client"
        self.end("connection closed")
        self.send(methods.method(0, 10, 51))

    def _give_up(self) -> None:
        """Close without a word: the client has been silent for too long."""
        self.closes_itself()
        self.transport.drop()

    def finish(self) -> None:
        """End the connection with what waits and a FIN."""
        self.outbox.flush()
        self.closes_itself()
        self.end("connection closed")
        self.transport.finish()

    def closes_itself(self) -> None:
        """Record that the connection ends now, by our own doing unless the client has asked for it."""
        if self.connection.closed is None:
            self.connection.closed_by = self.connection.closed_by or "fake"
            self.connection.closed = self.service.ledger.now()

    def end(self, why: str) -> None:
        """End everything that stands on the connection; harmless when that has happened."""
        self.state = "closed"
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._timer is not None:
            self._timer.cancel()
        for channel in tuple(self._channels.values()):
            if not channel.is_closing:
                channel.session.close(why)
        self._channels.clear()
        link, self._link = self._link, None
        if link is not None:
            link.close()
