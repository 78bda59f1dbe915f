//! The edge: REST transcoding, native gRPC, policy, OpenAPI. Knows descriptors, never a service.

mod percent;
mod router;
mod schema;
mod template;
#[cfg(test)]
mod testing;
mod transcode;
