//! The edge: REST transcoding, native gRPC, policy, OpenAPI. Knows descriptors, never a service.
