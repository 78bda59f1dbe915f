//! What is known of a request afterwards: a count, a time and a line in the log.
//!
//! The route is the template, never the path, and no header, parameter or address is written down: nothing here
//! can hold personal data.

use std::{sync::Arc, time::Instant};

use http::{Method, StatusCode};

use crate::metrics::{REQUEST_DURATION, REQUESTS};

/// Counts a request when it is dropped, which is when its response has been sent.
#[derive(Debug)]
pub(crate) struct Observed {
    begun: Instant,
    method: &'static str,
    route: Route,
    status: StatusCode,
    request_id: Arc<str>,
    log: bool,
}

/// What a request was for.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// A page of the edge itself, or nothing at all.
    Fixed(&'static str),
    /// A template or an RPC.
    Of(Arc<str>),
}

impl Route {
    fn label(&self) -> metrics::SharedString {
        match self {
            Self::Fixed(text) => metrics::SharedString::const_str(text),
            Self::Of(text) => metrics::SharedString::from_shared(Arc::clone(text)),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Of(text) => text,
        }
    }
}

impl Observed {
    /// A request that has just begun.
    pub(crate) fn begin(method: &Method, request_id: Arc<str>, log: bool) -> Self {
        // Methods are made up by clients; labels must not be.
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PATCH => "PATCH",
            Method::PUT => "PUT",
            Method::DELETE => "DELETE",
            Method::HEAD => "HEAD",
            Method::OPTIONS => "OPTIONS",
            _ => "OTHER",
        };
        Self { begun: Instant::now(), method, route: Route::Fixed("none"), status: StatusCode::OK, request_id, log }
    }

    /// What the request is for.
    pub(crate) fn is_for(&mut self, route: Route) {
        self.route = route;
    }

    /// How it was answered.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = status;
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        metrics::histogram!(REQUEST_DURATION, "method" => self.method, "route" => self.route.label())
            .record(took.as_secs_f64());
        metrics::counter!(
            REQUESTS,
            "method" => self.method, "route" => self.route.label(), "status" => status_label(self.status)
        )
        .increment(1);
        if self.log {
            tracing::info!(
                target: "access",
                duration_ms = took.as_secs_f64() * 1_000.0,
                request.id = &*self.request_id,
                http.method = self.method,
                http.route = self.route.as_str(),
                http.status = self.status.as_u16(),
                "request answered"
            );
        }
    }
}

fn status_label(status: StatusCode) -> metrics::SharedString {
    match status.as_u16() {
        200 => metrics::SharedString::const_str("200"),
        304 => metrics::SharedString::const_str("304"),
        404 => metrics::SharedString::const_str("404"),
        other => metrics::SharedString::from_owned(other.to_string()),
    }
}
