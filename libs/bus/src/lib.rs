//! At-least-once message bus: in process here, RabbitMQ behind the same seam.
