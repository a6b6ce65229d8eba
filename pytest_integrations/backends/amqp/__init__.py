"""An AMQP 0-9-1 broker that behaves as RabbitMQ does: its state, without sockets, and the fake that serves it."""
