//! A service, built and ready to be called.

use std::sync::Arc;

use tonic::service::Routes;
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::{Context, Rpc, pipeline::Pipeline};

/// Why a service cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("build service {service}")]
pub struct BuildError {
    service: &'static str,
    misconfigured: bool,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl BuildError {
    /// For use with `map_err`: `BuildError::of("order")`.
    pub fn of<E: Into<Box<dyn std::error::Error + Send + Sync>>>(service: &'static str) -> impl Fn(E) -> Self {
        move |source| Self { service, misconfigured: false, source: source.into() }
    }

    /// As [`BuildError::of`], where a setting makes no sense.
    pub fn misconfigured<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        service: &'static str,
    ) -> impl Fn(E) -> Self {
        move |source| Self { service, misconfigured: true, source: source.into() }
    }

    /// Whether it takes another setting to build the service.
    #[must_use]
    pub fn is_misconfigured(&self) -> bool {
        self.misconfigured
    }
}

/// A service behind the pipeline, with its background work under way.
#[derive(Clone)]
pub struct Service {
    name: &'static str,
    rpc: Rpc,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Service {
    /// Puts the pipeline around the generated server of a service.
    #[must_use]
    pub fn new(context: &Context, routes: Routes) -> Self {
        let pipeline = Pipeline::new(
            routes.prepare(),
            Arc::clone(&context.contract),
            Arc::clone(&context.verifier),
            context.tasks.clone(),
        );
        Self { name: context.name, rpc: BoxCloneSyncService::new(pipeline.map_err(crate::health::infallible)) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where calls to it go, to be registered with [`crate::Calls::register`] or served on a port.
    #[must_use]
    pub fn rpc(&self) -> Rpc {
        self.rpc.clone()
    }
}
